"""Checkpoint -> one ONNX file that takes raw keypoints, compared with torch before it is kept."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.info import KEY, ModelInfo
from slr_pose.model.network import INPUTS
from slr_pose.recognition.exportable import difference, load_exportable, random_clips, refuse_difference
from slr_pose.recognition.onnx_file import write_made
from slr_pose.recognition.recognizer import Recognizer

if TYPE_CHECKING:
    import onnx

NAMED = torch.export.Dim.DYNAMIC  # an axis that has its name at another input already
CHECKED_SHAPES = [(1, 1, 2), (1, 16, 32), (2, 33, 20), (5, 64, 32), (3, 200, 128)]  # (clips, frames, samples)


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
        int8: weights of eight bits, a third of the size, and other answers; what that loses stands in docs/web.md.

    Returns:
        What travels with the model, and the greatest difference to torch that was seen.

    Raises:
        BadInput: it is not a checkpoint of ours, or the file cannot be written under that name.
        ExportError: ONNX Runtime and torch differ by more than `TOLERANCE`; nothing is written.
    """
    import onnx

    if output.suffix.lower() != ".onnx":
        raise BadInput(f"{output} would not be known as an ONNX file; give it a name that ends in .onnx.")
    network, info = load_exportable(checkpoint)
    example = random_clips(2, 16, 9, network.joints, seed=0)
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
            output_names=[f"out{number}" for number in range(len(network.outputs))],
            verbose=False,
        )
        if int8:
            _quantize(partial)
        write_made(_with_outputs(onnx.load(partial), network.outputs), KEY, info.encode(), partial)
        greatest = difference(network, Recognizer.load(partial).run, CHECKED_SHAPES)
        if not int8:
            refuse_difference("ONNX Runtime", greatest)
        return info, greatest


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
