"""A stretch of time in the signer's own frame of reference: zero, unit of length and leading hand.

What is measured is a mean over the stretch, weighted by presence, so movement within it is kept, and samples where
nothing is seen, as padding is, do not count.
"""

import torch
from torch import Tensor, nn

from slr_pose.skeleton import Part, Skeleton

SHORTEST = 1e-3  # in units of the positions: less than this is no length to measure by


class Reference(nn.Module):
    """Put a stretch of time into the standard frame.

    In: x, y, z in pixels of any camera. Out: zero at the mean of the body's origin joints (between the shoulders),
    one unit of length for its scale (the shoulders' distance), x to the right of the image, y down; the more active
    hand is the right one.
    """

    mirror: Tensor
    flip_x: Tensor

    def __init__(self, skeleton: Skeleton):
        super().__init__()
        self.body = skeleton.part("body") or skeleton.parts[0]
        self.left, self.right = skeleton.part("left_hand"), skeleton.part("right_hand")
        self.register_buffer("mirror", torch.tensor(skeleton.mirror), persistent=False)
        self.register_buffer("flip_x", torch.tensor([-1.0, 1.0, 1.0]), persistent=False)

    def forward(self, positions: Tensor, presence: Tensor) -> tuple[Tensor, Tensor]:
        """
        Args:
            positions: (batch, samples, joints, 3) in pixels.
            presence: (batch, samples, joints) in 0..1, how surely each joint was seen there.

        Returns:
            Both, of the same shapes, in the standard frame; 0 where the stretch never shows a joint.
        """
        positions = in_body_frame(self.body, positions, presence)
        mirrored = self.left_leads(positions, presence)[:, None, None]
        positions = torch.where(mirrored[..., None], positions[:, :, self.mirror] * self.flip_x, positions)
        return positions, torch.where(mirrored, presence[:, :, self.mirror], presence)

    def left_leads(self, positions: Tensor, presence: Tensor) -> Tensor:
        """(batch,) bool, whether the left hand is the more active one."""
        if not (self.left and self.right):
            return torch.zeros(len(positions), dtype=torch.bool, device=positions.device)
        return activity(self.left, positions, presence) > activity(self.right, positions, presence)


def in_body_frame(body: Part, positions: Tensor, presence: Tensor) -> Tensor:
    """Positions, as `Reference` takes them, from the body's origin and in units of its scale. What the stretch never
    shows is at zero, wherever in the picture the signer stands."""
    seen = presence[:, :, body.origin]  # (B, T, origin joints)
    weight = (seen / seen.sum((1, 2), keepdim=True).clamp(min=1e-6))[..., None]
    origin = (positions[:, :, body.origin] * weight).sum((1, 2), keepdim=True)  # (B, 1, 1, 3)
    length = part_scale(body, positions, presence)  # (B,)
    shown = (presence > 0).any(1)[:, None, :, None]
    return torch.where(shown, (positions - origin) / length[:, None, None, None], 0.0)


def part_scale(part: Part, positions: Tensor, presence: Tensor) -> Tensor:
    """(batch,) the part's unit of length: the mean distance in the image of its scale pairs, where both are seen.

    Args:
        positions: (batch, samples, joints, 3); presence: (batch, samples, joints).
    """
    starts, ends = ([pair[side] for pair in part.scale] for side in (0, 1))
    distance = (positions[:, :, starts, :2] - positions[:, :, ends, :2]).norm(dim=-1)  # (B, T, pairs)
    weight = presence[:, :, starts] * presence[:, :, ends]
    length = (distance * weight).sum((1, 2)) / weight.sum((1, 2)).clamp(min=1e-6)
    return torch.where(length > SHORTEST, length, torch.ones_like(length))


def activity(hand: Part, positions: Tensor, presence: Tensor) -> Tensor:
    """(batch,) how much a hand is seen and moves: the path of its origin, in units of the positions.

    Args:
        positions: (batch, samples, joints, 3); presence: (batch, samples, joints).
    """
    origin = positions[:, :, hand.origin].mean(2)[..., :2]  # (B, T, 2)
    seen = presence[:, :, hand.origin].mean(2)  # (B, T)
    path = (origin[:, 1:] - origin[:, :-1]).norm(dim=-1) * seen[:, 1:] * seen[:, :-1]
    return path.sum(1)
