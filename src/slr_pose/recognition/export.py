"""Checkpoint -> one ONNX file that takes raw keypoints, compared with torch before it is kept."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from slr_pose import BadInput, __version__
from slr_pose.files import write_whole
from slr_pose.info import EDGES, EMBEDDING, KEY, READ, SIGNS, WHOLE, ModelInfo
from slr_pose.model.checkpoint import load_model
from slr_pose.model.network import INPUTS, SignModel, refuse_heads
from slr_pose.recognition.recognizer import Recognizer

if TYPE_CHECKING:
    import onnx

TOLERANCE = 1e-4  # greatest difference of a probability between ONNX Runtime and torch
NAMED = torch.export.Dim.DYNAMIC  # an axis that has its name at another input already
CHECKED_SHAPES = [(1, 1, 2), (1, 16, 32), (2, 33, 20), (5, 64, 32), (3, 200, 128)]  # (clips, frames, samples)


class ExportError(RuntimeError):
    """The exported file does not answer as the checkpoint does."""


class _Probabilities(nn.Module):
    """The graph that is exported: raw keypoints in, those outputs out."""

    def __init__(self, model: SignModel, outputs: list[str]):
        super().__init__()
        self.model, self.outputs = model, outputs

    def forward(self, keypoints: Tensor, frames: Tensor, times: Tensor) -> tuple[Tensor, ...]:
        found = self.model.probabilities(keypoints, frames, times)
        return tuple(found[name] for name in self.outputs)


def export_onnx(checkpoint: Path, output: Path, int8: bool = False) -> tuple[ModelInfo, float]:
    """Export a checkpoint.

    Inputs of the file: `keypoints` (batch, frames, joints, 4), x, y, z in pixels and confidence (0 = not seen);
    `frames` (batch,), how many of the frames belong to each clip; `times` (batch, samples), when to look at it, in even
    steps of frames: for one sign, 32 from its first to its last frame, and to read signing, 25 a second. What is behind
    the last frame is padding. Outputs: (batch, classes) probabilities of the whole, named by head; `gloss.embedding`
    (batch, width), which prototypes of glosses are compared with; `gloss.whole`
    (batch,), that it is one whole sign; of each sample, `gloss.signs` (batch, samples, glosses + 2), of each gloss, of
    no sign and of another sign, and `gloss.edges` (batch, samples, 2), that a sign begins there, or ends. Labels,
    skeleton and version are in its metadata, under `slr-pose`, as JSON.

    Args:
        int8: weights of eight bits, two fifths of the size, and other answers; what that loses stands in docs/web.md.

    Returns:
        What travels with the model, and the greatest difference to torch that was seen.

    Raises:
        BadInput: it is not a checkpoint of ours, or the file cannot be written under that name.
        ExportError: ONNX Runtime and torch differ by more than `TOLERANCE`; nothing is written.
    """
    import onnx

    if output.suffix.lower() != ".onnx":
        raise BadInput(f"{output} would not be known as an ONNX file; give it a name that ends in .onnx.")
    model, info = load_model(checkpoint)
    refuse_heads(info.labels)
    # What becomes of the names of modules is Python code for a while: no name that a file brings gets there.
    inner = {head: head if head == READ else f"head{number}" for number, head in enumerate(info.labels)}
    model.heads = nn.ModuleDict({inner[head]: module for head, module in model.heads.items()})
    outputs = [head for head, names in info.labels.items() if names]
    outputs += [*((EMBEDDING,) if READ in info.labels else ()), *((SIGNS, EDGES, WHOLE) if info.reads else ())]
    network = _Probabilities(model, [inner.get(name, name) for name in outputs]).eval()
    example = _random_clips(2, 16, 9, len(info.layout().joints), seed=0)
    with write_whole(output) as partial:
        torch.onnx.export(
            network,
            tuple(torch.from_numpy(array) for array in example),
            partial,
            dynamo=True,
            external_data=False,
            dynamic_shapes={
                "keypoints": {0: "batch", 1: "frames"},
                "frames": {0: NAMED},
                "times": {0: NAMED, 1: "samples"},
            },
            input_names=list(INPUTS),
            output_names=[f"out{number}" for number in range(len(outputs))],
            verbose=False,
        )
        if int8:
            _quantize(partial)
        file = _with_outputs(onnx.load(partial), outputs)
        file.producer_name, file.producer_version = "slr-pose", __version__
        onnx.helper.set_model_props(file, {KEY: info.encode()})
        onnx.save(file, partial)
        difference = _difference(network, Recognizer.load(partial))
        if not difference <= TOLERANCE and not int8:
            raise ExportError(
                f"ONNX Runtime and torch differ by {difference:.1e}, more than {TOLERANCE:.0e}; no file was written."
            )
        return info, difference


def _quantize(file: Path) -> None:
    """Weights as integers, each row of a matrix with a scale of its own; what is multiplied with them, as it comes."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(file, file, per_channel=True, weight_type=QuantType.QInt8)


def _with_outputs(file: "onnx.ModelProto", names: list[str]) -> "onnx.ModelProto":
    """Call the outputs of a model otherwise; what else is called so gets another name."""
    from onnx import compose

    prefix = "/"
    while any(name.startswith(prefix) for name in names):
        prefix += "/"
    inner = {"rename_inputs": False, "rename_outputs": False, "rename_functions": False}
    file = compose.add_prefix(file, prefix, **inner)
    new = dict(zip((output.name for output in file.graph.output), names, strict=True))
    for output in file.graph.output:
        output.name = new[output.name]
    for node in file.graph.node:
        for values in (node.input, node.output):
            values[:] = [new.get(value, value) for value in values]
    return file


def _difference(network: _Probabilities, exported: Recognizer) -> float:
    greatest = 0.0
    for clips, frames, samples in CHECKED_SHAPES:
        given = _random_clips(clips, frames, samples, len(exported.skeleton.joints), seed=frames)
        with torch.inference_mode():
            expected = network(*map(torch.from_numpy, given))
        answered = list(exported.run(*given).values())[: len(expected)]
        for found, probabilities in zip(answered, expected, strict=True):
            greatest = max(greatest, float(np.abs(found - probabilities.numpy()).max()))
    return greatest


def _random_clips(
    clips: int, frames: int, samples: int, joints: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """Wandering keypoints in pixels, some not seen, in clips of different lengths; the longest says when all are looked
    at."""
    random = np.random.default_rng(seed)
    start = random.uniform(100, 400, (clips, 1, joints, 3))
    path = start + random.normal(0, 4, (clips, frames, joints, 3)).cumsum(axis=1)
    confidence = random.uniform(0, 1, (clips, frames, joints, 1)) * (random.random((clips, frames, joints, 1)) > 0.2)
    lengths = np.linspace(frames, max(1, frames // 2), clips).astype(np.int64)
    times = np.linspace(0, [lengths[0] - 1] * clips, samples, axis=1, dtype=np.float32)
    return np.concatenate([path * (confidence > 0), confidence], axis=-1).astype(np.float32), lengths, times
