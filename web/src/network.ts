// The ONNX file at work: raw keypoints in, probabilities out.

import * as ort from "onnxruntime-web/wasm";
import { EDGES, SIGNS, WHOLE, type Model } from "./model";

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
    const found = await this.session.run(
      {
        keypoints: new ort.Tensor("float32", keypoints, [1, frames.length, joints, 4]),
        frames: new ort.Tensor("int64", BigInt64Array.of(BigInt(frames.length)), [1]),
        times: new ort.Tensor("float32", times, [1, times.length]),
      },
      [...Object.keys(this.model.labels), SIGNS, EDGES, WHOLE],
    );
    return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data as Float32Array]));
  }

  /** The same of a clip of one sign, looked at in even steps from its first to its last frame. */
  async look(frames: Float32Array[]): Promise<Outputs> {
    const samples = this.model.samples;
    const step = (frames.length - 1) / (samples - 1);
    return this.run(frames, Float32Array.from({ length: samples }, (_, number) => number * step));
  }
}
