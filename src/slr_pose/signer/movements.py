"""A movement of a notation -> how far the hand goes, what it does on its way there, and how long that takes."""

from typing import NamedTuple

import numpy as np

from slr_pose.hamnosys.joints import FINGERS
from slr_pose.hamnosys.notation import Move
from slr_pose.hamnosys.orientation import AXES, towards
from slr_pose.signer import body, hand
from slr_pose.signer.keys import Way

MOVE_S = 0.36
STRIDE_M = {"": 0.13, "hamsmallmod": 0.06, "hamlargemod": 0.22}
RADIUS_M = {"": 0.06, "hamsmallmod": 0.03, "hamlargemod": 0.10}
UP, OUT = np.array((0.0, 1.0, 0.0)), np.array((0.0, 0.0, 1.0))  # of the world
SECONDS = {"": 1.0, "hamsmallmod": 0.75, "hamlargemod": 1.3}  # in MOVE_S
NOD, TWIST, SWING = 0, 1, 2  # axes of the hand's own frame
SWINGS: dict[str, tuple[tuple[int, float, float], ...]] = {  # axis, radians, how often
    "hamnodding": ((NOD, 0.5, 2.0),),
    "hamtwisting": ((TWIST, 0.6, 2.0),),
    "hamswinging": ((SWING, 0.4, 2.0),),
    "hamstircw": ((NOD, 0.3, 2.0), (SWING, 0.3, 2.0)),
    "hamstirccw": ((NOD, 0.3, 2.0), (SWING, -0.3, 2.0)),
}


class Movement(NamedTuple):
    """How far the wrist goes, (3,) metres in the world; what the hand does on its way; seconds."""

    shift: np.ndarray
    way: Way
    seconds: float


def movement(move: Move, scale: float) -> Movement:
    """What a signer makes of a movement; `scale` is how much larger than usual."""
    size = next((name for name in move.modifiers if name in STRIDE_M), "")
    seconds = MOVE_S * SECONDS[size]
    seconds *= 0.7 if "hamfast" in move.modifiers else 1.5 if "hamslow" in move.modifiers else 1
    still = np.zeros(3)
    name = move.name
    if name.startswith("hammove") and set(name[7:]) <= set(AXES):
        direction, stride = _vector(name[7:]), STRIDE_M[size]
        return Movement(direction * stride * scale, _curve(direction, stride, scale, move.modifiers), seconds)
    if name.startswith("hamcircle"):
        turns = 1.0 if not any(m.startswith("hamclock") and m != "hamclockfull" for m in move.modifiers) else 0.5
        return Movement(still, _circle(_vector(name[9:]), RADIUS_M[size] * scale, turns), seconds * 1.9 * turns)
    if name == "hamfingerplay":
        named = [number for finger in move.fingers if (number := hand.finger_number(finger)) is not None]
        play = np.isin(np.arange(len(FINGERS)), named).astype(float) if named else np.ones(len(FINGERS))
        return Movement(still, Way(play=play * 2.5), seconds * 2.2)
    if name in SWINGS:
        return Movement(still, Way(swings=SWINGS[name]), seconds * 2)
    return Movement(still, Way(), seconds)


def _curve(direction: np.ndarray, stride: float, scale: float, modifiers: tuple[str, ...]) -> Way:
    """How a straight movement is bent by its modifiers."""
    way = Way()
    for modifier in modifiers:
        if modifier.startswith("hamarc"):
            way.bulge = _aside(direction, _vector(modifier[6:])) * 0.42 * stride * scale
        elif modifier in ("hamwavy", "hamzigzag"):
            way.wave = _aside(direction, UP) * 0.025
    return way


def _circle(axis: np.ndarray, radius: float, turns: float) -> Way:
    """About an axis, beginning at the top, or in front where the axis points up."""
    first = _aside(axis, UP if abs(axis[1]) < 0.9 else OUT)
    return Way(circle=(first * radius, np.cross(axis, first) * radius, turns))


def _vector(letters: str) -> np.ndarray:
    """Letters of a direction -> a unit vector in the world."""
    vector = towards(letters) * body.TO_WORLD
    return vector / np.linalg.norm(vector)


def _aside(direction: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The part of `wanted` that is perpendicular to a direction, as a unit vector; up where there is none."""
    found = wanted - direction * (direction @ wanted)
    if np.linalg.norm(found) < 1e-3:
        found = OUT - direction * direction[2]
    return found / np.linalg.norm(found)
