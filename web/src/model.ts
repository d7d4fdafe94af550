// What the page knows of the model: `model.json`, as `slr_pose.recognition.web_model` writes it.

import type { PaceSettings } from "./steps";

export interface Part {
  name: string;
  joints: number[];
  origin: number[]; // joints whose mean is the zero of the part
  scale: [number, number][]; // pairs of joints whose distance is its unit of length
  low: number; // of the body: how far below its origin, in its units, a hand is that does not sign
}

export interface Skeleton {
  name: string;
  points: ([Component, number] | null)[]; // where each joint comes from; null where MediaPipe does not find it
  parts: Part[];
  bones: [number, number][];
}

export type Component = "body" | "face" | "left_hand" | "right_hand";

export interface Reading {
  rate: number; // samples a second
  window: number; // samples that are read together
  hop: number; // samples from a reading to the next
  later: number; // samples behind the end of a sign, before it is answered
  longest_pause: number; // seconds in a sign that goes on
  going_on: number; // log-odds that what follows so soon is the same sign still
  known: number; // what the probability of a gloss must reach
  edge_weight: number;
  sign_cost: number;
  moment_cost: number;
  low: number; // hands that rest before the belly: how far down, and how still
  still: number;
}

export interface Prototype {
  gloss: string;
  clips: number; // that it is the mean of
  embedding: number[];
}

export interface Enrolment {
  scale: number; // what similarities are multiplied by
  strange: number; // the similarity of a sign that is none of those that are known
  centre: number; // glosses that the centre of what the model was trained on counts as much as
  spread: number; // how much clips of a sign differ
}

export interface Model {
  id: string; // of the network: a hash of its file
  version: string; // of slr
  labels: Record<string, string[]>; // class names of each head, without signs that were enrolled
  thresholds: Record<string, number>;
  names: boolean; // whether it names the sign of a clip, and knows edges of signs
  timed: boolean[]; // of each gloss, whether it was ever told when that is signed
  samples: number; // that a clip of one sign is seen at
  fast: boolean; // whether it learnt from about 15 frames a second
  skeleton: Skeleton;
  centre: number[]; // the mean embedding of what it was trained on; empty where an earlier slr trained it
  prototypes: Prototype[]; // of the glosses that it was trained on, and of those that were enrolled
  enrolment: Enrolment;
  reading: Reading;
  pace: PaceSettings;
}

export const READ = "gloss"; // the head whose classes are read in a row
export const SIGNS = "gloss.signs";
export const EDGES = "gloss.edges";
export const WHOLE = "gloss.whole";
export const EMBEDDING = "gloss.embedding"; // what glosses are told by
export const SHOWN = "gloss.shown"; // how likely it is that one of the enrolled signs is signed
