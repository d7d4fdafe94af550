// What was signed from when to when, as `slr annotate` writes it: JSON and subtitles.

import { READ } from "./model";

export type State = "sure" | "not sure" | "unknown" | "not measured";
export type Hand = "right" | "left";

export interface Ranked {
  label: string;
  probability: number;
}

export interface Entry {
  start: number;
  end: number;
  state: State;
  hands?: Hand[];
  labels: Ranked[]; // best first
}

export type Answer = Record<string, Entry>; // the entry of each tier, for one sign

export interface Timeline {
  input: string;
  start: number;
  end: number;
  tiers: Record<string, Entry[]>;
}

const REST_S = 0.5; // a longer one ends a phrase

/** The answers of a stream; a sign that went on takes the place of its beginning. */
export function timeline(answers: Iterable<Answer>, heads: string[], input: string, end: number): Timeline {
  const signs = new Map<number, Answer>();
  for (const answer of answers) signs.set(answer[READ].start, answer);
  const tiers = Object.fromEntries(heads.map((head) => [head, [...signs.values()].map((answer) => answer[head])]));
  return { input, start: 0, end, tiers };
}

/** What is shown of a sign: its gloss, with a question mark where that is not sure; `[?]` where it is unknown. */
export function shown(entry: Entry): string {
  if (entry.state === "unknown" || !entry.labels.length) return "[?]";
  return entry.labels[0].label.trim().split(/\s+/).join(" ") + (entry.state === "not sure" ? "?" : "");
}

/** SubRip: a phrase of glosses at a time. */
export function srt(timeline: Timeline): string {
  const phrases: Entry[][] = [];
  for (const sign of timeline.tiers[READ]) {
    const phrase = phrases.at(-1);
    if (phrase && sign.start - phrase.at(-1)!.end < REST_S) phrase.push(sign);
    else phrases.push([sign]);
  }
  const blocks = phrases.map((phrase, number) => {
    const start = Math.round(phrase[0].start * 1000);
    const end = Math.max(Math.round(phrase.at(-1)!.end * 1000), start + 1);
    return `${number + 1}\n${clock(start)} --> ${clock(end)}\n${phrase.map(shown).join(" ")}\n`;
  });
  return blocks.join("\n");
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${parts.map((part) => String(part).padStart(2, "0")).join(":")},${String(ms % 1000).padStart(3, "0")}`;
}
