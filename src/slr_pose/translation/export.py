"""Checkpoint of a translator -> one ONNX file, compared with torch before it is kept."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.recognition.export import NAMED
from slr_pose.recognition.exportable import greatest_difference, refuse_difference
from slr_pose.recognition.onnx_file import write_made
from slr_pose.translation.glosses import FIRST
from slr_pose.translation.info import KEY
from slr_pose.translation.network import TranslationModel
from slr_pose.translation.translator import TorchNetwork, Translator, load_model

CHECKED = [(1, 1, 1, 0), (2, 7, 1, 3), (3, 20, 4, 11)]  # (sentences, places, alternatives, pieces so far)


class _Both(nn.Module):
    """The graph that is exported: reading and the step side by side; ONNX Runtime computes the one it is asked for."""

    def __init__(self, model: TranslationModel):
        super().__init__()
        self.model = model

    def forward(
        self, glosses: Tensor, shares: Tensor, pieces: Tensor, place: Tensor, past: Tensor, memory: Tensor, seen: Tensor
    ) -> tuple[Tensor, ...]:
        return self.model.read(glosses, shares), *self.model.step(pieces, place, past, memory, seen)


def export_onnx(checkpoint: Path, output: Path) -> float:
    """Export a checkpoint of `slr train-sentences`.

    Inputs and outputs of the file are those of `TranslationModel.read` and `.step`, by their names; everything else
    that a translator needs is in its metadata, under `slr-pose-translation`, as JSON.

    Returns:
        The greatest difference to torch that was seen.

    Raises:
        BadInput: it is not a checkpoint of ours, or the file cannot be written.
        ExportError: ONNX Runtime and torch differ by more than `TOLERANCE`; nothing is written.
    """
    import onnx

    if output.suffix.lower() != ".onnx":
        raise BadInput(f"{output} would not be known as an ONNX file; give it a name that ends in .onnx.")
    model, info = load_model(checkpoint)
    with write_whole(output) as partial:
        torch.onnx.export(
            _Both(model).eval(),
            tuple(map(torch.from_numpy, _example(model, 2, 3, 2, 4))),
            partial,
            dynamo=True,
            external_data=False,
            dynamic_shapes={
                "glosses": {0: "sentences", 1: "places", 2: "alternatives"},
                "shares": {0: NAMED, 1: NAMED, 2: NAMED},
                "pieces": {0: "beams"},
                "place": {0: NAMED},
                "past": {2: NAMED, 4: "so_far"},
                "memory": {2: NAMED, 4: "read_places"},
                "seen": {0: NAMED, 1: NAMED},
            },
            input_names=["glosses", "shares", "pieces", "place", "past", "memory", "seen"],
            output_names=["read", "log_probabilities", "present"],
            verbose=False,
        )
        write_made(onnx.load(partial), KEY, info.encode(), partial)
        return _compare(model, Translator.load(partial))


def _compare(model: TranslationModel, exported: Translator) -> float:
    expected, found = TorchNetwork(model), exported.network
    pairs = []
    for shape in CHECKED:
        glosses, shares, *step = _example(model, *shape)
        pairs.append((expected.read(glosses, shares), found.read(glosses, shares)))
        pairs += zip(expected.step(*step), found.step(*step), strict=True)
    greatest = greatest_difference(pairs)
    refuse_difference("ONNX Runtime", greatest)
    return greatest


def _example(
    model: TranslationModel, sentences: int, places: int, alternatives: int, so_far: int
) -> tuple[np.ndarray, ...]:
    """Glosses at random, in sentences of different lengths, and a step within them."""
    random = np.random.default_rng(places)
    config = model.config
    glosses = random.integers(FIRST, model.glosses.num_embeddings, (sentences, places, alternatives))
    shares = random.random((sentences, places, alternatives)).astype(np.float32)
    for row in range(sentences):
        shares[row, max(1, places - row) :] = 0
    channels = config.width // config.attention_heads
    past = random.normal(size=(config.blocks, 2, sentences, config.attention_heads, so_far, channels))
    memory = random.normal(size=(config.blocks, 2, sentences, config.attention_heads, places, channels))
    pieces = random.integers(0, model.pieces.num_embeddings, sentences)
    place = np.full(sentences, so_far)
    return glosses, shares, pieces, place, past.astype(np.float32), memory.astype(np.float32), shares.sum(-1) > 0
