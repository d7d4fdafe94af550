// What is signed at each sample -> the signs, as `slr_pose.recognition.decoding` finds them.

import type { Reading } from "./model";

export interface Segment {
  start: number; // its samples, from `start` up to `end`
  end: number;
  sign: number;
}

interface Way {
  segment: Segment;
  before: Way | null;
}

/** The likeliest signs one after the other (Viterbi, 1967), and the one that goes on at the last sample.
 *
 * @param signs (samples, classes) probabilities of each sign, and, behind the glosses, of none and of another sign
 * @param edges (samples, 2) that a sign begins there, and that one ends; null where that is unknown
 */
export function segments(
  signs: Float32Array,
  edges: Float32Array | null,
  classes: number,
  noSign: number,
  reading: Reading,
): { ended: Segment[]; goingOn: Segment | null } {
  const named = [...Array(classes).keys()].filter((column) => column !== noSign);
  const samples = signs.length / classes;
  const cost = edges ? reading.sign_cost : reading.moment_cost;
  const odds = (sample: number, side: number) => (edges ? reading.edge_weight * logOdds(edges[2 * sample + side]) : 0);
  let outside = 0; // in no sign, and the way there
  let way: Way | null = null;
  const inside = named.map(() => -Infinity); // in each sign; where that began, and the way before it
  const start = named.map(() => 0);
  const came = named.map((): Way | null => null);
  const left = named.map(() => -Infinity); // at the end of each sign
  const leaving = (sign: number, end: number): Way => ({
    segment: { start: start[sign], end, sign },
    before: came[sign],
  });
  for (let sample = 0; sample < samples; sample++) {
    const ended = best(left);
    if (left[ended] > outside) {
      outside = left[ended];
      way = leaving(ended, sample);
    }
    const entering = outside + odds(sample, 0) - cost;
    named.forEach((column, sign) => {
      if (inside[sign] < entering) {
        inside[sign] = entering;
        start[sign] = sample;
        came[sign] = way;
      }
      inside[sign] += logOf(signs[sample * classes + column]);
      left[sign] = inside[sign] + odds(sample, 1);
    });
    outside += logOf(signs[sample * classes + noSign]);
  }
  const last = best(inside);
  if (inside[last] > Math.max(outside, left[last])) {
    return { ended: back(came[last]), goingOn: { start: start[last], end: samples, sign: last } };
  }
  return { ended: back(left[last] > outside ? leaving(last, samples) : way), goingOn: null };
}

function back(way: Way | null): Segment[] {
  const found: Segment[] = [];
  for (; way; way = way.before) found.push(way.segment);
  return found.reverse();
}

/** Where the greatest of some numbers stands, the first of several. */
export function best(numbers: ArrayLike<number>): number {
  let found = 0;
  for (let place = 1; place < numbers.length; place++) if (numbers[place] > numbers[found]) found = place;
  return found;
}

const logOf = (probability: number) => Math.log(Math.max(probability, 1e-9));

const logOdds = (probability: number) =>
  Math.log(Math.max(probability, 1e-6)) - Math.log(Math.max(1 - probability, 1e-6));
