"""Pictures -> keypoints: who finds them, in which part of which video, on which core, and where they are kept."""

from slr_pose.keypoints.estimator import Estimator
from slr_pose.keypoints.mediapipe import MediaPipe


def default_estimator(face: bool = False) -> Estimator:
    """What finds keypoints when nobody says: here alone it is decided.

    Args:
        face: find the points of the face, too.
    """
    return MediaPipe(face)
