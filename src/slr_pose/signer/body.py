"""The signer's body: proportions, places on it, and the parts of a hand that come to them.

World: metres, x to the right of the picture, y up, z towards the camera, zero between the shoulder joints. The signer
faces the camera, so a vector of the signer's frame (right, up, out; see `hamnosys.orientation`) is (-x, y, z).
Everything here is said of a right-handed signer; a left-handed one is the mirror image (see `performance`).
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slr_pose.hamnosys.joints import CHAINS, INDEX, KNUCKLES, PALM, PINKY, THUMB, TIPS, WRIST
from slr_pose.hamnosys.notation import Site
from slr_pose.hamnosys.orientation import DIRECTIONS, PALMS, finger_vectors, palm_normals, unit
from slr_pose.signer import hand

TO_WORLD = np.array((-1.0, 1.0, 1.0))  # signer's frame -> world, and back
HEAD = np.array((0.0, 0.232, 0.0))  # between the ears, at the height of the eyes
TORSO_LENGTH = 0.50  # shoulders to hips

# Of the head, in metres from HEAD: the kinds of joints of a face, of the side at the right of the picture, up, out.
FACE = {
    "nose": (0, -0.033, 0.116),
    "eye_inner": (0.018, 0.002, 0.086),
    "eye": (0.034, 0.003, 0.086),
    "eye_outer": (0.050, 0.001, 0.078),
    "ear": (0.070, -0.006, 0.0),
    "mouth": (0.027, -0.068, 0.092),
}


@dataclass(frozen=True)
class Place:
    """A row of `places.csv`, in metres: where a place on head or trunk is, and the normal there.

    Attributes:
        region: `head`, whose places are measured from HEAD, or `trunk`, from between the shoulders.
        centre, side, beside: how far to the right it is without a side, at its right side, and beside that.
    """

    region: str
    centre: float
    side: float
    beside: float
    up: float
    out: float
    normal_right: float
    normal_up: float
    normal_out: float

    def across(self, marker: str) -> float:
        """How far to the right it is with a side marker, or without one."""
        return {"hamlrat": self.side, "hamlrbeside": self.beside}.get(marker, self.centre)


with open(Path(__file__).with_name("places.csv"), encoding="utf-8", newline="") as _table:
    PLACES = {
        row.pop("place"): Place(row.pop("region"), **{key: float(value) for key, value in row.items()})
        for row in csv.DictReader(_table)
    }


def region(name: str) -> str:
    """Where a place is, `head` or `trunk`; empty where it is on a hand or arm."""
    return PLACES[name].region if name in PLACES else ""


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
    """A place on head or trunk -> its point and the normal there, (3,) each in the world.

    Args:
        before, after: the side marker before the place, which means the signer's left, or after it, the right.
    """
    row = PLACES[name]
    marker = before or after
    side = -1.0 if before else 1.0
    point = np.array((side * row.across(marker), row.up, row.out))
    normal = np.array((row.normal_right, row.normal_up, row.normal_out))
    if marker or row.centre:
        normal[0] *= side
    elif name == "hamhead":
        normal[0] = 0
    if row.region == "head":
        point = HEAD * TO_WORLD + point * proportions.head
    else:
        point[0] *= proportions.half_shoulders / 0.172
    return point * TO_WORLD, normal * TO_WORLD / np.linalg.norm(normal)


def part_of_hand(joints: np.ndarray, parts: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A part of the hand -> its point on the skin and the normal there, in the hand's own frame.

    Args:
        joints: (21, 3) in the hand's own frame.
        parts: symbols: a finger, a part of a finger, a part of the hand.
    """
    named = {name: number for name in parts if (number := hand.finger_number(name)) is not None}
    finger, number = next(iter(named.items()), ("", _longest(joints)))
    base, middle, last, tip = joints[CHAINS[number]]
    along = unit(tip - last)
    palmar = np.array((0, 0, 1.0)) if number else np.array((-0.7, 0, 0.7))
    pad = unit(palmar - along * (along @ palmar)) if abs(along @ palmar) < 0.98 else np.array((0, -1.0, 0))
    palm, z = joints[PALM].mean(axis=0), np.array((0, 0, 1.0))
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
        "hamthumbside": (joints[INDEX[0]] * 0.8 + (0.016, 0, 0), np.array((1.0, 0, 0))),
        "hampinkyside": (joints[PINKY[0]] * 0.6 + (-0.018, 0, 0), np.array((-1.0, 0, 0))),
        "hamthumbball": (joints[THUMB[0]] * 0.5 + joints[THUMB[1]] * 0.5 + 0.014 * z, z),
        "hamwristback": (-0.018 * z, -z),
        "hamwristpulse": (0.018 * z, z),
    }
    return points.get(part, points["hampalm"])


def _longest(joints: np.ndarray) -> int:
    """The finger that reaches farthest from the wrist; the index where it is as good as any."""
    reach = np.linalg.norm(joints[TIPS[1:]], axis=-1) - (0, 0.012, 0.012, 0.0)
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
    radii = np.full(len(joints), 0.008)
    radii[[WRIST, THUMB[0]]], radii[KNUCKLES] = 0.018, 0.013
    reach = joints @ towards + radii
    longest = TIPS[_longest(joints - joints[WRIST])]
    tip, thumb = joints[longest], joints[TIPS[0]]
    if is_pointed and reach[longest] > reach.max() - 0.06:
        pinches = np.linalg.norm(thumb - tip) < 0.03
        return (thumb + tip) / 2 if pinches else tip, max(reach[longest], reach.max() - 0.02)
    if reach[longest] > reach.max() - 0.01 and abs(tip @ towards - joints[WRIST] @ towards) > 0.05:
        return tip, reach.max()
    near = reach > reach.max() - 0.012
    return joints[near].mean(axis=0), reach.max()


def hand_joints(angles: np.ndarray, scale: float) -> np.ndarray:
    """The joints of a right hand in its own frame, (..., 21, 3) metres."""
    return hand.joints(angles) * scale


def is_on_hand(site: Site) -> bool:
    """Whether a place is one on the other hand or arm."""
    return site.parts[0] not in PLACES
