"""The whole network: raw keypoints -> graph convolution -> transformer -> the classes of each head."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from slr_pose import BadInput
from slr_pose.info import ModelConfig
from slr_pose.model.graph import Axes, SpatialGraph
from slr_pose.model.heads import Head
from slr_pose.model.preprocessing import Preprocessing
from slr_pose.model.streams import Streams
from slr_pose.model.temporal import TemporalBlock
from slr_pose.skeleton import Skeleton

INPUTS = ("keypoints", "frames")  # of the network
SIZES = {
    "tiny": ModelConfig(graph_width=16, width=96, blocks=2),
    "base": ModelConfig(),
    "large": ModelConfig(graph_width=48, width=256, blocks=6),
}


def refuse_heads(names: Iterable[str]) -> None:
    """A head is a module of the network, and an output of the ONNX file, whose inputs have names as well.

    Raises:
        BadInput: a name is one that a head cannot have.
    """
    for name in names:
        if not name or "." in name or hasattr(nn.ModuleDict(), name) or name in INPUTS:
            raise BadInput(f"'{name}' cannot be the name of a head; give the column another name.")


class SignModel(nn.Module):
    """Raw keypoints -> logits of each head.

    Args:
        skeleton: the joints that come in.
        classes: number of classes of each head, by its name.
    """

    def __init__(self, skeleton: Skeleton, classes: dict[str, int], config: ModelConfig):
        super().__init__()
        self.config = config
        self.preprocessing = Preprocessing(skeleton, config.frames)
        self.streams = Streams(skeleton)
        self.graph = SpatialGraph(skeleton, self.streams.channels, config)
        self.encoder = nn.ModuleList(TemporalBlock(config, share=i / config.blocks) for i in range(config.blocks))
        self.norm = nn.LayerNorm(config.width)
        self.heads = nn.ModuleDict({name: Head(config, count) for name, count in classes.items()})

    def forward(self, keypoints: Tensor, frames: Tensor) -> dict[str, Tensor]:
        """(batch, frames, joints, 4) raw keypoints and (batch,) frames of each clip -> (batch, classes) per head."""
        return self.classify(*self.preprocessing(keypoints, frames))

    def classify(self, positions: Tensor, presence: Tensor) -> dict[str, Tensor]:
        """What `Preprocessing` returns -> logits (batch, classes) per head."""
        x = self.graph(self.streams(positions, presence))  # (B, T, width)
        for block in self.encoder:
            x = block(x)
        x = self.norm(x)
        return {name: head(x) for name, head in self.heads.items()}

    @torch.no_grad()
    def start_from(self, other: "SignModel", labels: dict[str, list[str]], other_labels: dict[str, list[str]]) -> None:
        """Take over what another model of the same sizes has learnt: of joints, parts, heads and classes, those that
        both have by name; the rest stays as it is.

        Args:
            labels, other_labels: class names of each head.
        """
        names, other_names, others = self._axes(labels), other._axes(other_labels), dict(other.named_parameters())
        for name, weight in self.named_parameters():
            if name not in others:
                continue
            here, there = [], []
            unnamed: list[list[str] | None] = [None] * weight.ndim
            for mine, theirs, size in zip(
                names.get(name, unnamed), other_names.get(name, unnamed), weight.shape, strict=True
            ):
                place = {label: index for index, label in enumerate(theirs or range(size))}
                common = [(index, place[label]) for index, label in enumerate(mine or range(size)) if label in place]
                here.append([index for index, _ in common])
                there.append([index for _, index in common])
            weight[np.ix_(*here)] = others[name][np.ix_(*there)]

    def _axes(self, labels: dict[str, list[str]]) -> Axes:
        """What the places along a weight's axes are called, for the weights whose shape depends on skeleton or labels;
        `None` for an axis that does not."""
        axes: Axes = {f"graph.{name}": names for name, names in self.graph.axes().items()}
        for head, classes in labels.items():
            axes[f"heads.{head}.linear.weight"] = [classes, None]
            axes[f"heads.{head}.linear.bias"] = [classes]
        return axes
