"""The whole network: standardised keypoints -> graph convolution -> transformer -> one distribution a head."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch_geometric.nn import DenseGraphConv

from slr_pose import BadInput
from slr_pose.info import ModelConfig
from slr_pose.model.preprocessing import Preprocessing
from slr_pose.model.reference import part_scale
from slr_pose.skeleton import Part, Skeleton

FAR = 10.0  # units of a part; what is farther off was not measured well
INPUTS = ("keypoints", "frames")  # of the network
MOTION_GAIN = 4  # a step between two samples is small beside a position


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
        """(batch, frames, joints, 4) raw keypoints and (batch,) frames of each clip -> (batch, classes) a head."""
        return self.classify(*self.preprocessing(keypoints, frames))

    def classify(self, positions: Tensor, presence: Tensor) -> dict[str, Tensor]:
        """What `Preprocessing` returns -> logits (batch, classes) a head."""
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
            unnamed, here, there = [None] * weight.ndim, [], []
            for mine, theirs, size in zip(
                names.get(name, unnamed), other_names.get(name, unnamed), weight.shape, strict=True
            ):
                place = {label: index for index, label in enumerate(theirs or range(size))}
                common = [(index, place[label]) for index, label in enumerate(mine or range(size)) if label in place]
                here.append([index for index, _ in common])
                there.append([index for _, index in common])
            weight[np.ix_(*here)] = others[name][np.ix_(*there)]

    def _axes(self, labels: dict[str, list[str]]) -> dict[str, list[list[str] | None]]:
        """What the places along a weight's axes are called, for the weights whose shape depends on skeleton or labels;
        `None` for an axis that does not."""
        axes = {f"graph.{name}": names for name, names in self.graph.axes().items()}
        for head, classes in labels.items():
            axes[f"heads.{head}.linear.weight"] = [classes, None]
            axes[f"heads.{head}.linear.bias"] = [classes]
        return axes


class Streams(nn.Module):
    """Joint, bone and motion streams as channels, each part in three frames.

    The body's frame tells where a joint is. The part's own frame, its origin and scale, tells how a hand is held. The
    same turned in the image, so that wrist and middle finger stand upright, tells its shape, however it is held. All
    are mirrored for the left hand: both hands look like right ones.
    """

    channels = 3 + 3 + 3 + 3 + 3 + 3 + 1

    def __init__(self, skeleton: Skeleton):
        super().__init__()
        self.parts = skeleton.parts
        parent = list(range(len(skeleton.joints)))  # a joint without a parent is its own: a bone of length 0
        for start, end in skeleton.bones:
            if parent[end] == end:
                parent[end] = start
        order = [joint for part in skeleton.parts for joint in part.joints]
        side = torch.ones(len(skeleton.joints), 1, 3)
        if left := skeleton.part("left_hand"):
            side[list(left.joints), :, 0] = -1
        self.register_buffer("parent", torch.tensor(parent), persistent=False)
        self.register_buffer("order", torch.tensor(order).argsort(), persistent=False)
        self.register_buffer("side", side, persistent=False)

    def forward(self, positions: Tensor, presence: Tensor) -> Tensor:
        """(B, T, J, 3), (B, T, J) -> (B, T, J, channels)."""
        local, upright = [], []
        for part in self.parts:
            origin = positions[:, :, part.origin].mean(2, keepdim=True)
            length = part_scale(part, positions, presence)[:, None, None, None]
            local.append((positions[:, :, part.joints] - origin) / length)
            upright.append(_upright(local[-1], positions, part) if part.is_hand else local[-1])
        local, upright = (torch.cat(frames, 2)[:, :, self.order] for frames in (local, upright))
        bone = positions - positions[:, :, self.parent]
        moves = (MOTION_GAIN * _motion(positions), MOTION_GAIN * _motion(local))
        x = torch.stack([positions, local, upright, bone, *moves], -2) * self.side  # (B, T, J, streams, 3)
        return torch.cat([x.flatten(-2).clamp(-FAR, FAR), presence[..., None]], -1)


def _upright(local: Tensor, positions: Tensor, part: Part) -> Tensor:
    """Turn a part's (B, T, joints, 3) in the image so that its scale pair points along y."""
    start, end = part.scale[0]
    axis = F.normalize((positions[:, :, end] - positions[:, :, start])[..., :2], dim=-1, eps=1e-4)[:, :, None]
    x, y, z = local.unbind(-1)
    along = x * axis[..., 0] + y * axis[..., 1]
    across = y * axis[..., 0] - x * axis[..., 1]
    return torch.stack([across, along, z], -1)


def _motion(x: Tensor) -> Tensor:
    """(B, T, J, 3) -> what is added until the next sample; 0 at the last."""
    return F.pad(x[:, 1:] - x[:, :-1], (0, 0, 0, 0, 0, 1))


class SpatialGraph(nn.Module):
    """Embed each skeleton frame: graph convolutions over bones and a learned adjacency, then one embedding a part.

    The skeleton is fixed, so the graph is dense: one matrix of the bones (normalised) plus one that is learned a
    layer (as in 2s-AGCN; Shi et al., CVPR 2019). Both hands are embedded by the same weights. The body and the leading
    hand speak for themselves, the other hand only together with the leading one.
    """

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

    def axes(self) -> dict[str, list[list[str] | None]]:
        """As `SignModel._axes`."""
        joints, width = list(self.joints), self.input.out_features
        axes = {"place": [joints, None], "learned": [None, joints, joints]}
        for name, members in self.parts:
            axes[f"pools.{name}.weight"] = [None, [f"{joints[joint]} {i}" for joint in members for i in range(width)]]
        return axes


class TemporalBlock(nn.Module):
    """Depth-wise convolution, self-attention and feed-forward over time."""

    def __init__(self, config: ModelConfig, share: float):
        super().__init__()
        width = config.width
        self.heads = config.attention_heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.depthwise = nn.Conv1d(width, width, config.kernel, padding=config.kernel // 2, groups=width)
        self.pointwise = nn.Linear(width, width)
        self.qkv = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(config.dropout)
        self.skip = share * config.dropout

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> (B, T, width)."""
        x = x + self._branch(self._convolve(self.norms[0](x)))
        x = x + self._branch(self._attend(self.norms[1](x)))
        return x + self._branch(self.feed_forward(self.norms[2](x)))

    def _convolve(self, x: Tensor) -> Tensor:
        return self.pointwise(F.silu(self.depthwise(x.transpose(1, 2)).transpose(1, 2)))

    def _attend(self, x: Tensor) -> Tensor:
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in self.qkv(x).chunk(3, -1))
        x = F.scaled_dot_product_attention(q, k, v)  # (B, heads, T, C)
        return self.attended(x.transpose(1, 2).flatten(2))

    def _branch(self, x: Tensor) -> Tensor:
        """Dropout, and stochastic depth: the whole branch is left out of some clips (Huang et al., ECCV 2016)."""
        x = self.drop(x)
        if self.training and self.skip > 0:
            kept = (torch.rand(len(x), 1, 1, device=x.device) >= self.skip).to(x.dtype)
            x = x * kept / (1 - self.skip)
        return x


class Head(nn.Module):
    """Attention pooling over time, so that each head looks at its own part of the sign, then a linear layer.

    Its temperature is 1 until the head is calibrated.
    """

    def __init__(self, config: ModelConfig, classes: int):
        super().__init__()
        self.attention = nn.Linear(config.width, config.attention_heads)
        self.drop = nn.Dropout(2 * config.dropout)
        self.linear = nn.Linear(config.width, classes)
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> (B, classes)."""
        weight = self.attention(x).softmax(1)  # (B, T, heads)
        parts = x.unflatten(-1, (weight.shape[-1], -1))  # (B, T, heads, C)
        return self.linear(self.drop((parts * weight[..., None]).sum(1).flatten(1))) / self.temperature
