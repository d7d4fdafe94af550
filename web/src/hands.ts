// Which of the signer's hands sign, as `slr_pose.recognition.hands` tells.

import type { Part, Reading, Skeleton } from "./model";
import type { Hand } from "./timeline";

/** The hands that sign, the right one first; none where no hand is seen. `frames` are (joints * 4) each. */
export function handsOf(skeleton: Skeleton, frames: Float32Array[], reading: Reading): Hand[] {
  const body = skeleton.parts.find((part) => part.name === "body");
  const hands = (["right", "left"] as Hand[]).flatMap((hand) => {
    const part = skeleton.parts.find((each) => each.name === `${hand}_hand`);
    if (!part) return [];
    const seen = frames.map((frame) => isSeen(part, frame));
    const signing = isSigning(body, part, frames, seen, reading).map((signs, number) => signs && seen[number]);
    return [{ hand, seen: count(seen), signing: count(signing) }];
  });
  const found = hands.filter(({ signing }) => signing > frames.length / 2);
  if (found.length || !hands.some(({ seen }) => seen)) return found.map(({ hand }) => hand);
  const [first, second] = hands;
  const isSecond = second && (second.signing - first.signing || second.seen - first.seen) > 0;
  return [(isSecond ? second : first).hand];
}

/** Of each frame in which a hand is seen, whether it is where hands sign. */
function isSigning(
  body: Part | undefined,
  hand: Part,
  frames: Float32Array[],
  seen: boolean[],
  reading: Reading,
): boolean[] {
  const places = body && placesOf(body, hand, frames);
  if (!body || !places) return frames.map(() => true);
  const there = places.filter((_, number) => seen[number]);
  const spread = [0, 1].map((axis) => {
    const along = there.map((place) => place[axis]);
    return Math.max(...along) - Math.min(...along);
  });
  const isLow = mean(there.map((place) => place[1])) > reading.low * body.low;
  if (there.length && isLow && Math.max(...spread) < reading.still * body.low) return frames.map(() => false);
  return places.map((place) => place[1] < body.low);
}

/** The places of a part from the body's origin, in units of its scale; null where the body is never seen. */
function placesOf(body: Part, part: Part, frames: Float32Array[]): [number, number][] | null {
  const lengths = body.scale
    .flatMap(([start, end]) => frames.map((frame) => [frame.subarray(4 * start), frame.subarray(4 * end)]))
    .filter(([start, end]) => start[3] > 0 && end[3] > 0)
    .map(([start, end]) => Math.hypot(start[0] - end[0], start[1] - end[1]));
  const shown = frames.filter((frame) => isSeen(body, frame));
  if (!shown.length || !lengths.some((length) => length)) return null;
  const unit = mean(lengths);
  const origin = [0, 1].map((axis) => mean(shown.map((frame) => meanOf(body.origin, frame, axis))));
  return frames.map((frame) => {
    const [x, y] = [0, 1].map((axis) => (meanOf(part.origin, frame, axis) - origin[axis]) / unit);
    return [x, y];
  });
}

const isSeen = (part: Part, frame: Float32Array) => part.origin.every((joint) => frame[4 * joint + 3] > 0);
const meanOf = (joints: number[], frame: Float32Array, axis: number) => mean(joints.map((joint) => frame[4 * joint + axis]));
const mean = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const count = (flags: boolean[]) => flags.filter(Boolean).length;
