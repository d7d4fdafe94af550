"""Recognizer: one face over a checkpoint and an ONNX file. The ONNX side needs no torch."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slr_pose import BadInput
from slr_pose.pose import Pose
from slr_pose.skeleton import Skeleton

if TYPE_CHECKING:
    from slr_pose.model import SignModel

BATCH = 32  # clips that go through the network together


@dataclass(frozen=True)
class Prediction:
    """What a model answers to one clip.

    Attributes:
        heads: labels with their probabilities, best first, a head.
        sure: whether the best of a head reaches the probability from which on answers were right on validation clips.
    """

    name: str
    heads: dict[str, list[tuple[str, float]]]
    sure: dict[str, bool]


class Recognizer:
    """A trained model, ready to answer.

    Attributes:
        skeleton: the joints that it looks at.
        labels: class names of each head.
        thresholds: the probability from which on an answer is called sure, a head; where it is missing, all are.
        extractor: what found the keypoints that it learnt from; empty when unknown.
        fast: whether that looked at some of the frames only, and should again.
        info: everything that travels with the model: version, skeleton, labels, settings, training summary.
    """

    def __init__(self, info: dict, run: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]):
        self.info, self.run = info, run
        self.skeleton = Skeleton.from_toml(info["skeleton"])
        self.labels: dict[str, list[str]] = info["labels"]
        self.thresholds: dict[str, float] = info.get("thresholds", {})  # earlier versions had none
        self.extractor: dict = info.get("training", {}).get("extractor", {})
        self.fast: bool = self.extractor.get("fast", False)

    @classmethod
    def load(cls, path: Path) -> "Recognizer":
        """Load a checkpoint (`.safetensors`) or an exported model (`.onnx`). No code in it is run.

        Raises:
            BadInput: there is no such file, or it is not a model of ours.
        """
        path = Path(path)
        if not path.is_file():
            raise BadInput(f"there is no model {path}; `slr train` makes one.")
        load = _load_onnx if path.suffix == ".onnx" else _load_checkpoint
        return cls(*load(path))

    def probabilities(self, clips: list[np.ndarray]) -> dict[str, np.ndarray]:
        """Keypoints of each clip, (frames, joints, 4) as `Skeleton.select` gives them -> (clips, classes) a head."""
        answers = []
        for first in range(0, len(clips), BATCH):
            batch = clips[first : first + BATCH]
            frames = np.array([len(clip) for clip in batch], dtype=np.int64)
            keypoints = np.zeros((len(batch), frames.max(), *batch[0].shape[1:]), dtype=np.float32)
            for row, clip in enumerate(batch):
                keypoints[row, : len(clip)] = clip
            answers.append(self.run(keypoints, frames))
        return {head: np.concatenate([answer[head] for answer in answers]) for head in self.labels}

    def predict(self, poses: list[Pose], top: int | None = 5) -> list[Prediction]:
        """The `top` most probable labels of each head, or all, for each pose.

        Raises:
            BadInput: a pose lacks the points that the model looks at.
        """
        found = self.probabilities([self.skeleton.select(pose) for pose in poses])
        predictions = []
        for row, pose in enumerate(poses):
            heads = {head: ranked(labels, found[head][row])[:top] for head, labels in self.labels.items()}
            sure = {head: best[0][1] >= self.thresholds.get(head, 0.0) for head, best in heads.items()}
            predictions.append(Prediction(pose.name, heads, sure))
        return predictions

    def mismatch(self, pose: Pose) -> str | None:
        """A sentence when the pose was extracted in another way than the poses that the model learnt from."""
        learnt = self.extractor
        if not learnt or not pose.extractor or {**learnt, "face": None} == {**pose.extractor, "face": None}:
            return None
        found, expected = (f"{extractor['name']} {extractor['version']}" for extractor in (pose.extractor, learnt))
        how = "other settings of it" if found == expected else expected
        return f"the keypoints were extracted by {found}, and the model learnt from {how}."


def ranked(labels: list[str], probabilities: np.ndarray) -> list[tuple[str, float]]:
    """Labels with their probabilities, (classes,), best first."""
    return [(labels[index], float(probabilities[index])) for index in np.argsort(-probabilities, kind="stable")]


def _load_onnx(path: Path) -> tuple[dict, Callable]:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        info = _read_info(path, session.get_modelmeta().custom_metadata_map)
    except BadInput:
        raise
    except Exception as error:  # the exceptions of ONNX Runtime have no common class
        raise BadInput(f"{path} is not an ONNX model that can be read; export it again.") from error
    names = [output.name for output in session.get_outputs()]

    def run(keypoints: np.ndarray, frames: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(None, {"keypoints": keypoints, "frames": frames}), strict=True))

    return info, run


def _load_checkpoint(path: Path) -> tuple[dict, Callable]:
    model, info = load_model(path)
    return info, runner(model)


def runner(model: "SignModel") -> Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]:
    """What a `Recognizer` of a torch model in evaluation mode runs: keypoints and frames -> probabilities a head."""
    import torch

    def run(keypoints: np.ndarray, frames: np.ndarray) -> dict[str, np.ndarray]:
        with torch.inference_mode():
            logits = model(torch.from_numpy(keypoints), torch.from_numpy(frames))
        return {head: values.softmax(-1).numpy() for head, values in logits.items()}

    return run


def load_model(path: Path) -> tuple:
    """A checkpoint -> the `SignModel` in evaluation mode, and its info.

    Raises:
        BadInput: there is no such file, it is not a checkpoint of ours, or one whose network is another by now.
    """
    from slr_pose.model import ModelConfig, SignModel

    weights, info = read_checkpoint(path)
    classes = {head: len(names) for head, names in info["labels"].items()}
    try:
        model = SignModel(Skeleton.from_toml(info["skeleton"]), classes, ModelConfig(**info["model"]))
        model.load_state_dict(weights)
    except (TypeError, RuntimeError) as error:
        raise BadInput(
            f"{path} is of slr-pose {info['version']}, whose network was another; train it again."
        ) from error
    return model.eval(), info


def read_checkpoint(path: Path) -> tuple[dict, dict]:
    """A checkpoint -> its weights by name, and its info.

    Raises:
        BadInput: there is no such file, or it is not a checkpoint of ours.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            info = _read_info(path, file.metadata() or {})
            return {name: file.get_tensor(name) for name in file.keys()}, info  # noqa: SIM118
    except FileNotFoundError as error:
        raise BadInput(f"there is no model {path}; `slr train` makes one.") from error
    except SafetensorError as error:
        raise BadInput(f"{path} is not a checkpoint that can be read; name a model.safetensors or .onnx.") from error


def _read_info(path: Path, metadata: dict[str, str]) -> dict:
    if "slr-pose" not in metadata:
        raise BadInput(
            f"{path} is a checkpoint of something else; name one that `slr train` or `slr export-onnx` made."
        )
    return json.loads(metadata["slr-pose"])
