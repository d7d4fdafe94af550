"""What the signer looks like in a frame: trunk with sleeves, head, two arms, and the shadows that they throw."""

from dataclasses import dataclass

import numpy as np
import torch

from slr_pose.hamnosys.joints import CHAINS, INDEX, MIDDLE, PINKY, WRIST
from slr_pose.signer.figure.arm import Arm
from slr_pose.signer.figure.body_part import BodyPart
from slr_pose.signer.figure.head import Head
from slr_pose.signer.figure.trunk import Trunk
from slr_pose.signer.keys import LEFT, RIGHT, SIDES
from slr_pose.signer.performance import Performance


@dataclass
class Shades:
    """Capsules that throw shadows, the part each belongs to, and whether it shades its own part."""

    start: torch.Tensor
    end: torch.Tensor
    radius: torch.Tensor
    part: torch.Tensor
    own: torch.Tensor


@dataclass
class Figure:
    """One frame.

    Attributes:
        parts: trunk, head, the arm at the left of the picture, the other.
        shades: the capsules that throw shadows.
        eyes: how far they are open, 0..1.
    """

    parts: list[BodyPart]
    shades: Shades
    eyes: float

    @classmethod
    def of(cls, performance: Performance, frame: int) -> "Figure":
        """The figure in one frame of a performance."""
        signer = performance.signer
        shoulders, elbows = performance.shoulders[:, frame], performance.elbows[:, frame]
        scale = signer.proportions.hand
        trunk = Trunk(shoulders, elbows, performance.wrists[:, frame], signer.look)
        head = Head(performance.head[frame], performance.head_place[frame], signer.look, signer.proportions.head)
        parts: list[BodyPart] = [trunk, head]
        skull = head.place.numpy()
        rows = [(skull + (0, 0.03, -0.01), skull + (0, -0.05, 0.02), 0.072, Head.number, False)]
        for side in (RIGHT, LEFT):
            joints, number = performance.hands[side, frame], len(parts)
            wrist = joints[WRIST]
            parts.append(Arm(number, joints, elbows[side], shoulders[side], SIDES[side], scale))
            rows += [(shoulders[side], elbows[side], 0.036, Trunk.number, False)]
            rows += [(elbows[side], wrist, 0.026, number, False)]
            rows += [(wrist, joints[chain[0]], 0.013, number, True) for chain in (INDEX, MIDDLE, PINKY)]
            for first, second, _, tip in CHAINS:
                rows += [(joints[a], joints[b], 0.0075, number, True) for a, b in ((first, second), (second, tip))]
        ends = torch.as_tensor(np.array([[row[0], row[1]] for row in rows]), dtype=torch.float32)
        radius = torch.tensor([row[2] for row in rows])
        part, own = torch.tensor([row[3] for row in rows]), torch.tensor([row[4] for row in rows])
        shades = Shades(ends[:, 0], ends[:, 1], radius, part, own)
        return cls(parts, shades, _open_eyes(frame / performance.fps))


def _open_eyes(seconds: float) -> float:
    """How far the eyes are open, 0..1."""
    since = (seconds + 0.4) % 2.9 - 2.7
    return 1.0 if since < 0 else abs(since - 0.1) / 0.1 * 0.95 + 0.05
