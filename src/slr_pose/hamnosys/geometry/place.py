"""The hand in its frames -> how probable each place on head, trunk and other hand is, and its side."""

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from slr_pose.hamnosys.attributes import ATTRIBUTES, SHAPE
from slr_pose.hamnosys.geometry.prior import PLACE, prior
from slr_pose.hamnosys.geometry.probability import log_gauss, log_sum, logistic, softmax
from slr_pose.hamnosys.geometry.view import NOSE, NOSE_HEIGHT
from slr_pose.hamnosys.hand import POINTED
from slr_pose.hamnosys.joints import (
    FINGER_CHAINS,
    INDEX,
    KNUCKLES,
    LEFT_HAND,
    MIDDLE,
    PINKY,
    RIGHT_HAND,
    THUMB,
    TIPS,
    WRIST,
    joint,
)

FACE_CORNERS = [joint(name) for name in ("left_eye", "right_eye", "left_mouth", "right_mouth")]
EYES_TO_MOUTH = 0.215  # shoulder widths

# What touches a place on the head: tips of index, middle finger and thumb, or the palm; of hands that point or pinch,
# and of others. The sum is 2, not 1: hands are up there to touch, and are often lost when they do.
TOUCHING_POINTED, TOUCHING_OPEN = np.array([1.4, 0.2, 0.2, 0.2]), np.array([0.3, 0.5, 0.8, 0.4])

# Hands meet at this gap, plus or minus that, in shoulder widths; then the place is on the other hand with these
# probabilities: of two hands that differ, and of two that do the same.
MEETING_GAP, MEETING_SPREAD = 0.15, 0.05
ON_OTHER_HAND = (0.9, 0.5)
NEAR_JOINT = 0.08
JOINTS_OF_PLACE = {  # of the other hand; a place without joints is as probable as the prior says
    "hamfingertip": TIPS[1:],
    "hamfingerpad": TIPS[1:],
    "hamfingernail": TIPS[1:],
    "hamfingermidjoint": FINGER_CHAINS[:, 1],
    "hamfingerside": [INDEX[1], MIDDLE[1]],
    "hamfingerbase": KNUCKLES,
    "hamhandback": [WRIST, INDEX[0], MIDDLE[0], PINKY[0]],
    "hampalm": [WRIST, INDEX[0], MIDDLE[0], PINKY[0]],
    "hamthumbball": THUMB[:2],
    "hampinkyside": PINKY[:2],
    "hamthumbside": [THUMB[1], INDEX[0]],
    "hamwristback": [WRIST],
    "hamlowerarm": [WRIST],
}


@dataclass(frozen=True)
class Place:
    """A row of `places.csv`, in shoulder widths: where a place is, and how far from there it still is.

    Attributes:
        region: `head`, whose places are measured from between the eyes, or `trunk`, from between the shoulders.
        centre, side, beside: how far to the right it is without a side, at its right side, and beside that.
    """

    region: str
    centre: float
    side: float
    beside: float
    up: float
    spread_right: float
    spread_up: float

    @property
    def across(self) -> tuple[float, ...]:
        """How far to the right each side of the place is, as the classes of `hand_location_x`."""
        return self.centre, -self.beside, -self.side, self.side, self.beside


def read_place(
    points: np.ndarray,
    seen: np.ndarray,
    frames: np.ndarray,
    weights: np.ndarray,
    both: float,
    operator: np.ndarray,
    shape: np.ndarray,
) -> np.ndarray:
    """(37, 5) how probable each place and its side are.

    On the head it is what touches that counts, in front of the trunk the middle of the hand.

    Args:
        both: how much the other hand is up, 0 to 1.
        operator, shape: what `read_symmetry` and `read_hand` found.
    """
    hands = points[frames][:, RIGHT_HAND, :2]
    palm = (hands[:, WRIST] + hands[:, MIDDLE[0]]) / 2
    touching = np.stack([hands[:, INDEX[-1]], hands[:, MIDDLE[-1]], hands[:, THUMB[-1]], palm], axis=1)  # (F, 4, 2)
    pointed = float(shape[[ATTRIBUTES[SHAPE].index(name) for name in POINTED]].sum())
    shares = np.log(pointed * TOUCHING_POINTED + (1 - pointed) * TOUCHING_OPEN)
    eyes, face = _face(points, seen)
    usual = np.log(prior("location"))
    found = np.full((len(frames), *usual.shape), -np.inf)
    for name, row in _places().items():
        place = ATTRIBUTES[PLACE].index(name)
        for side, across in enumerate(row.across):
            spread = np.array([row.spread_right, row.spread_up])
            if row.region == "head":
                target = eyes + face * np.array([across, row.up])
                found[:, place, side] = log_sum(log_gauss(touching, target, spread) + shares, 1)
            else:
                found[:, place, side] = log_gauss(palm, np.array([across, row.up]), spread)
    body = softmax((found + usual).reshape(len(frames), -1)).reshape(found.shape)
    on_hand = touching_hands(points[frames], seen[frames], both, float(operator[0]))
    other = hand_places(points[frames])
    return np.einsum("f,fps->ps", weights, (1 - on_hand)[:, None, None] * body + on_hand[:, None, None] * other)


def touching_hands(points: np.ndarray, seen: np.ndarray, both: float, different: float) -> np.ndarray:
    """(frames,) how probable it is that the place is on the other hand."""
    right, left = points[:, RIGHT_HAND, :2], points[:, LEFT_HAND, :2]
    gap = np.linalg.norm(right[:, :, None] - left[:, None], axis=-1).min(axis=(1, 2))
    near = logistic((MEETING_GAP - gap) / MEETING_SPREAD)
    met = near * both * seen[:, LEFT_HAND].all(axis=1)
    return met * (ON_OTHER_HAND[0] * different + ON_OTHER_HAND[1] * (1 - different))


def hand_places(points: np.ndarray) -> np.ndarray:
    """(frames, 37, 5) how probable places on the other hand and arm are, if it is one of them."""
    usual = prior("location").copy()
    usual[[ATTRIBUTES[PLACE].index(name) for name in _places()]] = 0
    usual[ATTRIBUTES[PLACE].index("none")] = 0
    right, left = points[:, RIGHT_HAND, :2], points[:, LEFT_HAND, :2]
    gaps = np.linalg.norm(right[:, :, None] - left[:, None], axis=-1).min(axis=1)  # (F, 21) to each joint of the other
    near = np.exp(-0.5 * (gaps / NEAR_JOINT) ** 2) + 1e-3
    found = np.broadcast_to(usual, (len(points), *usual.shape)).copy()
    for name, joints in JOINTS_OF_PLACE.items():
        found[:, ATTRIBUTES[PLACE].index(name)] *= near[:, joints].mean(axis=1)[:, None]
    return found / found.sum(axis=(1, 2), keepdims=True)


@lru_cache
def _places() -> dict[str, Place]:
    with open(Path(__file__).with_name("places.csv"), encoding="utf-8", newline="") as file:
        return {
            row.pop("place"): Place(row.pop("region"), **{key: float(value) for key, value in row.items()})
            for row in csv.DictReader(file)
        }


def _face(points: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, float]:
    """Between the eyes, (2,), and how much larger the face is than usual."""
    there = seen[:, FACE_CORNERS].all(axis=1)
    if there.any():
        corners = np.median(points[there][:, FACE_CORNERS, :2], axis=0)
        eyes, mouth = corners[:2].mean(axis=0), corners[2:].mean(axis=0)
        return eyes, float(np.clip(np.linalg.norm(eyes - mouth) / EYES_TO_MOUTH, 0.6, 1.5))
    nose = np.median(points[seen[:, NOSE], NOSE, :2], axis=0) if seen[:, NOSE].any() else np.array([0, NOSE_HEIGHT])
    return nose + (0, 0.12), 1.0
