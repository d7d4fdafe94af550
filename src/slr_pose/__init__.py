"""slr-pose: sign language recognition from video, by keypoints.

The functions here are what `slr` is made of: `slr train` is `slr_pose.train`. Each takes `on_event`, which is told of
progress and remarks as values of `slr_pose.events`. None of them is imported before it is used.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from slr_pose import events

if TYPE_CHECKING:
    from slr_pose.keypoints.segment import extract_pose
    from slr_pose.pose import Pose
    from slr_pose.recognition.recognizer import Recognizer
    from slr_pose.recognition.stream import Stream
    from slr_pose.roads.annotate import annotate
    from slr_pose.roads.check import check
    from slr_pose.roads.compare import compare
    from slr_pose.roads.doctor import doctor
    from slr_pose.roads.draw import draw
    from slr_pose.roads.enrol import enrol, forget, known_signs
    from slr_pose.roads.evaluate import evaluate
    from slr_pose.roads.export import export_litert, export_onnx
    from slr_pose.roads.export_sigml import export_sigml
    from slr_pose.roads.export_web import export_web
    from slr_pose.roads.extract import extract
    from slr_pose.roads.predict import predict, predict_each
    from slr_pose.roads.sentences import train_sentences, translate
    from slr_pose.roads.serve import serve
    from slr_pose.roads.train import train
    from slr_pose.roads.watch import watch
    from slr_pose.signer.synthesis import synthesize

__version__ = "0.1.0"

__all__ = [
    "BadInput",
    "Pose",
    "Recognizer",
    "Stream",
    "annotate",
    "check",
    "compare",
    "doctor",
    "draw",
    "enrol",
    "evaluate",
    "events",
    "export_litert",
    "export_onnx",
    "export_sigml",
    "export_web",
    "extract",
    "extract_pose",
    "forget",
    "known_signs",
    "predict",
    "predict_each",
    "serve",
    "synthesize",
    "train",
    "train_sentences",
    "translate",
    "watch",
]

_ROOMS = {
    "Pose": "pose",
    "Recognizer": "recognition.recognizer",
    "Stream": "recognition.stream",
    "annotate": "roads.annotate",
    "check": "roads.check",
    "compare": "roads.compare",
    "doctor": "roads.doctor",
    "draw": "roads.draw",
    "enrol": "roads.enrol",
    "evaluate": "roads.evaluate",
    "export_litert": "roads.export",
    "export_onnx": "roads.export",
    "export_sigml": "roads.export_sigml",
    "export_web": "roads.export_web",
    "extract": "roads.extract",
    "extract_pose": "keypoints.segment",
    "forget": "roads.enrol",
    "known_signs": "roads.enrol",
    "predict": "roads.predict",
    "predict_each": "roads.predict",
    "serve": "roads.serve",
    "synthesize": "signer.synthesis",
    "train": "roads.train",
    "train_sentences": "roads.sentences",
    "translate": "roads.sentences",
    "watch": "roads.watch",
}


# How long torch's threads turn round and round while they wait for each other: some 0.1 ms, and then they sleep. By
# itself it is thirty times that, and where another program has a core, they hinder what they wait for. Read by OpenMP.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
# From 1.29 on, ONNX Runtime tells its maker of each model that is opened, unless this is there when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


class BadInput(ValueError):  # noqa: N818
    """What the user gave cannot be used. The message is one sentence: what is wrong, and what to do."""


class SaidElsewhere(BadInput):
    """What another process of the same training has said already."""


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'slr_pose' has no attribute '{name}'")
    return getattr(import_module(f"slr_pose.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS})
