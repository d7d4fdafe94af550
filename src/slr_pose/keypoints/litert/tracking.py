"""Whether what was seen in the picture before may be followed, or must be looked for anew."""

import math
from dataclasses import dataclass

import numpy as np

from slr_pose.keypoints.litert.region import Region


@dataclass(frozen=True)
class Tracking:
    """How far a region may be from where something was found now, for it to be followed.

    As MediaPipe's RoiTrackingCalculator.

    Attributes:
        turn: by how many degrees it may be turned.
        place: by how many sides it may be moved, along either side of what was found.
        size: by which share of its side it may be larger or smaller.
        margin: which share of the sides of what was found, on each side, the points must keep off.
    """

    turn: float
    place: float
    size: float
    margin: float

    def follows(self, before: Region, points: np.ndarray, found: Region) -> bool:
        """Whether the region of the picture before is taken.

        Args:
            before: that region.
            points: (points, 2 or more) what was seen in the picture before, in pixels.
            found: where it was found now.
        """
        turned = (before.turn - found.turn + math.pi) % (2 * math.pi) - math.pi
        moved = found.from_picture(np.array([[before.x, before.y]]))[0] - 0.5
        inside = abs(found.from_picture(points[:, :2]) - 0.5) < 0.5 - self.margin
        return bool(
            abs(turned) <= math.radians(self.turn)
            and (abs(moved) <= self.place).all()
            and abs(before.side - found.side) <= self.size * found.side
            and inside.all()
        )
