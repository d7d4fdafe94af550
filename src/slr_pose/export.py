"""Checkpoint -> one ONNX file that takes raw keypoints, compared with torch before it is kept."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from slr_pose import __version__
from slr_pose.files import write_whole
from slr_pose.model import SignModel
from slr_pose.recognizer import Recognizer, load_model
from slr_pose.skeleton import Skeleton

TOLERANCE = 1e-4  # greatest difference of a probability between ONNX Runtime and torch
CHECKED_SHAPES = [(1, 1), (1, 16), (2, 33), (5, 64), (3, 200)]  # (clips, frames)


class ExportError(RuntimeError):
    """The exported file does not answer as the checkpoint does."""


class _Probabilities(nn.Module):
    """The graph that is exported: raw keypoints in, one probability distribution a head out."""

    def __init__(self, model: SignModel):
        super().__init__()
        self.model = model

    def forward(self, keypoints: Tensor, frames: Tensor) -> tuple[Tensor, ...]:
        return tuple(logits.softmax(-1) for logits in self.model(keypoints, frames).values())


def export_onnx(checkpoint: Path, output: Path) -> float:
    """Export a checkpoint.

    Inputs of the file: `keypoints` (batch, frames, joints, 4), x, y, z in pixels and confidence (0 = not seen), and
    `frames` (batch,), how many of the frames belong to each clip. Outputs: (batch, classes) probabilities, named by
    head. Labels, skeleton and version are in its metadata, under `slr-pose`, as JSON.

    Returns:
        The greatest difference to torch that was seen.

    Raises:
        BadInput: it is not a checkpoint of ours, or the file cannot be written.
        ExportError: ONNX Runtime and torch differ by more than `TOLERANCE`; nothing is written.
    """
    import onnx

    model, info = load_model(checkpoint)
    network = _Probabilities(model).eval()
    example = _random_clips(2, 16, len(Skeleton.from_toml(info["skeleton"]).joints), seed=0)
    with write_whole(output) as partial:
        torch.onnx.export(
            network,
            tuple(torch.from_numpy(array) for array in example),
            partial,
            dynamo=True,
            external_data=False,
            dynamic_shapes={"keypoints": {0: "batch", 1: "frames"}, "frames": {0: "batch"}},
            input_names=["keypoints", "frames"],
            output_names=list(info["labels"]),
            verbose=False,
        )
        file = onnx.load(partial)
        file.producer_name, file.producer_version = "slr-pose", __version__
        onnx.helper.set_model_props(file, {"slr-pose": json.dumps(info, ensure_ascii=False)})
        onnx.save(file, partial)
        return _compare(network, Recognizer.load(partial))


def _compare(network: _Probabilities, exported: Recognizer) -> float:
    greatest = 0.0
    for clips, frames in CHECKED_SHAPES:
        keypoints, lengths = _random_clips(clips, frames, len(exported.skeleton.joints), seed=frames)
        with torch.inference_mode():
            expected = network(torch.from_numpy(keypoints), torch.from_numpy(lengths))
        found = exported.run(keypoints, lengths)
        for head, probabilities in zip(exported.labels, expected, strict=True):
            greatest = max(greatest, float(np.abs(found[head] - probabilities.numpy()).max()))
    if not greatest <= TOLERANCE:
        raise ExportError(
            f"ONNX Runtime and torch differ by {greatest:.1e}, more than {TOLERANCE:.0e}; no file was written."
        )
    return greatest


def _random_clips(clips: int, frames: int, joints: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Wandering keypoints in pixels, some not seen, in clips of different lengths."""
    random = np.random.default_rng(seed)
    start = random.uniform(100, 400, (clips, 1, joints, 3))
    path = start + random.normal(0, 4, (clips, frames, joints, 3)).cumsum(axis=1)
    confidence = random.uniform(0, 1, (clips, frames, joints, 1)) * (random.random((clips, frames, joints, 1)) > 0.2)
    lengths = np.linspace(frames, max(1, frames // 2), clips).astype(np.int64)
    return np.concatenate([path * (confidence > 0), confidence], axis=-1).astype(np.float32), lengths
