"""The engines that find keypoints, by name, and which of them does when nobody says."""

import importlib.util
from collections.abc import Callable

from slr_pose import BadInput
from slr_pose.keypoints.estimator import Estimator
from slr_pose.keypoints.litert.engine import LiteRT
from slr_pose.keypoints.mediapipe import MediaPipe

ENGINES: dict[str, Callable[[bool], Estimator]] = {"mediapipe": MediaPipe, "litert": LiteRT}
PACKAGES = {"mediapipe": "mediapipe", "litert": "ai_edge_litert"}  # that they run


def default_estimator(face: bool = False) -> Estimator:
    """What finds keypoints when nobody says: it is decided here, and nowhere else.

    Args:
        face: find the points of the face, too.
    """
    return MediaPipe(face)


def is_here(engine: str) -> bool:
    """Whether the package that an engine runs is installed."""
    return importlib.util.find_spec(PACKAGES[engine]) is not None


def estimator(engine: str | None = None, face: bool = False) -> Estimator:
    """What finds keypoints.

    Args:
        engine: a name in `ENGINES`; by default that of `default_estimator`.
        face: find the points of the face, too.

    Raises:
        BadInput: there is no such engine, or not on this machine.
    """
    if engine is None:
        return default_estimator(face)
    if engine not in ENGINES:
        raise BadInput(f"there is no engine '{engine}': name one of {', '.join(ENGINES)}.")
    if not is_here(engine):
        package = PACKAGES[engine].replace("_", "-")
        raise BadInput(f"the engine {engine} needs a package that is not installed: pip install {package}.")
    return ENGINES[engine](face)
