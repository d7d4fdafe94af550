"""Handshapes of HamNoSys -> angles of the fingers -> the 21 joints of a hand, in MediaPipe's order.

A hand's own frame is that of a right hand held up, its palm towards the viewer: x to the thumb's side, y along the
fingers (the metacarpals, which the extended finger direction follows), z out of the palm; metres, zero at the wrist.
The left hand is its mirror image. Lengths are those of an adult's hand of 19 cm (Buryanov and Kotiuk 2010,
"Proportions of hand segments"); the limits of the joints are those of anatomy textbooks, rounded.
"""

import sys
from functools import lru_cache
from pathlib import Path

import numpy as np

from slr_pose.hamnosys.notation import Finger, Handshape

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLES = tomllib.loads(Path(__file__).with_name("handshapes.toml").read_text(encoding="utf-8"))

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
KNUCKLES = np.array([(0.027, 0.092, 0), (0.005, 0.095, 0), (-0.016, 0.089, 0), (-0.034, 0.079, 0)])
PHALANGES = np.array([(0.043, 0.026, 0.021), (0.047, 0.030, 0.022), (0.044, 0.028, 0.022), (0.034, 0.020, 0.020)])
THUMB_BASE = np.array((0.020, 0.020, 0.010))
THUMB_BONES = np.array((0.044, 0.033, 0.026))
THUMB_CURL = np.array((-0.85, 0.05, 0.45))  # where bending takes the thumb
TIPS = (4, 8, 12, 16, 20)

# Degrees, least and most: spread or swing, then as in handshapes.toml.
THUMB_LIMITS = np.array(((-35, 70), (-5, 75), (-5, 62), (-15, 82)))
FINGER_LIMITS = np.array(((-26, 20), (-20, 92), (0, 112), (0, 80)))

Angles = np.ndarray  # (..., 5, 4) radians: thumb, index, middle, ring, pinky


def joints(angles: Angles) -> np.ndarray:
    """(..., 5, 4) radians -> (..., 21, 3) metres."""
    angles = np.asarray(angles, float)
    found = np.zeros((*angles.shape[:-2], 21, 3))
    found[..., 1:5, :] = _thumb(angles[..., 0, :])
    spread, bends = angles[..., 1:, 0], angles[..., 1:, 1:].cumsum(axis=-1)  # (..., 4), (..., 4, 3)
    across, along, out = np.sin(spread)[..., None], np.cos(spread)[..., None], np.sin(bends)
    bones = np.stack([across * np.cos(bends), along * np.cos(bends), out], axis=-1) * PHALANGES[..., None]
    fingers = np.concatenate([np.zeros_like(bones[..., :1, :]), bones.cumsum(axis=-2)], axis=-2) + KNUCKLES[:, None]
    found[..., 5:, :] = fingers.reshape(*angles.shape[:-2], 16, 3)
    return found


def _thumb(angles: np.ndarray) -> np.ndarray:
    """(..., 4) radians -> (..., 4, 3) metres."""
    swing, lift = angles[..., 0], angles[..., 1]
    along = np.stack([np.sin(swing) * np.cos(lift), np.cos(swing) * np.cos(lift), np.sin(lift)], axis=-1)
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
    base = TABLES["bases"][shape.base]
    kinds = list(base["fingers"])
    whole = [modifier for modifier in shape.modifiers if isinstance(modifier, str)]
    named = {
        number - 1: modifier
        for modifier in shape.modifiers
        if isinstance(modifier, Finger) and (number := finger_number(modifier.name))
    }
    if any(not finger.part and not finger.modifiers and not finger.before_thumb for finger in named.values()):
        kinds = _reassigned(kinds, [n for n, finger in named.items() if not finger.part and not finger.modifiers])
    found = np.zeros((5, 4))
    for number, kind in enumerate(kinds):
        found[number + 1] = TABLES["fingers"][kind][FINGERS[number + 1]]
        own = [m for m in named[number].modifiers if m in TABLES["bendings"]] if number in named else []
        for bending in own or [m for m in whole if m in TABLES["bendings"]]:
            if kind != "folded" and not (kind == "spread" and base["thumb"] == "opposed"):
                found[number + 1, 1:] = TABLES["bendings"][bending]["extended" if kind == "spread" else kind]
    found[1:] = found[1:].clip(*FINGER_LIMITS.T)
    thumb = shape.thumb.removeprefix("hamthumb").removesuffix("mod") if shape.thumb else base["thumb"]
    gap = base.get("gap")
    if gap and thumb == "open":
        thumb, gap = "opposed", gap + 0.025
    found[0] = TABLES["thumbs"][thumb]
    found = np.radians(found)
    found[0] = _reach(found, _target(found, kinds, thumb, gap))
    return found


def finger_number(symbol: str) -> int | None:
    """Which finger a symbol names, the thumb's number is 0; None where it names none."""
    name = symbol.removeprefix("ham").removesuffix("finger")
    return FINGERS.index(name) if name in FINGERS else None


def _reassigned(kinds: list[str], named: list[int]) -> list[str]:
    """Other fingers than the base's own do what those did: `hamfinger2 hampinky` stretches the little finger."""
    acting = next((kind for kind in kinds if kind in ("pinched", "curved")), None) or kinds[0]
    others = next((kind for kind in kinds[::-1] if kind != acting), acting)
    return [acting if number in named else others for number in range(4)]


def _target(found: Angles, kinds: list[str], thumb: str, gap: float | None) -> np.ndarray | None:
    """Where the tip of the thumb goes, (3,), in a handshape that says so."""
    bones = joints(found)
    if thumb == "opposed" and gap:
        touched = [n for n, kind in enumerate(kinds) if kind in ("pinched", "curved")][:2]
        tips = bones[[8 + 4 * n for n in touched]]
        bend = found[1:][touched][:, 1:].sum(axis=-1)
        pads = np.stack([np.zeros_like(bend), -np.sin(bend), np.cos(bend)], axis=-1)
        if gap > 0.02:  # not along the finger's pad, but down to where the thumb stands
            pads = pads * 0.2 + np.array((0.1, -1.0, 0.1))
            pads /= np.linalg.norm(pads, axis=-1, keepdims=True)
        return (tips + gap * pads - 0.004 * np.array((0, 1, 0)) * (gap < 0.02)).mean(axis=0)
    folded = [n for n, kind in enumerate(kinds) if kind == "folded"]
    if thumb == "across" and folded:  # over the middle bones of the first two folded fingers
        over = bones[[(6 + 4 * n, 7 + 4 * n) for n in folded[:2]]].mean(axis=(0, 1))
        return over + (0.004, 0.004, 0.017)
    if thumb == "beside" and folded:
        return bones[6] * (1, 1, 0.55) + (0.014, 0.006, 0.0)
    return None


def _reach(found: Angles, target: np.ndarray | None) -> np.ndarray:
    """The angles of the thumb, (4,) radians, that bring its tip to `target` with little strain, by least squares."""
    if target is None:
        return found[0]
    from scipy.optimize import least_squares

    limits = np.radians(THUMB_LIMITS).T

    def strain(thumb: np.ndarray) -> np.ndarray:
        return np.concatenate([(_thumb(thumb)[3] - target) * 100, (thumb - found[0]) * 0.12])

    return least_squares(strain, found[0].clip(*(limits + [[0.01], [-0.01]])), bounds=limits).x
