"""Raw keypoints -> repaired, resampled, normalised model input. Training, prediction and ONNX all run this code."""

import torch
from torch import Tensor, nn

from slr_pose.skeleton import Skeleton

FILL_WEIGHT = 1e-3  # what a frame outside the sampling kernel counts for; decides where nothing nearer was seen
SHORTEST = 1e-3  # pixels: less than this is no length to measure by


class Preprocessing(nn.Module):
    """Sample a clip at `frames` even steps, fill what was not seen, and put the signer into a standard frame.

    In: x, y, z in pixels of any camera. Out: zero at the mean of the body's origin joints (between the shoulders),
    one unit of length for its scale (the shoulders' distance), x to the right of the image, y down; the more active
    hand is the right one. A short clip is stretched and a long one squeezed, so nothing behind this room has padding.
    """

    def __init__(self, skeleton: Skeleton, frames: int):
        super().__init__()
        self.frames = frames
        self.body = skeleton.part("body") or skeleton.parts[0]
        self.hands = [part for part in (skeleton.part("left_hand"), skeleton.part("right_hand")) if part]
        self.register_buffer("mirror", torch.tensor(skeleton.mirror), persistent=False)
        self.register_buffer("flip_x", torch.tensor([-1.0, 1.0, 1.0]), persistent=False)

    def forward(self, keypoints: Tensor, frames: Tensor, window: Tensor | None = None) -> tuple[Tensor, ...]:
        """
        Args:
            keypoints: (batch, frames, joints, 4) x, y, z in pixels and confidence, 0 = not seen.
            frames: (batch,) how many of the frames belong to each clip; the others are padding and do not count.
            window: (batch, 2) the part of the clip to look at, as shares of its length; by default 0 to 1.

        Returns:
            positions (batch, self.frames, joints, 3) in the standard frame; presence (batch, self.frames, joints) in
            0..1, how surely each joint was seen there.
        """
        if window is None:
            window = torch.tensor([[0.0, 1.0]], device=keypoints.device)
        positions, presence = self.resample(keypoints, frames, window)
        return self.canonical_hand(self.normalise(positions, presence), presence)

    def resample(self, keypoints: Tensor, frames: Tensor, window: Tensor) -> tuple[Tensor, Tensor]:
        """Interpolate, smooth and fill gaps in one step: each sample is the mean of the frames around it, weighted
        by nearness and confidence (normalised convolution; Knutsson and Westin, CVPR 1993)."""
        last = (frames - 1).clamp(min=0).to(keypoints.dtype)  # (B,)
        step = last * (window[:, 1] - window[:, 0]) / (self.frames - 1)  # (B,) frames from a sample to the next
        index = torch.arange(self.frames, device=keypoints.device, dtype=keypoints.dtype)
        times = (last * window[:, 0])[:, None] + step[:, None] * index  # (B, T) in frames

        source = torch.arange(keypoints.shape[1], device=keypoints.device, dtype=keypoints.dtype)
        distance = (times[:, :, None] - source).abs() / step.clamp(min=1)[:, None, None]  # (B, T, F) in kernel widths
        inside = (source[None] < frames[:, None]).to(keypoints.dtype)[:, None]  # (B, 1, F)
        near = (1 - distance).clamp(min=0) * inside
        far = FILL_WEIGHT / (1 + distance**2) ** 2 * inside

        confidence = keypoints[..., 3]  # (B, F, J)
        weighted = (keypoints[..., :3] * confidence[..., None]).flatten(2)  # (B, F, J * 3)
        total = torch.matmul(near + far, confidence)  # (B, T, J)
        positions = torch.matmul(near + far, weighted).unflatten(2, (-1, 3)) / total[..., None].clamp(min=1e-12)
        presence = torch.matmul(near, confidence) / near.sum(-1, keepdim=True).clamp(min=1e-6)
        return positions, presence

    def normalise(self, positions: Tensor, presence: Tensor) -> Tensor:
        """Body frame: zero and unit of length are means over the clip, so movement within it is kept. What the clip
        never shows is at zero, wherever in the picture the signer stands."""
        seen = presence[:, :, self.body.origin]  # (B, T, origin joints)
        weight = (seen / seen.sum((1, 2), keepdim=True).clamp(min=1e-6))[..., None]
        origin = (positions[:, :, self.body.origin] * weight).sum((1, 2), keepdim=True)  # (B, 1, 1, 3)
        length = part_scale(self.body, positions, presence)  # (B,)
        shown = (presence > 0).any(1)[:, None, :, None]
        return torch.where(shown, (positions - origin) / length[:, None, None, None], 0.0)

    def canonical_hand(self, positions: Tensor, presence: Tensor) -> tuple[Tensor, Tensor]:
        """Mirror the clips whose left hand is the more active one, so that the right hand leads in all."""
        if len(self.hands) < 2:
            return positions, presence
        left, right = (self.activity(hand, positions, presence) for hand in self.hands)
        mirrored = (left > right)[:, None, None]
        positions = torch.where(mirrored[..., None], positions[:, :, self.mirror] * self.flip_x, positions)
        return positions, torch.where(mirrored, presence[:, :, self.mirror], presence)

    def activity(self, hand, positions: Tensor, presence: Tensor) -> Tensor:
        """(batch,) how much a hand is seen and moves: the path of its origin, in body units."""
        origin = positions[:, :, hand.origin].mean(2)[..., :2]  # (B, T, 2)
        seen = presence[:, :, hand.origin].mean(2)  # (B, T)
        path = (origin[:, 1:] - origin[:, :-1]).norm(dim=-1) * seen[:, 1:] * seen[:, :-1]
        return path.sum(1)


def part_scale(part, positions: Tensor, presence: Tensor) -> Tensor:
    """(batch,) the part's unit of length: the mean distance in the image of its scale pairs, where both are seen.

    Args:
        positions: (batch, frames, joints, 3); presence: (batch, frames, joints).
    """
    starts, ends = ([pair[side] for pair in part.scale] for side in (0, 1))
    distance = (positions[:, :, starts, :2] - positions[:, :, ends, :2]).norm(dim=-1)  # (B, T, pairs)
    weight = presence[:, :, starts] * presence[:, :, ends]
    length = (distance * weight).sum((1, 2)) / weight.sum((1, 2)).clamp(min=1e-6)
    return torch.where(length > SHORTEST, length, torch.ones_like(length))
