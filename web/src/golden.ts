// Golden vectors: keypoints, and what Python answers to them, put beside what this browser answers.

import { READ } from "./model";
import type { Recognizer } from "./recognizer";
import { Stream } from "./stream";
import { timeline, type Answer, type Timeline } from "./timeline";

export interface Golden {
  fps: number;
  keypoints: number[][][]; // (frames, joints, 4)
  probabilities: Record<string, number[]>; // of each output, looked at as a clip of one sign
  timeline: Timeline; // read as signing
}

export interface Comparison {
  difference: number; // the greatest of a probability
  signs: number; // how many Python read
  same: boolean; // whether they are the same here: glosses, times, states and hands
}

export async function compare(golden: Golden, recognizer: Recognizer): Promise<Comparison> {
  const frames = golden.keypoints.map((frame) => Float32Array.from(frame.flat()));
  const looked = await recognizer.look(frames);
  let difference = 0;
  for (const [name, expected] of Object.entries(golden.probabilities)) {
    expected.forEach((value, place) => (difference = Math.max(difference, Math.abs(value - looked[name][place]))));
  }
  const stream = new Stream(recognizer, golden.fps);
  const answers: Answer[] = [...(await stream.push(frames)), ...(await stream.finish())];
  const heads = Object.keys(recognizer.labels);
  const read = timeline(answers, heads, golden.timeline.input, frames.length / golden.fps);
  let same = true;
  for (const head of heads) {
    const [found, expected] = [read.tiers[head], golden.timeline.tiers[head]];
    same &&= found.length === expected.length;
    expected.slice(0, found.length).forEach((entry, number) => {
      const other = found[number];
      const shares = Object.fromEntries(other.labels.map(({ label, probability }) => [label, probability]));
      for (const { label, probability } of entry.labels) {
        difference = Math.max(difference, Math.abs(probability - shares[label]));
      }
      same &&= entry.start === other.start && entry.end === other.end && entry.state === other.state;
      same &&= entry.labels[0].label === other.labels[0].label && `${entry.hands}` === `${other.hands}`;
    });
  }
  return { difference, signs: golden.timeline.tiers[READ].length, same };
}
