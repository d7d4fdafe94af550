"""Handshapes of HamNoSys -> angles of the fingers -> the 21 joints of a hand, in MediaPipe's order.

The frame is that of `hamnosys/hand.py`, in metres; the left hand is the mirror image of the right one. The limits of
the joints are those of anatomy textbooks, rounded.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from slr_pose.hamnosys.hand import BASES, BaseForm, HandTable, finger_joints, thumb_direction
from slr_pose.hamnosys.joints import FINGER_CHAINS, FINGERS, INDEX, OF_HAND, THUMB, TIPS
from slr_pose.hamnosys.notation import Finger, Handshape

TABLE = HandTable.read(Path(__file__).with_name("hand.toml"))
KNUCKLES, PHALANGES = np.array(TABLE.knuckles), np.array(TABLE.phalanges)
THUMB_BASE, THUMB_BONES = np.array(TABLE.thumb_base), np.array(TABLE.thumb_bones)
THUMB_CURL = np.array((-0.85, 0.05, 0.45))  # where bending takes the thumb

# Degrees, least and most: spread or swing, then as in hand.toml.
THUMB_LIMITS = np.array(((-35, 70), (-5, 75), (-5, 62), (-15, 82)))
FINGER_LIMITS = np.array(((-26, 20), (-20, 92), (0, 112), (0, 80)))

Angles = np.ndarray  # (..., 5, 4) radians: thumb, index, middle, ring, pinky


def joints(angles: Angles) -> np.ndarray:
    """(..., 5, 4) radians -> (..., 21, 3) metres."""
    angles = np.asarray(angles, float)
    found = np.zeros((*angles.shape[:-2], len(OF_HAND), 3))
    found[..., THUMB, :] = _thumb(angles[..., 0, :])
    found[..., FINGER_CHAINS, :] = finger_joints(angles[..., 1:, :], KNUCKLES, PHALANGES)
    return found


def _thumb(angles: np.ndarray) -> np.ndarray:
    """(..., 4) radians -> (..., 4, 3) metres."""
    swing, lift = angles[..., 0], angles[..., 1]
    along = thumb_direction(swing, lift)
    curl = THUMB_CURL - along * (along @ THUMB_CURL)[..., None]
    curl /= np.linalg.norm(curl, axis=-1, keepdims=True)
    bends = np.stack([np.zeros_like(swing), angles[..., 2], angles[..., 2] + angles[..., 3]], axis=-1)[..., None]
    bones = (np.cos(bends) * along[..., None, :] + np.sin(bends) * curl[..., None, :]) * THUMB_BONES[:, None]
    return THUMB_BASE + np.concatenate([np.zeros_like(bones[..., :1, :]), bones.cumsum(axis=-2)], axis=-2)


def angles(shapes: tuple[Handshape, ...]) -> Angles:
    """The angles of a handshape, or halfway between several, (5, 4) radians, within the limits of the joints."""
    return np.mean([_angles(shape) for shape in shapes], axis=0)


@lru_cache(maxsize=1000)
def _angles(shape: Handshape) -> Angles:
    base = BASES[shape.base]
    named = {
        number - 1: modifier
        for modifier in shape.modifiers
        if isinstance(modifier, Finger) and (number := finger_number(modifier.name))
    }
    if any(not finger.part and not finger.modifiers and not finger.before_thumb for finger in named.values()):
        base = _reassigned(base, [n for n, finger in named.items() if not finger.part and not finger.modifiers])
    whole = _bending(modifier for modifier in shape.modifiers if isinstance(modifier, str))
    found = np.zeros((5, 4))
    for number, kind in enumerate(base.fingers):
        own = _bending(named[number].modifiers) if number in named else None
        found[number + 1] = TABLE.finger(number, kind, base, own or whole)
    found[1:] = found[1:].clip(*FINGER_LIMITS.T)
    thumb = shape.thumb.removeprefix("hamthumb").removesuffix("mod") if shape.thumb else base.thumb
    gap = TABLE.gap(base)
    if gap and thumb == "open":
        thumb, gap = "opposed", gap + 0.025
    found[0] = TABLE.thumbs[thumb]
    found = np.radians(found)
    target = _target(found, base, thumb, gap)
    return found if target is None else np.concatenate([_reach(found[0], target)[None], found[1:]])


def _bending(modifiers: Iterable[str]) -> str | None:
    """The last of the modifiers that bends."""
    return next((modifier for modifier in reversed(list(modifiers)) if modifier in TABLE.bendings), None)


def finger_number(symbol: str) -> int | None:
    """Which finger a symbol names, the thumb's number is 0; None where it names none."""
    name = symbol.removeprefix("ham").removesuffix("finger")
    return FINGERS.index(name) if name in FINGERS else None


def _reassigned(base: BaseForm, named: list[int]) -> BaseForm:
    """Other fingers than the base's own do what those did: `hamfinger2 hampinky` stretches the little finger."""
    kinds = base.fingers
    acting = next((kind for kind in kinds if kind in ("pinched", "curved")), None) or kinds[0]
    others = next((kind for kind in kinds[::-1] if kind != acting), acting)
    index, middle, ring, pinky = (acting if number in named else others for number in range(4))
    return BaseForm((index, middle, ring, pinky), base.thumb)


def _target(found: Angles, base: BaseForm, thumb: str, gap: float) -> np.ndarray | None:
    """Where the tip of the thumb goes, (3,), in a handshape that says so."""
    bones = joints(found)
    if thumb == "opposed" and gap:
        touched = base.opposed[:2]
        tips = bones[[TIPS[1 + number] for number in touched]]
        bend = found[1:][touched][:, 1:].sum(axis=-1)
        pads = np.stack([np.zeros_like(bend), -np.sin(bend), np.cos(bend)], axis=-1)
        if gap > 0.02:  # not along the finger's pad, but down to where the thumb stands
            pads = pads * 0.2 + np.array((0.1, -1.0, 0.1))
            pads /= np.linalg.norm(pads, axis=-1, keepdims=True)
        return (tips + gap * pads - 0.004 * np.array((0, 1, 0)) * (gap < 0.02)).mean(axis=0)
    if thumb == "across" and base.folded:  # over the middle bones of the first two folded fingers
        over = bones[FINGER_CHAINS[base.folded[:2], 1:3]].mean(axis=(0, 1))
        return over + (0.004, 0.004, 0.017)
    if thumb == "beside" and base.folded:
        return bones[INDEX[1]] * (1, 1, 0.55) + (0.014, 0.006, 0.0)
    return None


def _reach(thumb: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The angles of the thumb, (4,) radians, that bring its tip to `target` with little strain, by least squares."""
    limits = np.radians(THUMB_LIMITS).T

    def strain(angles: np.ndarray) -> np.ndarray:
        return np.concatenate([(_thumb(angles)[3] - target) * 100, (angles - thumb) * 0.12])

    return least_squares(strain, thumb.clip(*(limits + [[0.01], [-0.01]])), bounds=limits).x
