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

export interface PaceSettings {
  longest: number; // seconds between two pictures, for what is between them to be on a line from one to the other
  early: number; // of a step: a picture that comes so much before a moment is taken for it at once
}

/** The pictures of a camera that there was time for -> frames at an even pace, as `slr_pose.keypoints.pace` makes them.
 *
 * What was found in the nearest picture, or, where none is within half a step, what is on a line between those around.
 */
export class Pace {
  private moments = 0; // that are known
  private last: { time: number; frame: Float32Array } | null = null;

  constructor(
    private readonly fps: number,
    private readonly settings: PaceSettings,
  ) {}

  /** The frames, (joints * 4) each, that are known now; `time` is in seconds, later than before. */
  add(time: number, frame: Float32Array): Float32Array[] {
    const known = Math.max(this.moments, Math.floor(time * this.fps + this.settings.early) + 1);
    const unseen = new Float32Array(frame.length);
    const frames: Float32Array[] = [];
    for (; this.moments < known; this.moments++) frames.push(this.at(this.moments / this.fps, time, frame) ?? unseen);
    this.last = { time, frame };
    return frames;
  }

  /** What was found at a moment; null where nobody was seen. */
  private at(moment: number, time: number, frame: Float32Array): Float32Array | null {
    const near = 0.5 / this.fps;
    const before = this.last ? moment - this.last.time : Infinity;
    const after = time - moment;
    if (after <= Math.min(before, near)) return frame;
    if (!this.last || (before + after > this.settings.longest && before > near)) return null;
    return before <= near ? this.last.frame : between(this.last.frame, frame, before / (before + after));
  }
}

/** Where each joint is on the line from where it was seen to where it is, the nearer and the surer counting more. */
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
