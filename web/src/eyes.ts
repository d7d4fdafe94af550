// A worker: pictures -> keypoints.

import { HolisticLandmarker } from "@mediapipe/tasks-vision";
import { keypoints } from "./keypoints";
import type { Skeleton } from "./model";
import { answerWith } from "./workers";

export type Question =
  | { ask: "open"; loader: string; wasm: string; task: string; skeleton: Skeleton }
  | { ask: "look"; picture: ImageBitmap; time: number } // in ms, later than that of the picture before
  | { ask: "forget" }; // the signer: another video begins

export interface Seen {
  picture: ImageBitmap; // handed back
  keypoints: Float32Array;
}

let landmarker: HolisticLandmarker;
let skeleton: Skeleton;

answerWith<Question>(async (question) => {
  switch (question.ask) {
    case "open":
      skeleton = question.skeleton;
      landmarker = await HolisticLandmarker.createFromOptions(
        { wasmLoaderPath: question.loader, wasmBinaryPath: question.wasm },
        { baseOptions: { modelAssetPath: question.task, delegate: "CPU" }, runningMode: "VIDEO" },
      );
      return { answer: null };
    case "forget":
      await landmarker.setOptions({}); // which starts its graph anew
      return { answer: null };
    case "look": {
      const { picture, time } = question;
      const found = landmarker.detectForVideo(picture, time);
      const frame = keypoints(found, skeleton, picture.width, picture.height);
      return { answer: { picture, keypoints: frame } satisfies Seen, transfer: [picture, frame.buffer] };
    }
  }
});
