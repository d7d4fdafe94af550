"""The engines that find keypoints, by name, and which of them does when nobody says."""

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path

from slr_pose import BadInput
from slr_pose.keypoints.estimator import Estimator
from slr_pose.keypoints.litert.engine import LiteRT
from slr_pose.keypoints.mediapipe import MediaPipe

ENGINES: dict[str, Callable[[bool], Estimator]] = {"mediapipe": MediaPipe, "litert": LiteRT}
# What each runs: a module of a package. (From 0.10.30 on, MediaPipe's package has no graph.)
MODULES = {"mediapipe": ("mediapipe", "python/solution_base.py"), "litert": ("ai_edge_litert", "interpreter.py")}
INSTALLED_BY = {
    "mediapipe": "pip install mediapipe==0.10.21, which there is for Python 3.10 to 3.12",
    "litert": "pip install ai-edge-litert",
}


def default_estimator(face: bool = False) -> Estimator:
    """What finds keypoints when nobody says: MediaPipe where it is installed, else LiteRT. It is decided here alone.

    Args:
        face: find the points of the face, too.
    """
    return MediaPipe(face) if is_here("mediapipe") else LiteRT(face)


@functools.cache
def is_here(engine: str) -> bool:
    """Whether what an engine runs is installed. It is looked for, not imported, which takes half a second."""
    package, module = MODULES[engine]
    found = importlib.util.find_spec(package)
    folders = (found and found.submodule_search_locations) or []
    return any((Path(folder) / module).is_file() for folder in folders)


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
        raise BadInput(f"the engine {engine} needs a package that is not installed: {INSTALLED_BY[engine]}.")
    return ENGINES[engine](face)
