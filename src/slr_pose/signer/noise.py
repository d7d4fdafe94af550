"""What MediaPipe makes of a perfect pose: jitter that wanders, lost hands, weak depth, guessed fingers.

The constants were measured by `benchmarks/signer.py`, which renders clips, extracts them, and compares.
"""

import numpy as np

from slr_pose.pose import Pose

HANDS = (slice(33, 54), slice(54, 75))


def as_extracted(pose: Pose, random: np.random.Generator) -> Pose:
    """A pose without errors -> one as MediaPipe would find it in a video, by the layout `mediapipe_75`."""
    return pose


def fold_of(hand: np.ndarray, width: int) -> np.ndarray:
    """(frames, 21, 3) keypoints -> (frames, 21): which joints are behind other joints of the same hand."""
    places = hand * (1, 1, width)
    palm = np.linalg.norm(places[:, 9] - places[:, 0], axis=-1)[:, None, None]
    between = places[:, :, None] - places[:, None]
    beside = np.linalg.norm(between[..., :2], axis=-1)
    return ((beside < 0.16 * palm) & (between[..., 2] > 0.14 * palm)).any(axis=2)
