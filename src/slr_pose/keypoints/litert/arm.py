"""An arm of the body: where its hand should be seen, and whether a hand is its own."""

from dataclasses import dataclass

import numpy as np

from slr_pose.keypoints.litert.region import Region, angle_of

VISIBLE = 0.5  # how visible the wrist must be for the hand to be expected
HAND_OF_FOREARM = 0.75  # a hand's length, as a share of the forearm's, which is shortened alike when it points at us
# In shoulder widths. Measured on clips of asl30: from the body's wrist to that of a hand that MediaPipe's graph found
# are 0.07 in the median, and 0.16 in 95 % of the cases; from the wrist to the middle knuckle 0.15 to 0.35, in 90 %.
HAND = 0.45  # a hand's length
NEAR = 0.25  # from the body's wrist to the hand's, at most
KNUCKLE = (0.1, 0.5)  # from the wrist of a hand to the knuckle of its middle finger, at least and at most
ONE = 0.12  # between the same points of two hands that are one, at most


@dataclass(frozen=True)
class Arm:
    """An arm in one picture, in pixels.

    Attributes:
        points: (4, 2) elbow, wrist, and the knuckles of little and index finger as the body's network guesses them.
        visibility: of the wrist, 0 to 1.
        shoulders: how far apart they are.
    """

    points: np.ndarray
    visibility: float
    shoulders: float

    @property
    def wrist(self) -> np.ndarray:
        """(2,)."""
        return self.points[1]

    @property
    def forearm(self) -> np.ndarray:
        """From elbow to wrist, (2,)."""
        return self.points[1] - self.points[0]

    @property
    def knuckle(self) -> np.ndarray:
        """That of the middle finger, about: between index and little finger, nearer to the index, (2,)."""
        return (self.points[2] + 2 * self.points[3]) / 3

    def shows_hand(self, width: int, height: int) -> bool:
        """Whether its whole hand should be in a picture of this size, though something may be before it."""
        tip = self.wrist + HAND_OF_FOREARM * self.forearm
        return bool(self.visibility > VISIBLE and (tip >= 0).all() and (tip < (width, height)).all())

    def ahead(self, hands: float) -> Region:
        """A square as large as so many hands where the hand is, if it goes on as the forearm does."""
        across, down = self.forearm
        turn = angle_of(across, down)
        x, y = self.wrist + HAND * self.shoulders / 2 * np.array([np.sin(turn), -np.cos(turn)])
        return Region(float(x), float(y), hands * HAND * self.shoulders, turn)

    def distance(self, hand: np.ndarray) -> float:
        """From its wrist to where a hand, (21, 2 or more) pixels, begins, in shoulder widths."""
        return float(np.linalg.norm(hand[0, :2] - self.wrist)) / self.shoulders

    def has(self, hand: np.ndarray, other: "Arm") -> bool:
        """Whether a hand, (21, 2 or more) pixels, begins where this arm ends, and not where the other does."""
        length = float(np.linalg.norm(hand[9, :2] - hand[0, :2])) / self.shoulders
        return self.distance(hand) < min(NEAR, other.distance(hand)) and KNUCKLE[0] < length < KNUCKLE[1]

    def is_others(self, hand: np.ndarray, other: "Arm") -> bool:
        """Whether a hand, (21, 2 or more) pixels, begins where the other arm ends, and the two are apart."""
        apart = float(np.linalg.norm(self.wrist - other.wrist)) / self.shoulders
        return apart > HAND and other.distance(hand) < self.distance(hand)

    def is_one(self, hand: np.ndarray, other: np.ndarray) -> bool:
        """Whether two hands, (21, 2 or more) pixels each, are one and the same."""
        return float(np.linalg.norm((hand - other)[:, :2], axis=1).mean()) / self.shoulders < ONE
