// A worker: keypoints -> signs as they end.

import { compare, type Golden } from "./golden";
import type { Model, Prototype } from "./model";
import { Network } from "./network";
import { Recognizer } from "./recognizer";
import { Stream } from "./stream";
import { answerWith } from "./workers";

export type Question =
  | { ask: "open"; file: string; wasm: string; model: Model; shown: Prototype[] }
  | { ask: "begin"; fps: number }
  | { ask: "read"; frames: Float32Array[]; hurried: boolean }
  | { ask: "finish" }
  | { ask: "enrol"; gloss: string } // the sign that was answered last; answered with what was shown so far
  | { ask: "forget"; gloss: string }
  | { ask: "compare"; golden: Golden };

let network: Network;
let recognizer: Recognizer;
let stream: Stream;

answerWith<Question>(async (question) => {
  switch (question.ask) {
    case "open":
      network = await Network.load(question.file, question.wasm, question.model);
      recognizer = new Recognizer(question.model, network, question.shown);
      return { answer: null };
    case "begin":
      stream = new Stream(recognizer, question.fps);
      return { answer: null };
    case "read":
      return { answer: await stream.push(question.frames, question.hurried) };
    case "finish":
      return { answer: await stream.finish() };
    case "enrol":
      return { answer: recognizer.enrol(question.gloss, stream.embedding) };
    case "forget":
      return { answer: recognizer.forget(question.gloss) };
    case "compare": // what this page was shown, Python was not
      return { answer: await compare(question.golden, new Recognizer(recognizer.model, network)) };
  }
});
