"""Raw keypoints of clips -> the network's input. Training, prediction and ONNX all run this code."""

import torch
from torch import Tensor, nn

from slr_pose.model.reference import Reference
from slr_pose.model.repair import repaired
from slr_pose.skeleton import Skeleton


class Preprocessing(nn.Module):
    """Look at a clip at the times that are asked for, repair it there, and put the signer into the standard frame."""

    def __init__(self, skeleton: Skeleton):
        super().__init__()
        self.reference = Reference(skeleton)

    def forward(self, keypoints: Tensor, frames: Tensor, times: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """
        Args:
            keypoints: (batch, frames, joints, 4) x, y, z in pixels and confidence, 0 = not seen.
            frames: (batch,) how many of the frames belong to each clip; the others are padding and do not count.
            times: (batch, samples) even steps, in frames from the clip's first, 0. What is behind its last frame is
                padding.

        Returns:
            positions (batch, samples, joints, 3) in the standard frame of `Reference`; presence
            (batch, samples, joints) in 0..1, how surely each joint was seen there; inside (batch, samples) bool, which
            samples are not padding. Of padding, all are 0.
        """
        pace = times[:, 1] - times[:, 0]
        index = torch.arange(keypoints.shape[1], device=frames.device)
        positions, presence = repaired(keypoints, index < frames[:, None], times, pace)
        inside = times < frames[:, None] - 0.5  # half a frame behind the last one: times are rounded
        positions, presence = self.reference(positions, presence * inside[..., None])
        return positions * inside[..., None, None], presence, inside
