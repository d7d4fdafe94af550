"""The whole network: raw keypoints -> graph convolution -> transformer -> classes, per head and of each sample."""

from collections.abc import Callable, Iterable
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from slr_pose import BadInput
from slr_pose.info import EDGES, EMBEDDING, READ, SIGNS, WHOLE, ModelConfig
from slr_pose.model.graph import Axes, SpatialGraph
from slr_pose.model.heads import Head
from slr_pose.model.preprocessing import Preprocessing
from slr_pose.model.reader import NO_SIGN, OTHER_SIGN, Reader
from slr_pose.model.streams import Streams
from slr_pose.model.temporal import TemporalBlock
from slr_pose.skeleton import Skeleton

INPUTS = ("keypoints", "frames", "times")  # of the network
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
        self.preprocessing = Preprocessing(skeleton)
        self.streams = Streams(skeleton)
        self.graph = SpatialGraph(skeleton, self.streams.channels, config)
        self.encoder = nn.ModuleList(TemporalBlock(config, share=i / config.blocks) for i in range(config.blocks))
        self.norm = nn.LayerNorm(config.width)
        self.heads = nn.ModuleDict({name: Head(config, count) for name, count in classes.items()})
        self.reader = Reader(config, classes[READ]) if config.reads and READ in classes else None

    def forward(self, keypoints: Tensor, frames: Tensor, times: Tensor) -> dict[str, Tensor]:
        """(batch, frames, joints, 4) raw keypoints, (batch,) frames of each clip, and (batch, samples) the times at
        which to look at it, as `Preprocessing` takes them -> (batch, classes) logits per head of what the whole of it
        shows; where it names glosses, `EMBEDDING` (batch, width), what it does so by; and where it reads, `SIGNS`,
        `EDGES` and `WHOLE`, as `Reader` gives them."""
        positions, presence, inside = self.preprocessing(keypoints, frames, times)
        x = self.embed(positions, presence, inside)
        pooled = {name: cast(Head, head).pool(x, inside) for name, head in self.heads.items()}
        found = {name: cast(Head, head).classify(pooled[name]) for name, head in self.heads.items()}
        if READ in pooled:
            found[EMBEDDING] = pooled[READ]
        if self.reader and self.reader.glosses:
            found |= dict(zip((SIGNS, EDGES), self.reader(x), strict=True))
            found[WHOLE] = self.reader.whole(x, inside)[:, 0]
        return found

    def probabilities(self, keypoints: Tensor, frames: Tensor, times: Tensor) -> dict[str, Tensor]:
        """The same, (batch, ...), with probabilities for logits: what prediction and the exported file answer."""
        found = self(keypoints, frames, times)
        change: dict[str, Callable[[Tensor], Tensor]] = {SIGNS: torch.exp, EDGES: torch.sigmoid, WHOLE: torch.sigmoid}
        change[EMBEDDING] = lambda x: x
        return {name: change[name](x) if name in change else x.softmax(-1) for name, x in found.items()}

    def embed(self, positions: Tensor, presence: Tensor, inside: Tensor) -> Tensor:
        """What `Preprocessing` returns -> embeddings (batch, samples, width)."""
        x = self.graph(self.streams(positions, presence, inside))
        for block in self.encoder:
            x = block(x, inside)
        return self.norm(x)

    def classify(self, positions: Tensor, presence: Tensor, inside: Tensor) -> dict[str, Tensor]:
        """What `Preprocessing` returns -> logits (batch, classes) per head."""
        x = self.embed(positions, presence, inside)
        return {name: head(x, inside) for name, head in self.heads.items()}

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
        if self.reader:
            read = [*labels[READ], NO_SIGN, OTHER_SIGN]
            axes |= {"reader.signs.weight": [read, None], "reader.signs.bias": [read]}
        return axes
