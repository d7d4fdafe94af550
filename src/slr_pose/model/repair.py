"""Keypoints with gaps and jitter, a frame at a time -> where each joint is at any times, at any pace."""

import torch
from torch import Tensor

FILL_WEIGHT = 1e-3  # what a frame outside the sampling kernel counts for; decides where nothing nearer was seen


def repaired(keypoints: Tensor, inside: Tensor, times: Tensor, pace: Tensor) -> tuple[Tensor, Tensor]:
    """Interpolate, smooth and fill gaps in one step: each sample is the mean of the frames around it, weighted by
    nearness and confidence (normalised convolution; Knutsson and Westin, CVPR 1993).

    Args:
        keypoints: (batch, frames, joints, 4) x, y, z in pixels and confidence, 0 = not seen.
        inside: (batch, frames) bool, which frames count; the others are padding.
        times: (batch, samples) in frames from the first.
        pace: (batch,) frames from a sample to the next. A sample is made of the frames nearer than that, and of the two
            beside it where samples are denser than frames.

    Returns:
        positions (batch, samples, joints, 3) in pixels, 0 where a joint is never seen; presence
        (batch, samples, joints) in 0..1, how surely each joint was seen there, 0 where its place was filled in.
    """
    source = torch.arange(keypoints.shape[1], device=keypoints.device, dtype=keypoints.dtype)
    distance = (times[:, :, None] - source).abs() / pace.clamp(min=1)[:, None, None]  # (B, T, F) in kernel widths
    counts = inside.to(keypoints.dtype)[:, None]  # (B, 1, F)
    near = (1 - distance).clamp(min=0) * counts
    far = FILL_WEIGHT / (1 + distance**2) ** 2 * counts

    confidence = keypoints[..., 3]  # (B, F, J)
    weighted = (keypoints[..., :3] * confidence[..., None]).flatten(2)  # (B, F, J * 3)
    total = torch.matmul(near + far, confidence)  # (B, T, J)
    positions = torch.matmul(near + far, weighted).unflatten(2, (-1, 3)) / total[..., None].clamp(min=1e-12)
    presence = torch.matmul(near, confidence) / near.sum(-1, keepdim=True).clamp(min=1e-6)
    return positions, presence
