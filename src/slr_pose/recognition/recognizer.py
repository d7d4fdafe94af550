"""Recognizer: one face over a checkpoint and an ONNX file. The ONNX side needs no torch."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.info import EDGES, EMBEDDING, KEY, READ, SIGNS, WHOLE, ModelInfo, in_sentence
from slr_pose.model.checkpoint import load_model, read_checkpoint, read_info, save_checkpoint
from slr_pose.pose import Pose
from slr_pose.recognition.enrolment import Prototypes
from slr_pose.recognition.onnx_file import ask, open_session, read_onnx, write_with_metadata
from slr_pose.runs import model_file
from slr_pose.timeline import State, Timeline, of_clip

if TYPE_CHECKING:
    from slr_pose.model.network import SignModel

BATCH = 32  # clips that go through the network together, at most
MOST_FRAMES = 1024 * BATCH  # of a batch, those behind the ends of its clips among them
KNOWN = 0.5  # what the probability of a gloss must reach at some time
SHOWN = "gloss.shown"  # (clips,) how likely it is that one of the signs that were enrolled is signed
ROUNDING = 1e-3  # that probabilities may be off by, all together

# Keypoints (clips, frames, joints, 4), how many frames are each clip's (clips,), and when to look, (clips, samples) in
# frames -> probabilities (clips, classes) per head, and EMBEDDING (clips, width), what glosses are told by; of a model
# that reads also SIGNS (clips, samples, classes + 2), of each gloss, of no sign and of another sign, EDGES (clips,
# samples, 2), that a sign begins there, or ends, and WHOLE (clips,), that it is one whole sign.
Run = Callable[[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]], dict[str, NDArray[np.float32]]]


class Recognizer:
    """A trained model, ready to answer.

    Attributes:
        skeleton: the joints that it looks at.
        labels: what it tells apart, per head: of glosses those that it was trained on, then those that were enrolled.
        thresholds: per head, the probability from which on an answer is called sure; where it is missing, nobody knows.
        extractor: what found the keypoints that it learnt from; empty when unknown.
        fast: whether that looked at some of the frames only, and should again.
        info: everything that travels with the model.
    """

    def __init__(self, info: ModelInfo, run: Run):
        self.info, self.run = info, run
        self.skeleton = info.layout()
        self.labels, self.thresholds = dict(info.labels), info.thresholds
        self._trained = set(info.labels.get(READ, []))
        self._prototypes = Prototypes(info) if info.enrolled else None
        if self._prototypes:
            self.labels[READ] = self._prototypes.glosses
        self.extractor = info.training.extractor
        self.fast = self.extractor.get("fast") is True

    @property
    def of_clips(self) -> dict[str, list[str]]:
        """The class names of each head that can be asked about clips."""
        return {head: names for head, names in self.labels.items() if names and (head != READ or self.info.names)}

    @classmethod
    def load(cls, path: Path) -> "Recognizer":
        """Load a checkpoint (`.safetensors`), that of a run's folder, or an exported model (`.onnx`). No code in it is
        run, and nothing of it is believed before it is checked.

        Raises:
            BadInput: there is no such file, or it is not a whole model of ours.
        """
        path = model_file(Path(path))
        load = _load_onnx if path.suffix.lower() == ".onnx" else _load_checkpoint
        info, run = load(path)
        return in_sentence(path, lambda: cls(info, run))

    def probabilities(self, clips: list[NDArray[np.float32]]) -> dict[str, NDArray[np.floating[Any]]]:
        """Keypoints of each clip, (frames, joints, 4) as `Skeleton.select` gives them -> (clips, classes) per head, and
        what else a `Run` gives; where signs were enrolled, `SHOWN`. All of it is in memory: of many clips, take
        `answers`.

        Raises:
            BadInput: what comes out of the network are no probabilities.
        """
        answers = list(self.answers(clips))
        return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}

    def answers(self, clips: Iterable[NDArray[np.float32]]) -> Iterator[dict[str, NDArray[np.floating[Any]]]]:
        """The same, (frames, joints, 4) each -> (clips, classes) and so on, of a few clips after the other, in order.

        Raises:
            BadInput: what comes out of the network are no probabilities.
        """
        for batch in _batches(clips):
            frames = np.array([len(clip) for clip in batch], dtype=np.int64)
            keypoints = np.zeros((len(batch), frames.max(), *batch[0].shape[1:]), dtype=np.float32)
            for row, clip in enumerate(batch):
                keypoints[row, : len(clip)] = clip
            times = np.linspace(0, frames - 1, self.info.model.frames, axis=1, dtype=np.float32)
            found: dict[str, NDArray[np.floating[Any]]] = self.run(keypoints, frames, times)
            for head, names in self.info.labels.items():
                if names and not _are_probabilities(found[head], (len(batch), len(names))):
                    raise BadInput(
                        f"the model's answers for {head} are no probabilities: it is damaged; train it again."
                    )
            if self._prototypes:
                found[READ], found[SHOWN] = self._prototypes.together(found[READ], found[EMBEDDING])
            yield found

    def predict(self, poses: list[Pose]) -> list[Timeline]:
        """What each pose shows: a tier for each head that can be asked, with one entry for the whole of it.

        A gloss is unknown where at no time one of those that the model was trained on is likelier than all else, nor
        the whole like one that was enrolled.

        Raises:
            BadInput: a pose lacks the points that the model looks at.
        """
        asked, timelines = iter(poses), []
        for found in self.answers(map(self.skeleton.select, poses)):
            for row, pose in zip(range(len(next(iter(found.values())))), asked, strict=False):
                heads = {head: ranked(labels, found[head][row]) for head, labels in self.of_clips.items()}
                states = {head: self.state(head, *best[0]) for head, best in heads.items()}
                if READ in heads and not self._is_known(found, row):
                    states[READ] = "unknown"
                timelines.append(of_clip(pose.name, pose.start_s, pose.end_s, heads, states))
        return timelines

    def _is_known(self, found: dict[str, NDArray[np.floating[Any]]], row: int) -> bool:
        if SHOWN in found and found[SHOWN][row] >= KNOWN:
            return True
        trained = len(self.info.labels[READ])
        return trained > 0 and (SIGNS not in found or bool(found[SIGNS][row, :, :trained].max() >= KNOWN))

    def state(self, head: str, label: str, probability: float) -> State:
        """How far an answer is to be trusted. Of a sign that was enrolled nobody knows."""
        if head not in self.thresholds or (head in (READ, SIGNS) and label not in self._trained):
            return "not measured"
        return "sure" if probability >= self.thresholds[head] else "not sure"

    def mismatch(self, pose: Pose) -> str | None:
        """A sentence when the pose was extracted in another way than the poses that the model learnt from."""
        learnt = self.extractor
        if not learnt or not pose.extractor or {**learnt, "face": None} == {**pose.extractor, "face": None}:
            return None
        found, expected = (f"{extractor['name']} {extractor['version']}" for extractor in (pose.extractor, learnt))
        how = "other settings of it" if found == expected else expected
        return f"the keypoints were extracted by {found}, and the model learnt from {how}."


def _batches(clips: Iterable[NDArray[np.float32]]) -> Iterator[list[NDArray[np.float32]]]:
    """Clips, (frames, joints, 4) each, to be padded to the longest of them: fewer together where they are long."""
    batch: list[NDArray[np.float32]] = []
    longest = 0
    for clip in clips:
        longest = max(longest, len(clip))
        if batch and (len(batch) == BATCH or (len(batch) + 1) * longest > MOST_FRAMES):
            yield batch
            batch, longest = [], len(clip)
        batch.append(clip)
    if batch:
        yield batch


def _are_probabilities(found: NDArray[np.float32], shape: tuple[int, int]) -> bool:
    """Whether an output is a distribution over the classes for each clip."""
    return found.shape == shape and bool((found >= 0).all() and (np.abs(found.sum(axis=1) - 1) < ROUNDING).all())


def ranked(labels: list[str], probabilities: NDArray[np.floating[Any]]) -> list[tuple[str, float]]:
    """Labels with their probabilities, (classes,), best first."""
    return [(labels[index], float(probabilities[index])) for index in np.argsort(-probabilities, kind="stable")]


def write_with(info: ModelInfo, path: Path, output: Path) -> None:
    """Write a model's file, a checkpoint or an ONNX file, as another, or itself, whole, with what travels with it
    changed.

    Raises:
        BadInput: there is no such file, or it is not one of ours.
    """
    if path.suffix.lower() == ".onnx":
        write_with_metadata(path, KEY, info.encode(), output)
    else:
        save_checkpoint(output, read_checkpoint(path)[0], info)


def _load_onnx(path: Path) -> tuple[ModelInfo, Run]:
    content, metadata = read_onnx(path)
    info = read_info(path, metadata)
    session = open_session(path, content)
    inputs = {value.name: (value.type, value.shape[2:]) for value in session.get_inputs()}
    joints = len(in_sentence(path, info.layout).joints)
    expected = {
        "keypoints": ("tensor(float)", [joints, 4]),
        "frames": ("tensor(int64)", []),
        "times": ("tensor(float)", []),
    }
    if not info.reads and "times" not in inputs:  # earlier versions of slr wrote files that choose the times themselves
        del expected["times"]
    outputs = [(normalize("NFC", value.name), value.type, value.shape[1:]) for value in session.get_outputs()]
    described = [(head, "tensor(float)", [len(names)]) for head, names in info.labels.items() if names]
    outputs = [(name, kind, shape[-1:]) for name, kind, shape in outputs]
    if info.centre or any(name == EMBEDDING for name, _, _ in outputs):  # earlier versions of slr did not write it
        described += [(EMBEDDING, "tensor(float)", [info.model.width])]
    if info.reads:
        described += [(SIGNS, "tensor(float)", [len(info.labels[READ]) + 2]), (EDGES, "tensor(float)", [2])]
        described += [(WHOLE, "tensor(float)", [])]
    if inputs != expected or outputs != described:
        raise BadInput(f"{path}: its inputs and outputs are not those of its description; export it again.")

    names = [name for name, _, _ in described]

    def run(
        keypoints: NDArray[np.float32], frames: NDArray[np.int64], times: NDArray[np.float32]
    ) -> dict[str, NDArray[np.float32]]:
        given: dict[str, NDArray[Any]] = {"keypoints": keypoints, "frames": frames, "times": times}
        asked = {name: given[name] for name in inputs}
        found = dict(zip(names, ask(session, path, None, asked, "clips"), strict=True))
        return found | {head: np.zeros((len(keypoints), 0), np.float32) for head in info.labels if head not in found}

    return info, run


def _load_checkpoint(path: Path) -> tuple[ModelInfo, Run]:
    model, info = load_model(path)
    return info, runner(model)


def runner(model: "SignModel") -> Run:
    """What a `Recognizer` of a torch model in evaluation mode runs: keypoints and frames -> probabilities per head.

    Where there is a GPU, the model moves there with the first batch of several clips; one alone is answered before a
    GPU is ready.
    """
    import torch

    def run(
        keypoints: NDArray[np.float32], frames: NDArray[np.int64], times: NDArray[np.float32]
    ) -> dict[str, NDArray[np.float32]]:
        if len(keypoints) > 1 and torch.cuda.is_available():
            model.cuda()
        device = next(model.parameters()).device
        with torch.inference_mode():
            given = (torch.from_numpy(array).to(device) for array in (keypoints, frames, times))
            found = model.probabilities(*given)
        return {name: values.cpu().numpy() for name, values in found.items()}

    return run
