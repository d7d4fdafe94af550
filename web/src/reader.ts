// A worker: keypoints -> signs as they end.

import { compare, type Golden } from "./golden";
import type { Model } from "./model";
import { Network } from "./network";
import { Stream } from "./stream";
import { answerWith } from "./workers";

export type Question =
  | { ask: "open"; file: string; wasm: string; model: Model }
  | { ask: "begin"; fps: number }
  | { ask: "read"; frames: Float32Array[]; hurried: boolean }
  | { ask: "finish" }
  | { ask: "compare"; golden: Golden };

let network: Network;
let model: Model;
let stream: Stream;

answerWith<Question>(async (question) => {
  switch (question.ask) {
    case "open":
      model = question.model;
      network = await Network.load(question.file, question.wasm, model);
      return { answer: null };
    case "begin":
      stream = new Stream(network, model, question.fps);
      return { answer: null };
    case "read":
      return { answer: await stream.push(question.frames, question.hurried) };
    case "finish":
      return { answer: await stream.finish() };
    case "compare":
      return { answer: await compare(question.golden, network, model) };
  }
});
