// Stream: frames of signing as they come -> signs as they end, as `slr_pose.recognition.stream` answers them.

import { best, segments } from "./decoding";
import { handsOf } from "./hands";
import { EDGES, EMBEDDING, READ, SHOWN, SIGNS, WHOLE, type Model } from "./model";
import type { Recognizer } from "./recognizer";
import type { Answer, Ranked, State } from "./timeline";

const TINY = 1e-9;

interface Window {
  first: number; // its samples since the beginning, from `first` up to `last`
  last: number;
  frames: Float32Array[];
  times: Float32Array;
}

interface Sign {
  start: number;
  end: number;
  glosses: Float64Array; // of its samples, added up: log-probabilities of the glosses,
  other: number; // the share of signing that is another sign,
  samples: number; // and how many samples there are
}

interface Look {
  sign: Sign;
  heads: Record<string, Float64Array>;
  whole: number; // how likely it is one whole sign,
  shown: number; // and one of those that were enrolled
  embedding: number[]; // what its gloss is told by; empty where the model gives none
}

export class Stream {
  private frames: Float32Array[] = []; // the last seconds
  private first = 0; // which frame the first of them is
  private read = 0; // samples, up to the last window's end
  private answered = 0; // samples, up to the last answer's end
  private last: Look | null = null; // at the sign that was answered last
  private readonly model: Model;
  private readonly glosses: number; // that reading knows, without those that were enrolled

  constructor(
    private readonly recognizer: Recognizer,
    private readonly fps: number,
  ) {
    this.model = recognizer.model;
    this.glosses = this.model.labels[READ].length;
  }

  /** What the sign that was answered last is told by. */
  get embedding(): number[] {
    return this.last?.embedding ?? [];
  }

  /** Take further frames, (joints * 4) each; the signs that have ended.
   *
   * A sign that goes on after a pause is answered again, from the same start.
   *
   * @param hurried of several windows that have become due, read the last one only
   */
  async push(frames: Float32Array[], hurried = false): Promise<Answer[]> {
    const { hop, window, rate } = this.model.reading;
    const answers: Answer[] = [];
    for (const frame of frames) this.frames.push(frame);
    const samples = this.samples();
    for (let last = this.read + hop; last <= samples; last += hop) {
      this.read = last;
      if (!hurried || last + hop > samples) answers.push(...(await this.answers(this.windowUpTo(last), false)));
    }
    const oldest = Math.floor((Math.max(0, this.read - window) / rate) * this.fps);
    this.frames.splice(0, Math.max(0, oldest - this.first));
    this.first = Math.max(this.first, oldest);
    return answers;
  }

  /** The signs that end with the last frame. */
  async finish(): Promise<Answer[]> {
    const samples = this.samples();
    return samples > 1 ? this.answers(this.windowUpTo(samples), true) : [];
  }

  /** How many samples lie within the frames that have come. */
  private samples(): number {
    const last = this.first + this.frames.length - 1;
    return last >= 0 ? Math.floor((last / this.fps) * this.model.reading.rate + 1e-6) + 1 : 0;
  }

  private windowUpTo(last: number): Window {
    const { window, rate } = this.model.reading;
    const first = Math.max(0, last - window);
    const at = (sample: number) => (sample / rate) * this.fps; // in frames since the beginning
    const begin = Math.floor(at(first));
    const end = Math.ceil(at(last - 1) - 1e-6) + 1;
    const times = Float32Array.from({ length: last - first }, (_, number) => at(first + number) - begin);
    return { first, last, frames: this.frames.slice(begin - this.first, end - this.first), times };
  }

  /** The signs of a window that nobody has answered, and that are over. */
  private async answers(window: Window, isLast: boolean): Promise<Answer[]> {
    const found = await this.recognizer.run(window.frames, window.times);
    const classes = this.glosses + 2;
    const skipped = Math.max(0, this.answered - window.first);
    const signs = found[SIGNS].subarray(skipped * classes);
    const edges = this.model.names ? found[EDGES].subarray(skipped * 2) : null;
    const { ended, goingOn } = segments(signs, edges, classes, this.glosses, this.model.reading);
    if (goingOn && isLast) ended.push(goingOn);
    const answers: Answer[] = [];
    for (const segment of ended) {
      const [start, end] = [segment.start + skipped, segment.end + skipped].map((sample) => window.first + sample);
      if (isLast || end <= window.last - this.model.reading.later) {
        const told = signs.subarray(segment.start * classes, segment.end * classes);
        answers.push(await this.answer(window, { start, end, ...this.told(told) }));
        this.answered = end;
      }
    }
    return answers;
  }

  /** Of the samples of a sign, added up. */
  private told(signs: Float32Array): Omit<Sign, "start" | "end"> {
    const [classes, samples] = [this.glosses + 2, signs.length / (this.glosses + 2)];
    const glosses = new Float64Array(this.glosses);
    let other = 0;
    for (let sample = 0; sample < samples; sample++) {
      const at = signs.subarray(sample * classes, (sample + 1) * classes);
      for (let gloss = 0; gloss < this.glosses; gloss++) glosses[gloss] += Math.log(Math.max(at[gloss], TINY));
      other += Math.min(1, Math.max(0, at[this.glosses + 1] / Math.max(1 - at[this.glosses], TINY)));
    }
    return { glosses, other, samples };
  }

  /** What a sign is, or that the sign before it has gone on after a pause. */
  private async answer(window: Window, found: Sign): Promise<Answer> {
    const { rate, longest_pause, known } = this.model.reading;
    let look = await this.lookAt(window, found);
    const before = this.last;
    if (before && found.start - before.sign.end <= longest_pause * rate) {
      const odds = this.goesOn(before, look);
      if (odds >= 0) {
        // looking at both makes it no likelier
        const both = await this.lookAt(window, joined(before.sign, found));
        if (odds + Math.log(Math.max(both.whole, TINY)) >= 0) look = both;
      }
    }
    this.last = look;
    const { sign, heads } = look;
    const likely = 1 - sign.other / sign.samples;
    const isKnown = Math.max(likely, look.shown) >= known;
    const hands = handsOf(this.model.skeleton, framesOf(window, sign), this.model.reading);
    const answer: Answer = {};
    for (const [head, labels] of Object.entries(this.recognizer.labels)) {
      const isRead = head === READ;
      const ranked = labels
        .map((label, number) => ({
          label,
          probability: heads[head][number] * (isRead && number < this.glosses ? likely : 1),
        }))
        .sort((one, other) => other.probability - one.probability);
      answer[head] = {
        start: sign.start / rate,
        end: sign.end / rate,
        state: isKnown ? this.state(isRead ? SIGNS : head, ranked[0]) : "unknown",
        ...(isRead && hands.length ? { hands } : {}),
        labels: ranked,
      };
    }
    return answer;
  }

  /** How far an answer is to be trusted. Of a sign that was enrolled nobody knows. */
  private state(head: string, { label, probability }: Ranked): State {
    const threshold = this.model.thresholds[head];
    if (threshold === undefined || (head === SIGNS && !this.recognizer.isTrainedOn(label))) return "not measured";
    return probability >= threshold ? "sure" : "not sure";
  }

  /** Look at a sign as at a clip. */
  private async lookAt(window: Window, sign: Sign): Promise<Look> {
    const found = await this.recognizer.look(framesOf(window, sign));
    const heads: Look["heads"] = Object.fromEntries(
      Object.keys(this.model.labels).map((head) => [head, Float64Array.from(found[head])]),
    );
    heads[READ] = this.together(meanOf(sign), heads[READ]);
    return {
      sign,
      heads,
      whole: this.model.names ? found[WHOLE][0] : 1,
      shown: found[SHOWN]?.[0] ?? 0,
      embedding: [...(found[EMBEDDING] ?? [])],
    };
  }

  /** Log-odds that two signs are one, if both together look like one whole sign. */
  private goesOn(before: Look, after: Look): number {
    const logs = ({ sign, heads }: Look) =>
      this.glosses ? meanOf(sign) : heads[READ].map((share) => Math.log(Math.max(share, TINY)));
    const [first, second] = [logs(before), logs(after)];
    const both = first.map((log, gloss) => log + second[gloss]);
    return Math.max(...both) - Math.max(...first) - Math.max(...second) + this.model.reading.going_on;
  }

  /** What reading says of the glosses that it knows, as log-probabilities, and what looking at a clip says of these and of
   * those that were enrolled: probabilities. The latter are as looking says.
   *
   * Of glosses without times looking knows nothing: reading tells how likely each of these is.
   */
  private together(read: Float64Array, looked: Float64Array): Float64Array {
    const { timed } = this.model;
    if (!read.length) return looked;
    let both: Float64Array = fromLogs(read.map((log, gloss) => log + Math.log(Math.max(looked[gloss], TINY))));
    if (!timed.every(Boolean)) {
      const alone = fromLogs(read);
      const ofTimed = (values: Float64Array) => sum(values.filter((_, gloss) => timed[gloss]));
      const scale = ofTimed(alone) / Math.max(ofTimed(both), TINY);
      both = both.map((value, gloss) => (timed[gloss] ? value * scale : alone[gloss]));
    }
    const enrolled = looked.subarray(read.length);
    const share = (1 - sum(enrolled)) / sum(both);
    return Float64Array.from([...both.map((value) => value * share), ...enrolled]);
  }
}

/** Both, and what is between them, as one sign. */
function joined(before: Sign, after: Sign): Sign {
  return {
    start: before.start,
    end: after.end,
    glosses: before.glosses.map((log, gloss) => log + after.glosses[gloss]),
    other: before.other + after.other,
    samples: before.samples + after.samples,
  };
}

/** The mean log-probability of each gloss. */
const meanOf = (sign: Sign) => sign.glosses.map((log) => log / sign.samples);

/** The frames of a sign, as far back as the window goes. */
function framesOf(window: Window, sign: Sign): Float32Array[] {
  const first = Math.max(sign.start - window.first, 0);
  const last = sign.end - 1 - window.first;
  return window.frames.slice(toEven(window.times[first]), toEven(window.times[last]) + 1);
}

/** The nearest whole number, of two the even one, as Python rounds. */
function toEven(number: number): number {
  const below = Math.floor(number);
  if (number - below !== 0.5) return Math.round(number);
  return below % 2 ? below + 1 : below;
}

function fromLogs(logs: Float64Array): Float64Array {
  const most = logs[best(logs)];
  return logs.map((log) => Math.exp(log - most));
}

const sum = (numbers: Float64Array) => numbers.reduce((total, number) => total + number, 0);
