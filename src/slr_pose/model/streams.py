"""Standardised keypoints -> the channels of each joint: where it is, how its part is held, how it moves."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from slr_pose.model.reference import part_scale
from slr_pose.skeleton import Part, Skeleton

FAR = 10.0  # units of a part; what is farther off was not measured well
MOTION_GAIN = 4  # a step between two samples is small beside a position


class Streams(nn.Module):
    """Joint, bone and motion streams as channels, each part in three frames.

    The body's frame tells where a joint is. The part's own frame, its origin and scale, tells how a hand is held. The
    same turned in the image, so that wrist and middle finger stand upright, tells its shape, however it is held. All
    are mirrored for the left hand: both hands look like right ones.
    """

    channels = 3 + 3 + 3 + 3 + 3 + 3 + 1
    parent: Tensor
    order: Tensor
    side: Tensor

    def __init__(self, skeleton: Skeleton):
        super().__init__()
        self.parts = skeleton.parts
        parent = list(range(len(skeleton.joints)))  # a joint without a parent is its own: a bone of length 0
        for start, end in skeleton.bones:
            if parent[end] == end:
                parent[end] = start
        order = [joint for part in skeleton.parts for joint in part.joints]
        side = torch.ones(len(skeleton.joints), 1, 3)
        if left := skeleton.part("left_hand"):
            side[list(left.joints), :, 0] = -1
        self.register_buffer("parent", torch.tensor(parent), persistent=False)
        self.register_buffer("order", torch.tensor(order).argsort(), persistent=False)
        self.register_buffer("side", side, persistent=False)

    def forward(self, positions: Tensor, presence: Tensor, inside: Tensor) -> Tensor:
        """(B, T, J, 3), (B, T, J), (B, T) which samples are not padding -> (B, T, J, channels)."""
        held, turned = [], []
        for part in self.parts:
            origin = positions[:, :, part.origin].mean(2, keepdim=True)
            length = part_scale(part, positions, presence)[:, None, None, None]
            held.append((positions[:, :, part.joints] - origin) / length)
            turned.append(_upright(held[-1], positions, part) if part.is_hand else held[-1])
        local, upright = (torch.cat(frames, 2)[:, :, self.order] for frames in (held, turned))
        bone = positions - positions[:, :, self.parent]
        goes_on = F.pad(inside[:, 1:], (0, 1))[..., None, None]
        moves = (MOTION_GAIN * _motion(positions) * goes_on, MOTION_GAIN * _motion(local) * goes_on)
        x = torch.stack([positions, local, upright, bone, *moves], -2) * self.side  # (B, T, J, streams, 3)
        return torch.cat([x.flatten(-2).clamp(-FAR, FAR), presence[..., None]], -1)


def _upright(local: Tensor, positions: Tensor, part: Part) -> Tensor:
    """Turn a part's (B, T, joints, 3) in the image so that its scale pair points along y."""
    start, end = part.scale[0]
    axis = F.normalize((positions[:, :, end] - positions[:, :, start])[..., :2], dim=-1, eps=1e-4)[:, :, None]
    x, y, z = local.unbind(-1)
    along = x * axis[..., 0] + y * axis[..., 1]
    across = y * axis[..., 0] - x * axis[..., 1]
    return torch.stack([across, along, z], -1)


def _motion(x: Tensor) -> Tensor:
    """(B, T, J, 3) -> what is added until the next sample; 0 at the last."""
    return F.pad(x[:, 1:] - x[:, :-1], (0, 0, 0, 0, 0, 1))
