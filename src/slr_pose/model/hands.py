"""How much of a clip shows a hand."""

import numpy as np
from numpy.typing import NDArray

from slr_pose.skeleton import Skeleton


def hands_seen(skeleton: Skeleton, keypoints: NDArray[np.float32]) -> float | None:
    """Share of the frames, 0..1, in which a hand is seen, be it one or both; `None` where the layout has no hands.

    Args:
        keypoints: (frames, joints, 4), as `Skeleton.select` gives them.
    """
    joints = [joint for part in skeleton.parts if part.is_hand for joint in part.joints]
    return float((keypoints[:, joints, 3] > 0).any(axis=1).mean()) if joints else None
