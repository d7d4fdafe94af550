"""Keypoints -> the signer's own frame, the right hand leading, and hands that are lost for a while filled in."""

import numpy as np

from slr_pose.hamnosys.joints import LEFT_HAND, MIDDLE, RIGHT_HAND, SKELETON, WRIST, joint

NOSE, LEFT_SHOULDER, RIGHT_SHOULDER = joint("nose"), joint("left_shoulder"), joint("right_shoulder")
LEFT_WRIST, RIGHT_WRIST = joint("left_wrist"), joint("right_wrist")
ACTIVITY_SAMPLES = 32

# A body, in shoulder widths, where it is not seen.
PALM_LENGTH, NOSE_HEIGHT = 0.276, 0.56


def standard_view(keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints as `Skeleton.select` gives them -> the signer's frame, the right hand leading.

    Args:
        keypoints: (frames, joints, 4) x, y, z in pixels and confidence.

    Returns:
        (frames, joints, 3) right, up, out in shoulder widths, zero between the shoulders, and (frames, joints) what is
        seen. The clip is mirrored if the left hand moves more, the criterion of `Reference.left_leads`, or is the only
        one that is ever seen.
    """
    points, seen = -keypoints[..., :3].astype(float), keypoints[..., 3] > 0
    left, right = (
        (seen[:, hand].all(axis=1).any(), activity(points, seen, hand[WRIST])) for hand in (LEFT_HAND, RIGHT_HAND)
    )
    if left > right:
        points, seen = points[:, SKELETON.mirror] * (-1, 1, 1), seen[:, SKELETON.mirror]
    shoulders = seen[:, LEFT_SHOULDER] & seen[:, RIGHT_SHOULDER]
    pair = points[shoulders][:, [LEFT_SHOULDER, RIGHT_SHOULDER]]
    width, middle = 0.0, None
    if shoulders.any():
        width = float(np.median(np.linalg.norm(pair[:, 0, :2] - pair[:, 1, :2], axis=-1)))
        middle = np.median(pair.mean(axis=1), axis=0)
    if width < 1e-6:
        width = _palm_length(points, seen) / PALM_LENGTH or 1.0
    if middle is None:
        there, anchor, height = seen[:, NOSE], NOSE, NOSE_HEIGHT
        if not there.any():
            there, anchor, height = seen[:, RIGHT_HAND[WRIST]], RIGHT_HAND[WRIST], -0.4
        middle = np.median(points[there, anchor], axis=0) if there.any() else np.zeros(3)
        middle = middle - (0, height * width, 0)
    return (points - middle) / width, seen


def activity(points: np.ndarray, seen: np.ndarray, joint: int) -> float:
    """How much a joint is seen and moves: the length of its path in the picture, over 32 even samples.

    Args:
        points, seen: (frames, joints, 3) and (frames, joints).
    """
    frames = np.flatnonzero(seen[:, joint])
    if len(frames) < 2:
        return 0.0
    times = np.linspace(0, len(points) - 1, ACTIVITY_SAMPLES)
    near = (1 - np.abs(times[:, None] - frames) / max(times[1], 1)).clip(0)  # (samples, seen frames)
    total = near.sum(axis=1)
    there = total > 0
    path = (near[there] @ points[frames, joint, :2]) / total[there, None]
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum() * there.mean())


def _palm_length(points: np.ndarray, seen: np.ndarray) -> float:
    """The length of the palm where it is seen at its full length; 0 where no hand is seen."""
    lengths = np.concatenate(
        [
            np.linalg.norm(points[there, hand[MIDDLE[0]], :2] - points[there, hand[WRIST], :2], axis=-1)
            for hand in (LEFT_HAND, RIGHT_HAND)
            for there in (seen[:, hand].all(axis=1),)
        ]
    )
    return float(np.quantile(lengths, 0.9)) if len(lengths) else 0.0


def fill(points: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hands that are lost for a while go with the body's wrist, shaped as in the frames before and after.

    Args:
        points, seen: (frames, joints, 3) and (frames, joints), as `standard_view` gives them.

    Returns:
        The same, with those hands; (frames, joints) where there is anything now.
    """
    points, there = points.copy(), seen.copy()
    for hand, wrist in ((LEFT_HAND, LEFT_WRIST), (RIGHT_HAND, RIGHT_WRIST)):
        known = np.flatnonzero(seen[:, hand].all(axis=1) & seen[:, wrist])
        lost = np.flatnonzero(~seen[:, hand].all(axis=1) & seen[:, wrist])
        lost = lost[(lost > known.min()) & (lost < known.max())] if len(known) else lost[:0]
        if len(lost):
            shape = (points[known][:, hand] - points[known, wrist][:, None]).reshape(len(known), -1)
            between = np.stack([np.interp(lost, known, column) for column in shape.T], axis=1)
            points[lost[:, None], hand] = points[lost, wrist][:, None] + between.reshape(len(lost), len(hand), 3)
            there[lost[:, None], hand] = True
    return points, there
