// A picture with the skeleton that was found in it.

import type { Skeleton } from "./model";

const COLORS: Record<string, string> = { left_hand: "#ffb000", right_hand: "#4cc9ff" }; // of the signer's hands
const OTHERS = "#ffffff";
const FAINT = 0.35; // of what was hardly seen

export function draw(canvas: HTMLCanvasElement, picture: ImageBitmap, keypoints: Float32Array, skeleton: Skeleton): void {
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    Object.assign(canvas, { width: picture.width, height: picture.height });
  }
  const context = canvas.getContext("2d")!;
  context.globalAlpha = 1;
  context.drawImage(picture, 0, 0);
  context.lineWidth = Math.max(1.5, picture.height / 200);
  context.lineCap = "round";
  const colors = skeleton.points.map((point) => (point && COLORS[point[0]]) ?? OTHERS);
  for (const [start, end] of skeleton.bones) {
    const [from, to] = [4 * start, 4 * end];
    const seen = Math.min(keypoints[from + 3], keypoints[to + 3]);
    if (!seen) continue;
    context.globalAlpha = Math.max(FAINT, Math.min(1, seen));
    context.strokeStyle = colors[end];
    context.beginPath();
    context.moveTo(keypoints[from], keypoints[from + 1]);
    context.lineTo(keypoints[to], keypoints[to + 1]);
    context.stroke();
  }
}
