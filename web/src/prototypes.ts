// Signs that a model was shown, beside those that it was trained on, as `slr_pose.recognition.enrolment` tells them.

import { READ, type Model, type Prototype } from "./model";

export class Prototypes {
  readonly enrolled: string[]; // glosses
  private readonly centre: number[];
  private readonly at: number[][]; // of each gloss, those that were learnt first

  constructor(
    private readonly model: Model,
    prototypes: Prototype[],
  ) {
    const learnt = model.labels[READ];
    const known = new Map(prototypes.map((prototype) => [prototype.gloss, prototype]));
    this.enrolled = [...known.keys()].filter((gloss) => !learnt.includes(gloss));
    const found = [...learnt, ...this.enrolled].map((gloss) => known.get(gloss));
    const means = found.map((prototype) => prototype?.embedding ?? model.centre);
    const { centre, spread } = model.enrolment;
    this.centre = model.centre.map(
      (value, place) => (centre * value + sum(means.map((mean) => mean[place]))) / (centre + means.length),
    );
    this.at = means.map((mean, number) => {
      const clips = found[number]?.clips ?? 1;
      return this.direction(mean).map((value) => value / Math.sqrt(clips / (clips + spread)));
    });
  }

  /** What the head says of the glosses that were learnt, and an embedding -> probabilities of all; and how likely it is
   * that one of the enrolled signs is shown, and no sign that nobody knows. */
  together(named: Float32Array, embedding: Float32Array): { shares: Float32Array; shown: number } {
    const { scale, strange } = this.model.enrolment;
    const direction = this.direction([...embedding]);
    const logits = this.at.map((at) => scale * sum(at.map((value, place) => value * direction[place])));
    const greatest = Math.max(...logits);
    const odds = logits.map((logit) => Math.exp(logit - greatest));
    const enrolled = odds.slice(named.length).map((value) => value / sum(odds));
    const learnt = [...named].map((share) => share * (1 - sum(enrolled)));
    const nearest = Math.max(...logits.slice(named.length));
    const shown = 1 / (1 + Math.exp(scale * strange - nearest));
    return { shares: Float32Array.from([...learnt, ...enrolled]), shown };
  }

  private direction(embedding: number[]): number[] {
    const away = embedding.map((value, place) => value - this.centre[place]);
    const length = Math.max(Math.hypot(...away), 1e-6);
    return away.map((value) => value / length);
  }
}

/** A prototype with one clip more. */
export function withClip(before: Prototype | undefined, gloss: string, embedding: number[]): Prototype {
  if (!before) return { gloss, clips: 1, embedding };
  const { clips } = before;
  const mean = before.embedding.map((value, place) => (clips * value + embedding[place]) / (clips + 1));
  return { gloss, clips: clips + 1, embedding: mean };
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
