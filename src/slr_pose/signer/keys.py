"""What a choreography is made of: keys, that is where a hand is and how it is turned and bent, and ways between."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

RIGHT: Final = 0  # the hands, which stand at the left and at the right of the picture
LEFT: Final = 1
SIDES = (-1.0, 1.0)
MIRROR = np.diag((-1.0, 1.0, 1.0))
SWAPPED = np.array(MIRROR.diagonal())
PHASES = ("rest", "approach", "hold", "stroke", "retreat")


@dataclass
class Key:
    """Where a hand is.

    Attributes:
        wrist: (3,) metres in the world.
        turned: (3, 3) rotation, from the hand's own frame to the world.
        angles: (5, 4) radians of its fingers.
    """

    wrist: np.ndarray
    turned: np.ndarray
    angles: np.ndarray

    def mirrored(self) -> "Key":
        """The same of the other hand, as in a mirror."""
        return Key(self.wrist * SWAPPED, MIRROR @ self.turned @ MIRROR, self.angles)


@dataclass
class Way:
    """What a hand does on its way from one key to the next, besides going there.

    Attributes:
        bulge: (3,) how far the middle of the way lies off the straight line.
        circle: two perpendicular radii (3,) and the number of turns.
        swings: axis of the hand's own frame (0 nods, 1 twists, 2 swings), radians, how often.
        play: how often each finger bends and stretches, (5,).
        wave: (3,) amplitude of a wavy path.
    """

    bulge: np.ndarray = field(default_factory=lambda: np.zeros(3))
    circle: tuple[np.ndarray, np.ndarray, float] | None = None
    swings: tuple[tuple[int, float, float], ...] = ()
    play: np.ndarray = field(default_factory=lambda: np.zeros(5))
    wave: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def mirrored(self) -> "Way":
        """The same of the other hand, as in a mirror."""
        circle = self.circle and (self.circle[0] * SWAPPED, self.circle[1] * SWAPPED, self.circle[2])
        swings = tuple((axis, radians if axis == 0 else -radians, often) for axis, radians, often in self.swings)
        return Way(self.bulge * SWAPPED, circle, swings, self.play, self.wave * SWAPPED)

    def and_(self, other: "Way") -> "Way":
        """Both at the same time."""
        circle = self.circle or other.circle
        return Way(
            self.bulge + other.bulge, circle, self.swings + other.swings, self.play + other.play, self.wave + other.wave
        )


@dataclass
class Motion:
    """What both hands do in a stretch of time, which ends with each at a key; a hold ends where it began."""

    seconds: float
    phase: str
    keys: tuple[Key, Key]
    ways: tuple[Way, Way]

    def mirrored(self) -> "Motion":
        """The same with the hands swapped, as in a mirror."""
        right, left = self.keys
        way, other_way = self.ways
        return Motion(
            self.seconds, self.phase, (left.mirrored(), right.mirrored()), (other_way.mirrored(), way.mirrored())
        )
