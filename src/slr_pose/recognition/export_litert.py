"""Checkpoint -> one LiteRT file that takes raw keypoints, compared with torch before it is kept."""

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.info import ModelInfo
from slr_pose.model.network import INPUTS
from slr_pose.recognition.exportable import Exportable, difference, load_exportable, random_clips, refuse_difference
from slr_pose.recognition.recognizer import Run
from slr_pose.recognition.stream import WINDOW

FRAMES = 320  # that a file takes: five seconds at 60 a second, and some more
CLIP, SIGNING = "clip", "signing"  # the file's signatures
DESCRIPTION = "slr-pose.json"
CHECKED = [(1, 1), (2, 33), (3, 200), (3, FRAMES)]  # (clips, frames)


class _Named(nn.Module):
    """The same graph, with names for what comes out."""

    def __init__(self, network: Exportable):
        super().__init__()
        self.network = network

    def forward(self, keypoints: Tensor, frames: Tensor, times: Tensor) -> dict[str, Tensor]:
        return dict(zip(self.network.outputs, self.network(keypoints, frames, times), strict=True))


def export_litert(checkpoint: Path, output: Path) -> tuple[ModelInfo, float]:
    """Export a checkpoint.

    The file has two signatures that share their weights: `clip`, for one sign, and, of a model that reads, `signing`.
    They take and answer what the ONNX file does (`export.export_onnx`), by the same names, but for one clip and in
    fixed shapes, as nothing else can be converted: `keypoints` (1, `FRAMES`, joints, 4), `frames` (1,) int32, behind
    which there is padding, and `times` (1, samples), of which a `clip` has `info.model.frames` and `signing` `WINDOW`.
    Labels, skeleton and thresholds are in `slr-pose.json`, in a ZIP archive behind the graph: an associated file, as
    https://ai.google.dev/edge/litert/models/metadata has it.

    Returns:
        What travels with the model, and the greatest difference to torch that was seen.

    Raises:
        BadInput: it is not a checkpoint of ours, litert-torch is not installed, or the file cannot be written under
            that name.
        ExportError: LiteRT and torch differ by more than `TOLERANCE`; nothing is written.
    """
    if output.suffix.lower() != ".tflite":
        raise BadInput(f"{output} would not be known as a LiteRT file; give it a name that ends in .tflite.")
    network, info = load_exportable(checkpoint)
    samples = {CLIP: info.model.frames} | ({SIGNING: WINDOW} if info.reads else {})
    with write_whole(output) as partial:
        partial.write_bytes(_converted(network, samples))
        with ZipFile(partial, "a") as archive:
            archive.writestr(DESCRIPTION, info.encode())
        content = partial.read_bytes()
        found = [
            difference(network, _runner(content, name), [(clips, frames, count) for clips, frames in CHECKED])
            for name, count in samples.items()
        ]
        greatest = float(np.max(found))
        refuse_difference("LiteRT", greatest)
        return info, greatest


def _converted(network: Exportable, samples: dict[str, int]) -> bytes:
    """The file without its description.

    Args:
        samples: of each signature.
    """
    try:
        import litert_torch
    except ModuleNotFoundError as error:
        raise BadInput("litert-torch is not installed: run `pip install 'slr-pose[export-litert]'`.") from error

    litert_torch.config.show_progress = False
    converter, named = litert_torch.Converter(), _Named(network).eval()
    for name, count in samples.items():
        example = map(torch.from_numpy, random_clips(1, FRAMES, count, network.joints, seed=0))
        converter.signature(name, named, sample_kwargs=dict(zip(INPUTS, example, strict=True)))
    content: bytes = converter.convert().model_content()
    return content


def _runner(content: bytes, signature: str) -> Run:
    """What a signature of a file answers to clips of any number and up to `FRAMES` frames, one after the other."""
    from ai_edge_litert.interpreter import Interpreter

    answer = Interpreter(model_content=content, num_threads=1).get_signature_runner(signature)

    def run(
        keypoints: NDArray[np.float32], frames: NDArray[np.int64], times: NDArray[np.float32]
    ) -> dict[str, NDArray[np.float32]]:
        padded = np.pad(keypoints, [(0, 0), (0, FRAMES - keypoints.shape[1]), (0, 0), (0, 0)])
        rows = zip(padded[:, None], frames[:, None].astype(np.int32), times[:, None], strict=True)
        found = [answer(**dict(zip(INPUTS, row, strict=True))) for row in rows]
        return {name: np.concatenate([row[name] for row in found]) for name in found[0]}

    return run
