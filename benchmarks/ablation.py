"""What each idea is worth: `python benchmarks/ablation.py DATA...` trains without one of them at a time."""

import functools
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor, nn
from trials import Data, Epochs, Folds, Jobs, Output, Seeds, Trial, all_folds, run_all, table, title, top_over_seeds

from slr_pose.model.graph import SpatialGraph
from slr_pose.model.network import SIZES, SignModel
from slr_pose.model.reference import Reference
from slr_pose.model.streams import Streams

STREAMS = ("joint", "local", "upright", "bone", "motion", "local motion")  # three channels each, then presence


class Nothing(nn.Module):
    """Takes a branch's place and adds nothing."""

    def forward(self, x: Tensor, *_: Tensor) -> Tensor:
        return torch.zeros_like(x)


class AnyHand(Reference):
    """No hand is made the leading one: half of the clips are mirrored in training instead."""

    def left_leads(self, positions: Tensor, presence: Tensor) -> Tensor:
        if not self.training:
            return torch.zeros(len(positions), dtype=torch.bool, device=positions.device)
        return torch.rand(len(positions), device=positions.device) < 0.5


class Blind(Streams):
    """Streams of which some channels are not seen."""

    def __init__(self, skeleton, hidden: list[int]):
        super().__init__(skeleton)
        self.hidden = hidden

    def forward(self, positions: Tensor, presence: Tensor, inside: Tensor) -> Tensor:
        x = super().forward(positions, presence, inside).clone()
        x[..., self.hidden] = 0
        return x


class OnePool(SpatialGraph):
    """All joints are pooled at once."""

    def __init__(self, skeleton, channels, config):
        super().__init__(skeleton, channels, config)
        joints = list(range(len(skeleton.joints)))
        self.parts, self.other_hand = [("all", joints)], []
        self.pools = nn.ModuleDict({"all": nn.Linear(len(joints) * config.graph_width, config.width)})


class OwnWeights(SpatialGraph):
    """Each part, either hand too, is pooled by weights of its own, and the parts are added."""

    def __init__(self, skeleton, channels, config):
        super().__init__(skeleton, channels, config)
        self.parts, self.other_hand = [(part.name, list(part.joints)) for part in skeleton.parts], []
        self.twin = list(range(len(skeleton.joints)))
        sizes = {name: len(joints) * config.graph_width for name, joints in self.parts}
        self.pools = nn.ModuleDict({name: nn.Linear(size, config.width) for name, size in sizes.items()})


def built_without(idea: str | None, skeleton, classes: dict[str, int]) -> SignModel:
    """The network of the default recipe, without an idea of `NETWORK`."""
    config = SIZES["base"]
    model = SignModel(skeleton, classes, config)
    if idea:
        NETWORK[idea](model, skeleton, config)
    return model


def _graph(model, skeleton, config) -> None:
    model.graph.convolutions = nn.ModuleList(Nothing() for _ in model.graph.convolutions)
    model.graph.learned.requires_grad_(False)


def _learned(model, skeleton, config) -> None:
    model.graph.learned.requires_grad_(False).zero_()


def _bones(model, skeleton, config) -> None:
    model.graph.bones.zero_()


def _one_pool(model, skeleton, config) -> None:
    model.graph = OnePool(skeleton, Streams.channels, config)


def _shared_hands(model, skeleton, config) -> None:
    model.streams.side.fill_(1)
    model.graph = OwnWeights(skeleton, Streams.channels, config)


def _hide(*streams: str) -> Callable:
    def change(model, skeleton, config) -> None:
        hidden = [3 * STREAMS.index(stream) + axis for stream in streams for axis in range(3)]
        model.streams = Blind(skeleton, hidden)

    return change


def _presence(model, skeleton, config) -> None:
    model.streams = Blind(skeleton, [3 * len(STREAMS)])


def _depth(model, skeleton, config) -> None:
    model.streams = Blind(skeleton, [3 * stream + 2 for stream in range(len(STREAMS))])


def _handedness(model, skeleton, config) -> None:
    model.preprocessing.reference = AnyHand(skeleton)


def _convolution(model, skeleton, config) -> None:
    for block in model.encoder:
        block.depthwise, block.pointwise = nn.Identity(), Nothing()


def _attention(model, skeleton, config) -> None:
    for block in model.encoder:
        block.attended = Nothing()


def _attention_pool(model, skeleton, config) -> None:
    for head in model.heads.values():
        head.attention.weight.requires_grad_(False).zero_()
        head.attention.bias.requires_grad_(False).zero_()


NETWORK = {
    "graph convolution": _graph,
    "learned adjacency": _learned,
    "bones (learned adjacency only)": _bones,
    "a pool per part": _one_pool,
    "frames of the parts": _hide("local", "upright", "local motion"),
    "upright hands": _hide("upright"),
    "weights shared by the hands": _shared_hands,
    "bone stream": _hide("bone"),
    "motion streams": _hide("motion", "local motion"),
    "presence": _presence,
    "depth (z)": _depth,
    "canonical handedness": _handedness,
    "convolution over time": _convolution,
    "attention over time": _attention,
    "attention pool of the heads": _attention_pool,
}
RECIPE = {
    "mixup": {"mixup": 0.0},
    "CutMix": {"cutmix": 0.0},
    "label smoothing": {"label_smoothing": 0.0},
    "averaging of weights": {"averaging": 0.0},
}
AUGMENTATION = {
    "random part of the clip": {"SHORTEST_WINDOW": 1.0},
    "rotation": {"ROTATION": 0.0},
    "stretch and shear": {"STRETCH": 0.0},
    "rotation and size of the hands": {"HAND_ROTATION": 0.0, "HAND_SCALE": 0.0},
    "tilt of the hands": {"HAND_TILT": 0.0},
    "noise": {"NOISE": 0.0},
    "lost hands": {"LOST_HAND": 0.0},
}
WHOLE = "nothing: the default"
VARIANTS = (WHOLE, *NETWORK, *RECIPE, *AUGMENTATION)


def main(
    data: Data,
    epochs: Epochs = 30,
    seeds: Seeds = 3,
    folds: Folds = 1,
    jobs: Jobs = 2,
    output: Output = Path("runs/ablation"),
    only: Annotated[list[str] | None, typer.Option(help="A row of the table; all by default.")] = None,
) -> None:
    trials = []
    for seed, variant in itertools.product(range(seeds), only or VARIANTS):
        recipe = {"epochs": epochs, **RECIPE.get(variant, {})}
        build = functools.partial(built_without, variant if variant in NETWORK else None)
        augmentation = tuple(AUGMENTATION.get(variant, {}).items())
        for name in data:
            trial = Trial(variant, name, build, 0, seed, tuple(recipe.items()), augmentation)
            trials += all_folds(trial, folds)
    figures = run_all(trials, jobs, output)

    def cells(variant: str) -> list[str]:
        row = ["without " + variant]
        for name in data:
            found = [f for f in figures if f["variant"] == variant and f["data"] == name]
            row += top_over_seeds(found)
        return row

    columns = [f"{title(name)} {metric}" for name in data for metric in ("top-1", "top-5")]
    print(table(["", *columns], [cells(variant) for variant in only or VARIANTS]))


if __name__ == "__main__":
    typer.run(main)
