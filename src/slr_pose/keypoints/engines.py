"""Which estimator finds the keypoints when nobody says."""

from slr_pose.keypoints.estimator import Estimator
from slr_pose.keypoints.mediapipe import MediaPipe


def default_estimator(face: bool = False) -> Estimator:
    """What finds keypoints when nobody says: it is decided here, and nowhere else.

    Args:
        face: find the points of the face, too.
    """
    return MediaPipe(face)
