"""When the first posture is shown: the few frames that count, and how much each does."""

import numpy as np

from slr_pose.hamnosys.geometry.view import LEFT_WRIST, RIGHT_WRIST
from slr_pose.hamnosys.joints import LEFT_HAND, RIGHT_HAND, WRIST

# In seconds and shoulder widths.
FRAMES = 12
HOLD_S, SLOW = 0.3, 1.2
RAISED = (0.15, 0.45)  # of the way from the hand's lowest to its highest place
LEAST_RISE = 0.5


def how_raised(points: np.ndarray, seen: np.ndarray, hand: list[int]) -> np.ndarray:
    """(frames,) 0 where a hand is at rest, or not seen, to 1 where it is up.

    Rest is the lowest place that either hand takes in the clip.
    """
    wrists = points[:, [LEFT_HAND[WRIST], RIGHT_HAND[WRIST], LEFT_WRIST, RIGHT_WRIST], 1]
    there = seen[:, [LEFT_HAND[WRIST], RIGHT_HAND[WRIST], LEFT_WRIST, RIGHT_WRIST]]
    if not there.any():
        return np.zeros(len(points))
    heights = wrists[there]
    high = wrists[:, 1][there[:, 1]].max() if there[:, 1].any() else heights.max()
    low = min(np.quantile(heights, 0.02), high - LEAST_RISE)
    share = ((points[:, hand[WRIST], 1] - low) / (high - low) - RAISED[0]) / (RAISED[1] - RAISED[0])
    share = share.clip(0, 1)
    return share**2 * (3 - 2 * share) * seen[:, hand[WRIST]]


def heaviest(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of (frames,) weights, the few frames that count most, (chosen,), and how much each does, which sums to 1."""
    frames = np.argsort(-weights, kind="stable")[:FRAMES]
    frames = frames[weights[frames] > 0.02 * weights.max()]
    return frames, weights[frames] / weights[frames].sum()


def first_posture(points: np.ndarray, seen: np.ndarray, raised: np.ndarray, fps: float) -> np.ndarray:
    """(frames,) how much each frame shows the first posture: the leading hand is up, slow, and was not so for long."""
    frames = np.flatnonzero(seen[:, RIGHT_HAND].all(axis=1))
    step = 1 / max(fps, 1.0)
    weights = np.zeros(len(points))
    wrist = points[frames][:, RIGHT_HAND, :2].mean(axis=1)
    speed = np.zeros(len(frames))
    if len(frames) > 2:
        speed = np.linalg.norm(np.gradient(wrist, frames * step, axis=0), axis=1)
    held = (raised[frames] + 1e-6) / (1 + (speed / SLOW) ** 2)
    before = (held.cumsum() - held) * step
    weights[frames] = held * np.exp(-before / HOLD_S)
    return weights
