"""The engines that find keypoints, by name, and which of them does when nobody says."""

import functools
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from slr_pose import BadInput
from slr_pose.keypoints.estimator import Estimator
from slr_pose.keypoints.litert.engine import LiteRT
from slr_pose.keypoints.mediapipe import MediaPipe
from slr_pose.skeleton import Skeleton

ENGINES: dict[str, Callable[[bool], Estimator]] = {"litert": LiteRT, "mediapipe": MediaPipe}  # the default one first
# What each runs: a module of a package. (From 0.10.30 on, MediaPipe's package has no graph.)
MODULES = {"litert": ("ai_edge_litert", "interpreter.py"), "mediapipe": ("mediapipe", "python/solution_base.py")}
INSTALLED_BY = {
    "litert": "pip install ai-edge-litert",
    "mediapipe": "pip install mediapipe==0.10.21, which there is for Python 3.10 to 3.12",
}


def default_estimator(face: bool = False) -> Estimator:
    """What finds keypoints when nobody says: LiteRT, but where it is not installed. It is decided here alone.

    Args:
        face: find the points of the face, too.
    """
    here = next(filter(is_here, ENGINES), "litert")
    return ENGINES[here](face)


def asked_by(skeleton: Skeleton, extractor: Mapping[str, Any] | None = None) -> tuple[Estimator, bool]:
    """What finds keypoints for a model, as those were found that it learnt from, and whether it is to be `fast`.

    Args:
        skeleton: where it looks at points that are found with the face alone, they are found.
        extractor: that of the model. Where it is empty, or what it names is not installed, or there is no model, it is
            the default one.
    """
    learnt = extractor or {}
    name = learnt.get("name")
    engine = name if name in ENGINES and is_here(name) else None
    missing = set(skeleton.points) - set(estimator(engine).points)
    face = bool(missing) and not missing.isdisjoint(estimator(engine, face=True).points)
    return estimator(engine, face), learnt.get("fast") is True


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
