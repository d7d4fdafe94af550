// What MediaPipe finds in a picture -> the keypoints that the model takes.

import type { HolisticLandmarkerResult, NormalizedLandmark } from "@mediapipe/tasks-vision";
import type { Component, Skeleton } from "./model";

/** (joints * 4) x, y, z in pixels and the confidence; all 0 where not seen. Left is the signer's.
 *
 * MediaPipe gives x and z in widths of the picture, and says of the body alone how visible each point is.
 */
export function keypoints(found: HolisticLandmarkerResult, skeleton: Skeleton, width: number, height: number): Float32Array {
  const parts: Record<Component, NormalizedLandmark[]> = {
    body: found.poseLandmarks[0] ?? [],
    face: found.faceLandmarks[0] ?? [],
    left_hand: found.leftHandLandmarks[0] ?? [],
    right_hand: found.rightHandLandmarks[0] ?? [],
  };
  const frame = new Float32Array(skeleton.points.length * 4);
  skeleton.points.forEach((point, joint) => {
    const landmark = point && parts[point[0]][point[1]];
    const confidence = landmark && (point[0] === "body" ? landmark.visibility : 1);
    if (confidence) frame.set([landmark.x * width, landmark.y * height, landmark.z * width, confidence], 4 * joint);
  });
  return frame;
}
