"""Other signers, cameras and speeds: random changes to raw clips, a batch at a time, on the device; and mixed clips."""

import torch
from torch import Tensor, nn

from slr_pose.model.reference import part_scale
from slr_pose.skeleton import Skeleton

ROTATION = 0.22  # radians, of the whole image, standard deviation
STRETCH = 0.12  # of width against height, and of shear
HAND_SCALE = 0.10  # of each hand about its wrist
HAND_ROTATION = 0.15  # radians, of each hand about its wrist, in the image
HAND_TILT = 0.2  # radians, of each hand about its wrist, out of the image, to the side and up
NOISE = 0.008  # of each keypoint, in units of the body's scale
SHORTEST_WINDOW = 0.6  # of the clip's length
LOST_HAND = 0.3  # chance that a hand is not seen for a while
LONGEST_LOSS = 0.15  # of the clip's length


class Augmentation(nn.Module):
    """What the same sign might have looked like: raw keypoints in, raw keypoints out, plus the part of the clip.

    It mirrors nothing: `Preprocessing` makes the leading hand the right one, so a clip and its mirror image are one.
    """

    def __init__(self, skeleton: Skeleton):
        super().__init__()
        self.body = skeleton.part("body") or skeleton.parts[0]
        self.hands = [part for part in skeleton.parts if part.is_hand]

    def forward(self, keypoints: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """
        Args:
            keypoints: (batch, frames, joints, 4) raw, as `Preprocessing` takes them; frames: (batch,).

        Returns:
            keypoints of the same shape, and the window (batch, 2) of each clip to look at.
        """
        positions, confidence = keypoints[..., :3].clone(), keypoints[..., 3]
        batch, length, joints = confidence.shape

        def normal(*shape: int) -> Tensor:
            return torch.randn(shape, device=keypoints.device)

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, device=keypoints.device)

        for hand in self.hands:
            wrist = positions[:, :, hand.origin].mean(2, keepdim=True)
            turn = _rotation(normal(batch) * HAND_ROTATION, 0, 1)
            turn = turn @ _rotation(normal(batch) * HAND_TILT, 0, 2) @ _rotation(normal(batch) * HAND_TILT, 1, 2)
            turn = turn * (1 + normal(batch) * HAND_SCALE)[:, None, None]
            positions[:, :, hand.joints] = wrist + (positions[:, :, hand.joints] - wrist) @ turn[:, None]
            start = uniform(batch) * frames
            time = torch.arange(length, device=keypoints.device)[None] - start[:, None]
            lost = (time >= 0) & (time < (uniform(batch) * LONGEST_LOSS * frames)[:, None])
            lost = lost & (uniform(batch) < LOST_HAND)[:, None]
            drop = torch.zeros(joints, device=keypoints.device)
            drop[list(hand.joints)] = 1
            confidence = confidence * (1 - lost[..., None] * drop)

        warp = _rotation(normal(batch) * ROTATION, 0, 1)[:, :2, :2]
        stretch = torch.eye(2, device=keypoints.device) + normal(batch, 2, 2) * STRETCH
        positions[..., :2] = positions[..., :2] @ (warp @ stretch)[:, None]
        unit = part_scale(self.body, keypoints[..., :3], keypoints[..., 3])
        positions = positions + normal(*positions.shape) * NOISE * unit[:, None, None, None]

        size = SHORTEST_WINDOW + (1 - SHORTEST_WINDOW) * uniform(batch)
        start = (1 - size) * uniform(batch)
        return torch.cat([positions, confidence[..., None]], -1), torch.stack([start, start + size], 1)


def mixture(clips: int, samples: int, mixup: float, cutmix: float) -> Tensor:
    """How much of each sample of a clip stays, when another clip makes up for the rest; labels are mixed by its mean.

    Args:
        mixup: parameter of the Beta distribution of a share that is the same for all clips and samples of the batch
            (mixup; Zhang et al., ICLR 2018); 0 for clips as they are.
        cutmix: how likely it is that a stretch of up to half of each clip is the other's instead (CutMix, in time; Yun
            et al., ICCV 2019).

    Returns:
        (clips, samples) in 0..1.
    """
    if torch.rand(()) >= cutmix:
        share = torch.distributions.Beta(mixup, mixup).sample() if mixup else torch.ones(())
        return share.expand(clips, samples)
    length = torch.rand(clips, 1) / 2
    start = torch.rand(clips, 1) * (1 - length)
    time = (torch.arange(samples) + 0.5) / samples
    return 1 - ((time >= start) & (time < start + length)).float()


def _rotation(angle: Tensor, first: int, second: int) -> Tensor:
    """(batch,) radians -> (batch, 3, 3), in the plane of two of the axes."""
    matrix = torch.eye(3, device=angle.device).repeat(len(angle), 1, 1)
    matrix[:, first, first] = matrix[:, second, second] = angle.cos()
    matrix[:, first, second] = -angle.sin()
    matrix[:, second, first] = angle.sin()
    return matrix
