"""Raw keypoints of clips -> the network's input. Training, prediction and ONNX all run this code."""

import torch
from torch import Tensor, nn

from slr_pose.model.reference import Reference
from slr_pose.model.repair import repaired
from slr_pose.model.samples import sample_times
from slr_pose.skeleton import Skeleton


class Preprocessing(nn.Module):
    """Sample a clip, or a window of it, at even steps, repair it there, and put the signer into the standard frame.

    A short clip is stretched and a long one squeezed, so nothing behind this room has padding.
    """

    def __init__(self, skeleton: Skeleton, samples: int):
        super().__init__()
        self.samples = samples
        self.reference = Reference(skeleton)

    def forward(self, keypoints: Tensor, frames: Tensor, window: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """
        Args:
            keypoints: (batch, frames, joints, 4) x, y, z in pixels and confidence, 0 = not seen.
            frames: (batch,) how many of the frames belong to each clip; the others are padding and do not count.
            window: (batch, 2) the part of the clip to look at, as shares of its length; by default 0 to 1.

        Returns:
            positions (batch, samples, joints, 3) in the standard frame of `Reference`; presence
            (batch, samples, joints) in 0..1, how surely each joint was seen there.
        """
        if window is None:
            window = torch.tensor([[0.0, 1.0]], device=keypoints.device)
        last = (frames - 1).clamp(min=0).to(keypoints.dtype)  # (B,)
        times, pace = sample_times(last * window[:, 0], last * (window[:, 1] - window[:, 0]), self.samples)
        inside = torch.arange(keypoints.shape[1], device=frames.device) < frames[:, None]  # (B, F)
        return self.reference(*repaired(keypoints, inside, times, pace))
