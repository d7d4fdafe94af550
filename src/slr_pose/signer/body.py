"""The signer's body: proportions, places on it, and arms that bring a hand to a place.

World: metres, x to the right of the picture, y up, z towards the camera, zero between the shoulder joints. The signer
faces the camera, so a vector of the signer's frame (right, up, out; see `hamnosys.orientation`) is (-x, y, z).
Everything here is said of a right-handed signer; a left-handed one is the mirror image (see `performance`).
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slr_pose.hamnosys.notation import Site
from slr_pose.hamnosys.orientation import DIRECTIONS, PALMS, finger_vectors, palm_normals, unit
from slr_pose.signer import hand

TO_WORLD = np.array((-1.0, 1.0, 1.0))  # signer's frame -> world, and back
HEAD = np.array((0.0, 0.232, 0.0))  # between the ears, at the height of the eyes
TORSO_LENGTH = 0.50  # shoulders to hips

# Of the head, in metres from HEAD: signer's right, up, out. What the face points of a body pose are.
FACE = {
    "NOSE": (0, -0.033, 0.116),
    "EYE_INNER": (0.018, 0.002, 0.086),
    "EYE": (0.034, 0.003, 0.086),
    "EYE_OUTER": (0.050, 0.001, 0.078),
    "EAR": (0.070, -0.006, 0.0),
    "MOUTH": (0.027, -0.068, 0.092),
}

with open(Path(__file__).with_name("places.csv"), encoding="utf-8", newline="") as _table:
    PLACES = {
        row["place"]: {key: value if key == "region" else float(value) for key, value in row.items() if key != "place"}
        for row in csv.DictReader(_table)
    }


@dataclass(frozen=True)
class Proportions:
    """Lengths in metres, and how much larger than usual head and hands are."""

    half_shoulders: float = 0.172
    upper_arm: float = 0.285
    forearm: float = 0.250
    head: float = 1.04
    hand: float = 1.0


def rotation(finger: np.ndarray, palm: np.ndarray) -> np.ndarray:
    """Hand frame -> world, (3, 3), for fingers and palm in the signer's frame; the palm gives way."""
    y = finger * TO_WORLD / np.linalg.norm(finger)
    z = palm * TO_WORLD
    z = z - y * (y @ z)
    z /= np.linalg.norm(z)
    return np.stack([np.cross(y, z), y, z], axis=1)


def finger_vector(names: tuple[str, ...]) -> np.ndarray:
    """The direction of a symbol, or between several, (3,) in the signer's frame."""
    vectors = [finger_vectors()[DIRECTIONS.index(name.removeprefix("hamextfinger"))] for name in names]
    total = np.sum(vectors, axis=0)
    return total / np.linalg.norm(total) if np.linalg.norm(total) > 1e-6 else vectors[0]


def palm_vector(finger: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """The normal of a palm symbol, or between several, for those fingers, (3,) in the signer's frame."""
    total = palm_normals(finger)[[PALMS.index(name.removeprefix("hampalm")) for name in names]].sum(axis=0)
    return (
        total if np.linalg.norm(total) > 1e-6 else palm_normals(finger)[PALMS.index(names[0].removeprefix("hampalm"))]
    )


def place(name: str, before: str, after: str, proportions: Proportions) -> tuple[np.ndarray, np.ndarray]:
    """A place on head or trunk -> its point and the normal there, in the world.

    Args:
        before, after: the side marker before the place, which means the signer's left, or after it, the right.
    """
    row = PLACES[name]
    marker = (before or after).removeprefix("hamlr")
    side = -1.0 if before else 1.0
    across = side * row[{"at": "side", "beside": "beside"}.get(marker, "centre")]
    point, normal = np.array((across, row["up"], row["out"])), np.array([row[f"normal_{axis}"] for axis in _AXES])
    if marker or row["centre"]:
        normal[0] *= side
    elif name == "hamhead":
        normal[0] = 0
    if row["region"] == "head":
        point = HEAD * TO_WORLD + point * proportions.head
    else:
        point[0] *= proportions.half_shoulders / 0.172
    return point * TO_WORLD, normal * TO_WORLD / np.linalg.norm(normal)


_AXES = ("right", "up", "out")


def part_of_hand(joints: np.ndarray, parts: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A part of the hand -> its point on the skin and the normal there, in the hand's own frame.

    Args:
        joints: (21, 3) in the hand's own frame.
        parts: symbols: a finger, a part of a finger, a part of the hand.
    """
    finger = next((name for name in parts if hand.finger_number(name) is not None), None)
    number = hand.finger_number(finger) if finger else _longest(joints)
    first = 1 + 4 * number
    base, middle, last, tip = joints[first : first + 4]
    along = unit(tip - last)
    palmar = np.array((0, 0, 1.0)) if number else np.array((-0.7, 0, 0.7))
    pad = unit(palmar - along * (along @ palmar)) if abs(along @ palmar) < 0.98 else np.array((0, -1.0, 0))
    palm, z = joints[[0, 5, 9, 13, 17]].mean(axis=0), np.array((0, 0, 1.0))
    part = next((name for name in parts if name != finger), "hamfingertip" if finger else parts[0])
    points = {
        "hamfingertip": (tip + 0.004 * along, along),
        "hamfingerpad": ((tip + last) / 2 + 0.008 * pad, pad),
        "hamfingernail": ((tip + last) / 2 - 0.007 * pad, -pad),
        "hamfingermidjoint": (middle - 0.009 * pad, -pad),
        "hamfingerbase": (base - 0.010 * z, -z),
        "hamfingerside": ((middle + base) / 2 + (0.010, 0, 0), np.array((1.0, 0, 0))),
        "hampalm": (palm + 0.018 * z, z),
        "hamhandback": (palm - 0.016 * z, -z),
        "hamthumbside": (joints[5] * 0.8 + (0.016, 0, 0), np.array((1.0, 0, 0))),
        "hampinkyside": (joints[17] * 0.6 + (-0.018, 0, 0), np.array((-1.0, 0, 0))),
        "hamthumbball": (joints[1] * 0.5 + joints[2] * 0.5 + 0.014 * z, z),
        "hamwristback": (-0.018 * z, -z),
        "hamwristpulse": (0.018 * z, z),
    }
    return points.get(part, points["hampalm"])


def _longest(joints: np.ndarray) -> int:
    """The finger that reaches farthest from the wrist; the index where it is as good as any."""
    reach = np.linalg.norm(joints[[8, 12, 16, 20]], axis=-1) - (0, 0.012, 0.012, 0.0)
    return 1 + int(reach.argmax())


def touching_part(joints: np.ndarray, towards: np.ndarray, is_pointed: bool) -> tuple[np.ndarray, float]:
    """Which part of a hand meets a surface that lies in a direction, and how far the hand reaches there.

    Args:
        joints: (21, 3) turned as in the world.
        towards: unit vector, from the hand to the surface.
        is_pointed: whether it is a hand that touches with its tips wherever it can, such as one that points.

    Returns:
        The point that comes to lie on the place, and how far the hand reaches in that direction, of which soft flesh
        and a slight turn give up 2 cm for the sake of a tip.
    """
    radii = np.full(21, 0.008)
    radii[[0, 1]], radii[[5, 9, 13, 17]] = 0.018, 0.013
    reach = joints @ towards + radii
    first = 4 * (1 + _longest(joints - joints[0]))
    tip = joints[first]
    if is_pointed and reach[first] > reach.max() - 0.06:
        thumb = np.linalg.norm(joints[4] - tip) < 0.03
        return (joints[4] + tip) / 2 if thumb else tip, max(reach[first], reach.max() - 0.02)
    if reach[first] > reach.max() - 0.01 and abs(joints[first] @ towards - joints[0] @ towards) > 0.05:
        return tip, reach.max()
    near = reach > reach.max() - 0.012
    return joints[near].mean(axis=0), reach.max()


def elbows(shoulder: np.ndarray, wrist: np.ndarray, swivel: np.ndarray, side: float, upper: float, fore: float):
    """Two-bone inverse kinematics, https://en.wikipedia.org/wiki/Inverse_kinematics, by the law of cosines.

    Args:
        shoulder, wrist: (..., 3); the wrist within reach (see `within_reach`).
        swivel: (...) radians about the line from shoulder to wrist, zero where the elbow hangs, positive outwards.
        side: -1 for the arm at the left of the picture (the signer's right), 1 for the other.

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


def strain(shoulder: np.ndarray, wrist: np.ndarray, turned: np.ndarray, side: float, upper: float, fore: float):
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


def comfortable(shoulder: np.ndarray, wrist: np.ndarray, turned: np.ndarray, side: float, upper: float, fore: float):
    """A wrist near the one that is asked for, (3,), at which the arm is less strained."""
    near = within_reach(shoulder, wrist + COMFORT * (side, 1, 1), upper, fore)
    cost = strain(shoulder, near, turned, side, upper, fore).min(axis=-1) + (COMFORT**2).sum(axis=-1) / 0.07**2
    return near[cost.argmin()]


def hand_joints(angles: np.ndarray, scale: float) -> np.ndarray:
    """The joints of a right hand in its own frame, (..., 21, 3) metres."""
    return hand.joints(angles) * scale


def is_on_hand(site: Site) -> bool:
    """Whether a place is one on the other hand or arm."""
    return site.parts[0] not in PLACES
