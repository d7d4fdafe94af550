"""Both hands -> how probable each symmetry operator is."""

import numpy as np

from slr_pose.hamnosys.attributes import ATTRIBUTES
from slr_pose.hamnosys.geometry.posture import read_hand
from slr_pose.hamnosys.geometry.prior import SYMMETRY, prior
from slr_pose.hamnosys.geometry.probability import logistic
from slr_pose.hamnosys.joints import LEFT_HAND, RIGHT_HAND, WRIST

# The other hand does the same: log odds, and what one more of likeness of handshape, of movement, and of height adds.
SAME = (-3.3, 3.5, 3.0, -1.3)
MIRRORED = 3.0  # log odds that it mirrors, by how much more alike the mirrored movements are


def read_symmetry(
    points: np.ndarray,
    seen: np.ndarray,
    frames: np.ndarray,
    weights: np.ndarray,
    raised: list[np.ndarray],
    shape: np.ndarray,
) -> np.ndarray:
    """(9,) how probable each symmetry operator is.

    The other hand does the same where it is up, has the same handshape, is as high, and moves alike.
    """
    usual = prior("symmetry")
    names = ATTRIBUTES[SYMMETRY]
    mirrored = np.array([name.startswith("hamsymmlr") for name in names])
    parallel = np.array([name.startswith("hamsymmpar") for name in names])
    both = float(weights @ raised[0][frames])
    lr, par = movement_alike(points, seen, raised)
    there = seen[frames][:, LEFT_HAND].all(axis=1)
    alike, level = 0.5, 0.2
    if there.any():
        share = weights[there] / weights[there].sum()
        hands = points[frames[there]]
        other = read_hand(hands[:, LEFT_HAND] * (-1, 1, 1), share)[0]
        alike = float(np.sqrt(other.sum(axis=(1, 2)) * shape.sum(axis=(1, 2))).sum())
        level = float(share @ np.abs(hands[:, LEFT_HAND, 1].mean(axis=1) - hands[:, RIGHT_HAND, 1].mean(axis=1)))
    evidence = SAME[0] + SAME[1] * alike + SAME[2] * max(lr, par) + SAME[3] * level
    same = both * logistic(evidence)
    turned = logistic(np.log(usual[mirrored].sum() / usual[parallel].sum()) + MIRRORED * (lr - par))
    found = np.where(mirrored, same * turned, same * (1 - turned)) * usual
    found[mirrored] /= usual[mirrored].sum()
    found[parallel] /= usual[parallel].sum()
    found[0] = 1 - same
    return found


def movement_alike(points: np.ndarray, seen: np.ndarray, raised: list[np.ndarray]) -> tuple[float, float]:
    """How alike both wrists move while they are up, -1 to 1: as mirror images, and in parallel.

    Args:
        points, seen: (frames, joints, 3) and (frames, joints), as `standard_view` gives them.
        raised: (frames,) how much the left and the right hand are up.
    """
    there = np.flatnonzero(seen[:, LEFT_HAND].all(axis=1) & seen[:, RIGHT_HAND].all(axis=1))
    if len(there) < 3:
        return 0.0, 0.0
    left, right = (np.diff(points[there][:, hand[WRIST], :2], axis=0) for hand in (LEFT_HAND, RIGHT_HAND))
    count = np.sqrt(raised[0] * raised[1])[there][1:, None]
    size = np.sqrt((count * left**2).sum() * (count * right**2).sum()) + 1e-3
    mirrored, parallel = (float((count * left * side * right).sum() / size) for side in ((-1, 1), (1, 1)))
    return mirrored, parallel
