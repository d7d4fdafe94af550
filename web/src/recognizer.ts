// The model and the signs that it was shown since, together.

import { EMBEDDING, READ, SHOWN, type Model, type Prototype } from "./model";
import type { Outputs } from "./network";
import { Prototypes, withClip } from "./prototypes";

/** (frames, when to look at them, in frames) -> the values of each output. */
export interface Runs {
  run(frames: Float32Array[], times: Float32Array): Promise<Outputs>;
}

export class Recognizer {
  labels!: Record<string, string[]>; // what it tells apart, per head; of glosses those that it was trained on come first
  private prototypes!: Prototypes | null;

  constructor(
    readonly model: Model,
    private readonly network: Runs,
    private readonly shown: Prototype[] = [], // in this page
  ) {
    this.renew();
  }

  run(frames: Float32Array[], times: Float32Array): Promise<Outputs> {
    return this.network.run(frames, times);
  }

  /** The same of a clip of one sign, looked at in even steps from its first to its last frame. */
  async look(frames: Float32Array[]): Promise<Outputs> {
    const samples = this.model.samples;
    const step = (frames.length - 1) / (samples - 1);
    const found = await this.run(frames, Float32Array.from({ length: samples }, (_, number) => number * step));
    if (!this.prototypes) return found;
    const { shares, shown } = this.prototypes.together(found[READ], found[EMBEDDING]);
    return { ...found, [READ]: shares, [SHOWN]: Float32Array.of(shown) };
  }

  /** Whether it was trained on a gloss, and not only shown it. */
  isTrainedOn(gloss: string): boolean {
    return this.model.labels[READ].includes(gloss);
  }

  /** Show it a sign; what it was shown in this page. */
  enrol(gloss: string, embedding: number[]): Prototype[] {
    const place = this.shown.findIndex((prototype) => prototype.gloss === gloss);
    const before = place < 0 ? this.model.prototypes.find((prototype) => prototype.gloss === gloss) : this.shown[place];
    const after = withClip(before, gloss, embedding);
    if (place < 0) this.shown.push(after);
    else this.shown[place] = after;
    this.renew();
    return this.shown;
  }

  /** Let it forget what it was shown in this page. */
  forget(gloss: string): Prototype[] {
    const place = this.shown.findIndex((prototype) => prototype.gloss === gloss);
    if (place >= 0) this.shown.splice(place, 1);
    this.renew();
    return this.shown;
  }

  private renew(): void {
    const { model, shown } = this;
    const isNew = ({ gloss }: Prototype) => shown.every((prototype) => prototype.gloss !== gloss);
    const prototypes = model.centre.length ? new Prototypes(model, [...model.prototypes.filter(isNew), ...shown]) : null;
    this.prototypes = prototypes?.enrolled.length ? prototypes : null;
    this.labels = { ...model.labels, [READ]: [...model.labels[READ], ...(this.prototypes?.enrolled ?? [])] };
  }
}
