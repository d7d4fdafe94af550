"""What every part of the figure has: a distance, paint, and a box around it."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
import torch

from slr_pose.signer.figure.paint import Paint
from slr_pose.signer.figure.shapes import Capsules


class Painted(NamedTuple):
    """Of points on a part: the share of red, green and blue that they reflect, their gloss, and how much they are skin.

    All are (points, 3), linear.
    """

    albedo: torch.Tensor
    gloss: torch.Tensor
    skin: torch.Tensor


class BodyPart(ABC):
    """A part of the signer whose surface is searched for on its own.

    Attributes:
        capsules: what it is made of, or lies within.
        margin: how far it may reach beyond them, in metres.
    """

    capsules: Capsules
    margin = 0.02

    @abstractmethod
    def distance(self, points: torch.Tensor) -> torch.Tensor:
        """(points, 3) in the world -> how far each is from the surface, (points,) metres, negative inside."""

    @abstractmethod
    def paint(self, paint: Paint, points: torch.Tensor, normals: torch.Tensor, eyes: float) -> Painted:
        """How points on the surface, (points, 3), look; `eyes` is how far they are open, 0 to 1."""

    def corners(self) -> np.ndarray:
        """(8, 3) corners of a box around it."""
        ends = torch.cat([self.capsules.start, self.capsules.end])
        radii = torch.cat([self.capsules.radius, self.capsules.radius_end])[:, None] + self.margin
        low, high = (ends - radii).amin(dim=0).numpy(), (ends + radii).amax(dim=0).numpy()
        return np.stack(np.meshgrid(*zip(low, high, strict=True)), axis=-1).reshape(-1, 3)

    def range(self, eye: torch.Tensor) -> tuple[float, float]:
        """Where along a ray from the eye, (3,), it begins and ends, at the earliest and the latest, in metres."""
        corners = self.corners()
        front, back = float(corners[:, 2].max()), float(corners[:, 2].min())
        return float(eye[2]) - front - 0.01, (float(eye[2]) - back) * 1.1 + 0.02
