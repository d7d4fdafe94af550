"""Checkpoint -> the network that exported files hold, and how far a file's answers are from it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from slr_pose.info import EDGES, EMBEDDING, READ, SIGNS, WHOLE, ModelInfo
from slr_pose.model.checkpoint import load_model
from slr_pose.model.network import SignModel, refuse_heads
from slr_pose.recognition.recognizer import Run

TOLERANCE = 1e-4  # greatest difference of a probability between an exported file and torch


class ExportError(RuntimeError):
    """The exported file does not answer as the checkpoint does."""


class Exportable(nn.Module):
    """The graph that is exported: raw keypoints in, `outputs` out.

    Attributes:
        outputs: their names: those of the heads that have classes, in the order of the labels; `gloss.embedding` where
            it names glosses; `gloss.signs`, `gloss.edges` and `gloss.whole` where it reads.
        joints: how many it looks at.
    """

    def __init__(self, model: SignModel, info: ModelInfo):
        super().__init__()
        self.outputs = [head for head, names in info.labels.items() if names]
        self.outputs += [EMBEDDING] * (READ in info.labels) + [SIGNS, EDGES, WHOLE] * info.reads
        self.joints = len(info.layout().joints)
        # What becomes of the names of modules is Python code for a while: no name that a file brings gets there.
        self._inner = {head: head if head == READ else f"head{number}" for number, head in enumerate(info.labels)}
        model.heads = nn.ModuleDict({self._inner[head]: module for head, module in model.heads.items()})
        self.model = model

    def forward(self, keypoints: Tensor, frames: Tensor, times: Tensor) -> tuple[Tensor, ...]:
        """(batch, frames, joints, 4), (batch,) and (batch, samples), as `SignModel` takes them -> (batch, ...) each."""
        found = self.model.probabilities(keypoints, frames, times)
        return tuple(found[self._inner.get(name, name)] for name in self.outputs)


def load_exportable(checkpoint: Path) -> tuple[Exportable, ModelInfo]:
    """A checkpoint, or the folder of its run -> what is exported, in evaluation mode, and what travels with it.

    Raises:
        BadInput: it is not a checkpoint of ours, or has a head whose name no output can have.
    """
    model, info = load_model(checkpoint)
    refuse_heads(info.labels)
    return Exportable(model, info).eval(), info


def difference(network: Exportable, run: Run, shapes: Iterable[tuple[int, int, int]]) -> float:
    """The greatest difference of an output, over random clips; NaN where an answer is that.

    Args:
        run: what the exported file answers.
        shapes: (clips, frames, samples) of each batch of clips.
    """
    found = []
    for clips, frames, samples in shapes:
        given = random_clips(clips, frames, samples, network.joints, seed=frames)
        with torch.inference_mode():
            expected = network(*map(torch.from_numpy, given))
        answered = run(*given)
        found += [(answered[name], values.numpy()) for name, values in zip(network.outputs, expected, strict=True)]
    return greatest_difference(found)


def greatest_difference(pairs: Iterable[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> float:
    """Of two arrays of one shape, any shape, over all pairs; NaN where there is one, which `max` would overlook."""
    return float(np.max([np.abs(one - other).max() for one, other in pairs]))


def refuse_difference(runtime: str, greatest: float) -> None:
    """Look whether a file answers as torch does.

    Raises:
        ExportError: it differs by more than `TOLERANCE`, or answers with no number.
    """
    if not greatest <= TOLERANCE:
        raise ExportError(
            f"{runtime} and torch differ by {greatest:.1e}, more than {TOLERANCE:.0e}; no file was written."
        )


def random_clips(
    clips: int, frames: int, samples: int, joints: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """Wandering keypoints in pixels, (clips, frames, joints, 4), some not seen, in clips of different lengths (clips,);
    the longest says when all are looked at (clips, samples)."""
    random = np.random.default_rng(seed)
    start = random.uniform(100, 400, (clips, 1, joints, 3))
    path = start + random.normal(0, 4, (clips, frames, joints, 3)).cumsum(axis=1)
    confidence = random.uniform(0, 1, (clips, frames, joints, 1)) * (random.random((clips, frames, joints, 1)) > 0.2)
    lengths = np.linspace(frames, max(1, frames // 2), clips).astype(np.int64)
    times = np.linspace(0, [lengths[0] - 1] * clips, samples, axis=1, dtype=np.float32)
    return np.concatenate([path * (confidence > 0), confidence], axis=-1).astype(np.float32), lengths, times
