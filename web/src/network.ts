// The ONNX file at work: raw keypoints in, probabilities out.

import * as ort from "onnxruntime-web/wasm";
import type { Model } from "./model";

export type Outputs = Record<string, Float32Array>;

export class Network {
  private constructor(
    private readonly session: ort.InferenceSession,
    private readonly model: Model,
  ) {}

  static async load(file: string, wasm: string, model: Model): Promise<Network> {
    ort.env.wasm.wasmPaths = { wasm };
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create(file, { executionProviders: ["wasm"] });
    return new Network(session, model);
  }

  /** Frames of keypoints, (joints * 4) each, and when to look at them, in frames -> the values of each output. */
  async run(frames: Float32Array[], times: Float32Array): Promise<Outputs> {
    const joints = this.model.skeleton.points.length;
    const keypoints = new Float32Array(frames.length * joints * 4);
    frames.forEach((frame, number) => keypoints.set(frame, number * joints * 4));
    const found = await this.session.run({
      keypoints: new ort.Tensor("float32", keypoints, [1, frames.length, joints, 4]),
      frames: new ort.Tensor("int64", BigInt64Array.of(BigInt(frames.length)), [1]),
      times: new ort.Tensor("float32", times, [1, times.length]),
    });
    const outputs = Object.entries(found).map(([name, { data }]) => [name, data as Float32Array]);
    // A head that has no classes is none of the file's.
    const empty = Object.keys(this.model.labels).map((head) => [head, new Float32Array()]);
    return Object.fromEntries([...empty, ...outputs]);
  }
}
