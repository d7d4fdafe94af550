"""Which of the signer's hands sign, from the keypoints of a sign."""

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from slr_pose.skeleton import Part, Skeleton
from slr_pose.timeline import Hand

# Of how far down hands sign: one that stays below that, and within so much, rests before the belly.
LOW, STILL = 0.75, 0.1


def hands_of(skeleton: Skeleton, keypoints: NDArray[np.float32]) -> tuple[Hand, ...]:
    """The hands that sign, the right one first; none where no hand is seen.

    A hand signs that is seen and raised (`Part.low`) in more than half of the frames, unless it rests before the belly;
    if neither hand does, the one that is raised longest, or else seen longest. Where no body is seen to tell how high
    hands are, those sign that are seen.

    Args:
        keypoints: (frames, joints, 4) of a sign, as `Skeleton.select` gives them.
    """
    parts = {hand: part for hand in get_args(Hand) if (part := skeleton.part(f"{hand}_hand"))}
    seen = {hand: _is_seen(part, keypoints) for hand, part in parts.items()}
    signing = {hand: seen[hand] & _is_signing(skeleton.part("body"), part, keypoints) for hand, part in parts.items()}
    found = tuple(hand for hand in parts if signing[hand].sum() > len(keypoints) / 2)
    if found or not any(frames.any() for frames in seen.values()):
        return found
    return (max(parts, key=lambda hand: (signing[hand].sum(), seen[hand].sum())),)


def _is_seen(part: Part, keypoints: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(frames,) whether the part's origin is seen."""
    seen: NDArray[np.bool_] = (keypoints[:, part.origin, 3] > 0).all(axis=1)
    return seen


def _is_signing(body: Part | None, hand: Part, keypoints: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(frames,) whether a hand is where hands sign, in each frame in which it is seen."""
    places = _places(body, hand, keypoints) if body else None
    if body is None or places is None:
        return np.ones(len(keypoints), dtype=np.bool_)
    shown = places[_is_seen(hand, keypoints)]
    if len(shown) and shown[:, 1].mean() > LOW * body.low and np.ptp(shown, axis=0).max() < STILL * body.low:
        return np.zeros(len(keypoints), dtype=np.bool_)
    return places[:, 1] < body.low


def _places(body: Part, part: Part, keypoints: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """(frames, 2) of a part from the body's origin, in units of its scale; `None` where the body is never seen."""
    starts, ends = (keypoints[:, [pair[side] for pair in body.scale]] for side in (0, 1))
    lengths = np.linalg.norm(starts[..., :2] - ends[..., :2], axis=-1)[(starts[..., 3] > 0) & (ends[..., 3] > 0)]
    origin = keypoints[_is_seen(body, keypoints)][:, body.origin, :2]
    if not len(origin) or not lengths.any():
        return None
    places: NDArray[np.float32] = (keypoints[:, part.origin, :2].mean(1) - origin.mean((0, 1))) / lengths.mean()
    return places
