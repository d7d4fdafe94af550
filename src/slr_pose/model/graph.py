"""Channels of each joint -> one embedding per skeleton frame, by graph convolution."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch_geometric.nn import DenseGraphConv

from slr_pose.info import ModelConfig
from slr_pose.skeleton import Skeleton

Axes = dict[str, list[list[str] | None]]  # what the places along each axis of a weight are called, by its name


class SpatialGraph(nn.Module):
    """Embed each skeleton frame: graph convolutions over bones and a learned adjacency, then one embedding per part.

    The skeleton is fixed, so the graph is dense: one matrix of the bones (normalised) plus one that is learned per
    layer (as in 2s-AGCN; Shi et al., CVPR 2019). Both hands are embedded by the same weights. The body and the leading
    hand speak for themselves, the other hand only together with the leading one.

    torch-geometric is here for its graph convolution over a dense adjacency (Morris et al., AAAI 2019). What else it
    has is for graphs that differ from each other or are sparse: over its edge lists and batches of graphs, the same
    convolution takes twice as long with the bones alone, and 25 times as long with the learned adjacency.
    """

    bones: Tensor

    def __init__(self, skeleton: Skeleton, channels: int, config: ModelConfig):
        super().__init__()
        self.joints = skeleton.joints
        self.parts = [(part.name, list(part.joints)) for part in skeleton.parts if part.name != "left_hand"]
        self.twin = list(range(len(self.joints)))  # the joint whose place in the hand it has
        self.other_hand: list[int] = []
        if (left := skeleton.part("left_hand")) and (right := skeleton.part("right_hand")):
            self.other_hand = [skeleton.mirror[joint] for joint in right.joints]
            for joint in left.joints:
                self.twin[joint] = skeleton.mirror[joint]
            self.meet = nn.Linear(2 * config.width, config.width)
        self.input = nn.Linear(channels, config.graph_width)
        self.place = nn.Parameter(torch.randn(len(self.joints), config.graph_width) * 0.02)
        self.register_buffer("bones", torch.tensor(skeleton.adjacency), persistent=False)
        self.learned = nn.Parameter(torch.randn(config.graph_layers, *skeleton.adjacency.shape) * 0.01)
        self.convolutions = nn.ModuleList(
            DenseGraphConv(config.graph_width, config.graph_width) for _ in range(config.graph_layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(config.graph_width) for _ in range(config.graph_layers))
        self.pools = nn.ModuleDict(
            {name: nn.Linear(len(joints) * config.graph_width, config.width) for name, joints in self.parts}
        )
        self.norm = nn.LayerNorm(config.width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, J, channels) -> (B, T, width)."""
        batch, time = x.shape[:2]
        x = (self.input(x) + self.place[self.twin]).flatten(0, 1)  # (B * T, J, C)
        for adjacency, convolution, norm in zip(self.bones + self.learned, self.convolutions, self.norms, strict=True):
            x = x + F.relu(convolution(norm(x), adjacency[None]))
        parts = {name: self.pools[name](x[:, joints].flatten(1)) for name, joints in self.parts}
        frame = sum(parts.values())
        if self.other_hand:
            other = self.pools["right_hand"](x[:, self.other_hand].flatten(1))
            frame = frame + self.meet(F.gelu(torch.cat([other, parts["right_hand"]], -1)))
        return self.norm(frame).unflatten(0, (batch, time))

    def axes(self) -> Axes:
        """For the weights whose shape depends on the skeleton; `None` for an axis that does not."""
        joints, width = list(self.joints), self.input.out_features
        axes: Axes = {"place": [joints, None], "learned": [None, joints, joints]}
        for name, members in self.parts:
            axes[f"pools.{name}.weight"] = [None, [f"{joints[joint]} {i}" for joint in members for i in range(width)]]
        return axes
