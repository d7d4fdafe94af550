"""The hands that keypoints are compared with: every base form, thumb and bending, of the measures in `hand.toml`."""

from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np

from slr_pose.hamnosys.attributes import ATTRIBUTES
from slr_pose.hamnosys.geometry.prior import TOGETHER
from slr_pose.hamnosys.hand import BASES, BaseForm, HandTable, finger_joints, thumb_direction
from slr_pose.hamnosys.joints import FINGER_CHAINS, OF_HAND, THUMB, TIPS

TABLE = HandTable.read(Path(__file__).with_name("hand.toml"))
KNUCKLES, PHALANGES = np.array(TABLE.knuckles), np.array(TABLE.phalanges)
SPREAD_LEANS = [finger.lean for finger in TABLE.fingers["spread"]]


@lru_cache
def model_hands() -> np.ndarray:
    """(12, 4, 6, 21, 3) palms: every base form, thumb and bending; right hands held up, palm to the viewer."""
    heads = [ATTRIBUTES[head] for head in TOGETHER["handshape"]]
    hands = [_model_hand(BASES[base], thumb, bending) for base, thumb, bending in product(*heads)]
    return np.array(hands).reshape(*map(len, heads), len(OF_HAND), 3)


def _model_hand(base: BaseForm, thumb: str, bending: str) -> np.ndarray:
    """(21, 3) palms; thumb and bending are symbols or `none`."""
    bending_or_none = None if bending == "none" else bending
    angles = np.stack([TABLE.finger(n, kind, base, bending_or_none) for n, kind in enumerate(base.fingers)])
    if "spread" in base.fingers:
        angles[:, 0] = SPREAD_LEANS
    joints = np.zeros((len(OF_HAND), 3))
    joints[FINGER_CHAINS] = finger_joints(np.radians(angles), KNUCKLES, PHALANGES)
    manner = base.thumb if thumb == "none" else thumb.removeprefix("hamthumb").removesuffix("mod")
    joints[THUMB] = _model_thumb(base, manner, joints)
    return joints


def _model_thumb(base: BaseForm, manner: str, joints: np.ndarray) -> np.ndarray:
    """(4, 3) joints of the thumb, of a hand whose fingers are set: a line, or a bow to where its tip has to be.

    A thumb that bends at its joints, as the signer's does, would have to be solved for; these are made in a prediction.
    """
    start, reach = np.array(TABLE.thumb_base), np.array(TABLE.thumb_bones).cumsum()
    gap = TABLE.gap(base)
    if gap and manner == "open":
        manner, gap = "opposed", gap + 0.3
    if manner == "opposed":
        tips = joints[[TIPS[1 + finger] for finger in base.opposed[:2]]].mean(axis=0)
        end = tips + gap * np.array([0.2, -0.9, 0.0])
    elif manner == "across" and base.folded:  # over the middle bones of the first two
        over = joints[[FINGER_CHAINS[finger][1] for finger in base.folded[:2]]].mean(axis=0)
        end = over * (1, 0.9, 1) + (0.05, 0, 0.15)
    else:
        swing, lift = np.radians(TABLE.thumbs[manner])
        return start + np.concatenate([np.zeros((1, 3)), reach[:, None] * thumb_direction(swing, lift)])
    line = end - start
    length = np.linalg.norm(line)
    end = start + line * min(1, reach[-1] / length)
    bow = np.sqrt(max(reach[-1] ** 2 - length**2, 0)) * 0.5  # what the thumb is too long for, it bends outwards
    out = np.array([1.0, 0.2, 0.3]) - line * (line @ (1.0, 0.2, 0.3)) / length**2
    out /= np.linalg.norm(out)
    shares = np.array([0, *reach / reach[-1]])[:, None]
    return start + shares * (end - start) + 4 * shares * (1 - shares) * bow * 0.5 * out
