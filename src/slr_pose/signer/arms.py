"""The arms that bring hands to their places: shoulders, elbows, and how strained they are."""

from typing import NamedTuple

import numpy as np

from slr_pose.hamnosys.orientation import unit
from slr_pose.signer.body import HEAD, Proportions
from slr_pose.signer.keys import SIDES, Key

SWIVELS = np.linspace(-0.2, 1.9, 43)

# What a forearm, here at some points from elbow to wrist, has to keep out of: ellipsoids of head, neck and chest.
ALONG = np.array((0.0, 0.35, 0.7, 0.9))
SOLID = (
    (HEAD, np.array((0.11, 0.15, 0.13))),
    (np.array((0.0, 0.09, 0.0)), np.array((0.10, 0.12, 0.11))),
    (np.array((0.0, -0.22, 0.0)), np.array((0.20, 0.30, 0.17))),
)

# How far the hand may move away from where neutral space has it, for the wrist's sake: outwards, up, to the front.
COMFORT = np.stack(np.meshgrid((0, 0.05, 0.1), (-0.09, -0.045, 0, 0.045, 0.09), (-0.1, -0.05, 0, 0.05)), axis=-1)
COMFORT = COMFORT.reshape(-1, 3)


class Arm(NamedTuple):
    """Where an arm is, (3,) metres in the world, and how far its elbow is turned out, as in `elbows`."""

    shoulder: np.ndarray
    elbow: np.ndarray
    swivel: float


class Arms:
    """Both arms of a signer; `which` is RIGHT or LEFT."""

    def __init__(self, proportions: Proportions):
        self.half_shoulders = proportions.half_shoulders
        self.bones = proportions.upper_arm, proportions.forearm

    def shoulder(self, which: int) -> np.ndarray:
        """(3,) metres."""
        return np.array((SIDES[which] * self.half_shoulders, 0.0, 0.0))

    def arm(self, which: int, key: Key) -> Arm:
        """The least strained arm whose hand is at a key."""
        shoulder = self.shoulder(which)
        swivel = SWIVELS[self.strain(which, key).argmin()]
        wrist = within_reach(shoulder, key.wrist, *self.bones)
        return Arm(shoulder, elbows(shoulder, wrist, swivel, SIDES[which], *self.bones), swivel)

    def strain(self, which: int, key: Key) -> np.ndarray:
        """How strained an arm is whose hand is at a key, at each of `SWIVELS`, (swivels,) without a unit."""
        shoulder = self.shoulder(which)
        wrist = within_reach(shoulder, key.wrist, *self.bones)
        return strain(shoulder, wrist, key.turned, SIDES[which], *self.bones)

    def comfortable(self, which: int, wrist: np.ndarray, turned: np.ndarray) -> np.ndarray:
        """A wrist near the one that is asked for, (3,), at which the arm is less strained."""
        shoulder = self.shoulder(which)
        near = within_reach(shoulder, wrist + COMFORT * (SIDES[which], 1, 1), *self.bones)
        cost = strain(shoulder, near, turned, SIDES[which], *self.bones).min(axis=-1)
        return near[(cost + (COMFORT**2).sum(axis=-1) / 0.07**2).argmin()]


def elbows(
    shoulder: np.ndarray, wrist: np.ndarray, swivel: np.ndarray, side: float, upper: float, fore: float
) -> np.ndarray:
    """Two-bone inverse kinematics, https://en.wikipedia.org/wiki/Inverse_kinematics, by the law of cosines.

    Args:
        shoulder, wrist: (..., 3); the wrist within reach (see `within_reach`).
        swivel: (...) radians about the line from shoulder to wrist, zero where the elbow hangs, positive outwards.
        side: -1 for the arm at the left of the picture (the signer's right), 1 for the other.
        upper, fore: lengths of its two bones in metres.

    Returns:
        (..., 3) elbows.
    """
    line = wrist - shoulder
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    along = line / distance
    share = (upper**2 - fore**2 + distance**2) / (2 * distance)
    lift = np.sqrt(np.maximum(upper**2 - share**2, 0))
    hanging = np.array((0.0, -1.0, -0.12)) - along * (along @ (0.0, -1.0, -0.12))[..., None]
    hanging = unit(hanging + 1e-9)
    outwards = np.cross(along, hanging)
    outwards = outwards * np.where(outwards[..., :1] * side < 0, -1, 1)
    turn = np.asarray(swivel)[..., None]
    return shoulder + along * share + lift * (np.cos(turn) * hanging + np.sin(turn) * outwards)


def within_reach(shoulder: np.ndarray, wrist: np.ndarray, upper: float, fore: float) -> np.ndarray:
    """The wrist, or the nearest point that the arm reaches, (..., 3)."""
    line = wrist - shoulder
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    return shoulder + line * (distance.clip(abs(upper - fore) + 0.06, (upper + fore) * 0.985) / distance)


def strain(
    shoulder: np.ndarray, wrist: np.ndarray, turned: np.ndarray, side: float, upper: float, fore: float
) -> np.ndarray:
    """How strained an arm is at each of `SWIVELS`: the wrist bends, the elbow rises, swings out or enters the body.

    Args:
        wrist: (..., 3), within reach.
        turned: (3, 3) the hand's rotation.

    Returns:
        (..., swivels), without a unit.
    """
    wrist = wrist[..., None, :]
    elbow = elbows(shoulder, wrist, SWIVELS, side, upper, fore)
    bend = np.arccos((unit(wrist - elbow) @ turned[:, 1]).clip(-1, 1))
    rise = (elbow[..., 1] - shoulder[1] + 0.08).clip(0) / 0.10
    points = elbow[..., None, :] + ALONG[:, None] * (wrist - elbow)[..., None, :]
    inside = sum(
        (1 - np.linalg.norm((points - centre) / radii, axis=-1)).clip(0).max(axis=-1) for centre, radii in SOLID
    )
    return (bend / 0.7) ** 2 + rise**2 + (inside / 0.15) ** 2 + 0.8 * (SWIVELS - 0.35) ** 2
