"""Signed distances to capsules and ellipsoids, and blends of them: what a body part is made of.

After Quilez (https://iquilezles.org/articles/distfunctions, https://iquilezles.org/articles/smin).
"""

from dataclasses import dataclass

import numpy as np
import torch


def smooth_min(a: torch.Tensor, b: torch.Tensor, width: float) -> torch.Tensor:
    """The smaller of two distances, (points,) or any shape, with a seam that is `width` wide."""
    mix = (width - (a - b).abs()).clamp(min=0) / width
    return torch.minimum(a, b) - mix * mix * (width / 4)


def blend(distances: torch.Tensor, width: float) -> torch.Tensor:
    """Smooth minimum over the first axis: (shapes, points) -> (points,)."""
    return -width * torch.logsumexp(distances / -width, dim=0)


@dataclass
class Capsules:
    """Segments with a radius at each end: (capsules, 3), (capsules,)."""

    start: torch.Tensor
    end: torch.Tensor
    radius: torch.Tensor
    radius_end: torch.Tensor

    @classmethod
    def of(cls, rows: list[tuple]) -> "Capsules":
        """Rows of (start, end, radius, radius at the end)."""
        ends = torch.as_tensor(np.array([[row[0], row[1]] for row in rows]), dtype=torch.float32)
        radii = torch.tensor([row[2:] for row in rows], dtype=torch.float32)
        return cls(ends[:, 0], ends[:, 1], radii[:, 0], radii[:, 1])

    def along(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(points, 3) -> distances and the share of the way along, both (capsules, points)."""
        bone = self.end - self.start
        length = (bone * bone).sum(dim=-1).clamp(min=1e-9)[:, None]
        ahead = bone @ points.T - (bone * self.start).sum(dim=-1)[:, None]
        share = (ahead / length).clamp(0, 1)
        squared = (points * points).sum(dim=-1) + (self.start**2).sum(dim=-1)[:, None] - 2 * (self.start @ points.T)
        squared = squared - share * (2 * ahead - share * length)
        slope = (self.radius_end - self.radius)[:, None]
        return squared.clamp(min=0).sqrt() - self.radius[:, None] - share * slope, share


class Ellipsoids:
    """Parts with a centre and three radii: (parts, 3), (parts, 3)."""

    def __init__(self, centres: list[tuple], radii: list[tuple], more: float = 0.0):
        centre, radius = torch.tensor(centres), torch.tensor(radii) + more
        weights = []
        for power in (-2, -4):  # (p - c)^2 / r^2, and / r^4, multiplied out
            share = radius**power
            weights.append((torch.cat([share, -2 * centre * share], dim=-1), (centre**2 * share).sum(dim=-1)))
        self.weight = torch.cat([weight for weight, _ in weights])
        self.rest = torch.cat([rest for _, rest in weights])[:, None]

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        """(points, 3) -> about the distances, (parts, points)."""
        squares = torch.addmm(self.rest, self.weight, torch.cat([points * points, points], dim=-1).T)
        near, steep = squares.clamp(min=1e-9).sqrt().chunk(2)
        return near * (near - 1) / steep
