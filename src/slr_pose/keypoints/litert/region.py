"""Where in a picture a network looks: a turned square, and the way between its points and the picture's."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Region:
    """A square in a picture, all in pixels.

    Attributes:
        x, y: its centre.
        side: its length and width.
        turn: by how many radians it is turned, clockwise: 0 is upright, and with pi / 2 its top is on the right.
    """

    x: float
    y: float
    side: float
    turn: float = 0.0

    @classmethod
    def along(cls, centre: np.ndarray, end: np.ndarray, upwards: bool = True) -> "Region":
        """The square round the circle that has this centre and goes through a point, turned to have the point on top.

        As MediaPipe's AlignmentPointsRectsCalculator.

        Args:
            centre, end: (2 or more,) pixels.
            upwards: whether the point is to be on top, or at the bottom.
        """
        x, y = (float(value) for value in centre[:2])
        across, down = float(end[0]) - x, float(end[1]) - y
        turn = angle_of(across, down) if upwards else angle_of(-across, -down)
        return cls(x, y, 2 * math.hypot(across, down), turn)

    @classmethod
    def round(cls, points: np.ndarray, turn: float, grown: float, up: float = 0.0, upright: bool = False) -> "Region":
        """The square round some points.

        As MediaPipe's RectTransformationCalculator after HandLandmarksToRectCalculator or DetectionsToRectsCalculator:
        the box round the points is first moved, and then grown to a square.

        Args:
            points: (points, 2 or more) pixels.
            grown: how often the box's longer side goes into the square's.
            up: by which share of the box's height it is moved towards its top.
            upright: the box round the points is not turned, only the square is.
        """
        frame = cls(0, 0, 1, 0 if upright else turn)
        there = frame.from_picture(points[:, :2])
        first, last = there.min(axis=0), there.max(axis=0)
        width, height = last - first
        x, y = frame.to_picture((first + last)[None] / 2)[0]
        x, y = x + up * height * math.sin(turn), y - up * height * math.cos(turn)
        return cls(float(x), float(y), float(grown * max(width, height)), turn)

    def grown(self, factor: float, up: float = 0.0) -> "Region":
        """Moved towards its top by a share of its side, and then grown by a factor."""
        x, y = self.x + up * self.side * math.sin(self.turn), self.y - up * self.side * math.cos(self.turn)
        return Region(x, y, factor * self.side, self.turn)

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Where points of the square are in the picture. As MediaPipe's LandmarkProjectionCalculator.

        Args:
            points: (points, 2 or 3) in sides of the square, from its top left corner; the depth has no origin.

        Returns:
            (points, 2 or 3) pixels.
        """
        ahead, aside = math.cos(self.turn), math.sin(self.turn)
        found = points * self.side
        x, y = found[:, 0] - self.side / 2, found[:, 1] - self.side / 2
        found[:, 0], found[:, 1] = ahead * x - aside * y + self.x, aside * x + ahead * y + self.y
        return found

    def from_picture(self, points: np.ndarray) -> np.ndarray:
        """Where points of the picture, (points, 2 or 3) pixels, are in the square: the inverse of `to_picture`."""
        ahead, aside = math.cos(self.turn), math.sin(self.turn)
        found = points / self.side
        x, y = (points[:, 0] - self.x) / self.side, (points[:, 1] - self.y) / self.side
        found[:, 0], found[:, 1] = ahead * x + aside * y + 0.5, ahead * y - aside * x + 0.5
        return found

    def share_in(self, width: int, height: int) -> float:
        """How much of the square lies in a picture of that size, 0 to 1, to a 64th."""
        places = (np.arange(8) + 0.5) / 8
        points = self.to_picture(np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2))
        return float(((points >= 0) & (points < (width, height))).all(axis=1).mean())


def angle_of(across: float, down: float) -> float:
    """By how many radians a square is turned whose top is in this direction, -pi to pi."""
    return math.atan2(across, -down)
