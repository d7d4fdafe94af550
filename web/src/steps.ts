// Frames at any times -> frames at an even pace.

/** Frames a second: that of most frames. `times` are in seconds, ascending. */
export function pace(times: number[]): number {
  const intervals = times.slice(1).map((time, number) => time - times[number]);
  const usual = [...intervals].sort((one, other) => one - other)[Math.floor(intervals.length / 2)];
  const near = intervals.filter((interval) => Math.abs(interval - usual) <= usual / 2);
  return near.length / near.reduce((sum, interval) => sum + interval, 0);
}

/** How many of the moments 0, 1/fps, 2/fps, ... after the first frame each frame is nearest to. */
export function uses(times: number[], fps: number): number[] {
  const counts = times.map(() => 0);
  let frame = 0;
  for (let moment = 0; moment <= Math.round((times.at(-1)! - times[0]) * fps); moment++) {
    const time = times[0] + moment / fps;
    while (frame + 1 < times.length && (times[frame] + times[frame + 1]) / 2 < time) frame++;
    counts[frame]++;
  }
  return counts;
}

const LONGEST_GAP_S = 1; // of a camera; within a longer one nothing was seen

/** The frames of a camera, as many as the machine could look at -> frames at an even pace: a joint is on the line
 * between where it was seen before and after, the nearer the surer. */
export class EvenSteps {
  private before: { time: number; frame: Float32Array } | null = null;
  private begin = 0;
  private steps = 0; // that have been given

  constructor(private readonly fps: number) {}

  /** The steps up to a further frame, (joints * 4); its time is in seconds. */
  push(time: number, frame: Float32Array): Float32Array[] {
    const { before } = this;
    this.before = { time, frame };
    if (!before) {
      this.begin = time;
      this.steps = 1;
      return [frame];
    }
    const found: Float32Array[] = [];
    const unseen = time - before.time > LONGEST_GAP_S ? new Float32Array(frame.length) : null;
    for (; this.begin + this.steps / this.fps <= time; this.steps++) {
      const share = (this.begin + this.steps / this.fps - before.time) / (time - before.time);
      found.push(unseen ?? between(before.frame, frame, share));
    }
    return found;
  }
}

function between(before: Float32Array, after: Float32Array, share: number): Float32Array {
  const found = new Float32Array(before.length);
  for (let joint = 0; joint < found.length; joint += 4) {
    const [first, second] = [(1 - share) * before[joint + 3], share * after[joint + 3]];
    const confidence = first + second;
    if (!confidence) continue;
    for (let axis = joint; axis < joint + 3; axis++) {
      found[axis] = (first * before[axis] + second * after[axis]) / confidence;
    }
    found[joint + 3] = confidence;
  }
  return found;
}
