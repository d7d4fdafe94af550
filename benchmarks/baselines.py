"""The peers' families, plain, on our poses and splits, beside ours: `python benchmarks/baselines.py DATA...`

Each is written from its paper: the network and what it does to the keypoints before the network. What is not theirs is
the same for all: MediaPipe's keypoints, the sampling of a clip in time, augmentation (mirrored clips included), the
optimiser, its schedule (but for SPOTER's learning rate), mixed clips, label smoothing and averaged weights.
"""

from dataclasses import replace
from pathlib import Path

import torch
import typer
from ablation import AnyHand
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from trials import (
    Data,
    Epochs,
    Folds,
    Jobs,
    Output,
    Seeds,
    Trial,
    all_folds,
    percent_over_seeds,
    run_all,
    spread,
    table,
    title,
)

from slr_pose.model.network import SIZES, SignModel
from slr_pose.model.preprocessing import Preprocessing
from slr_pose.skeleton import Skeleton


class Baseline(nn.Module):
    """What training asks of a network: our preprocessing without the canonical hand, then `embed`, then the heads."""

    def __init__(self, skeleton: Skeleton, classes: dict[str, int], width: int):
        super().__init__()
        self.config = replace(SIZES["base"], reads=False)  # of which the number of samples counts
        self.preprocessing = Preprocessing(skeleton)
        self.preprocessing.reference = AnyHand(skeleton)
        self.heads = nn.ModuleDict({name: _Head(width, count) for name, count in classes.items()})
        self.reader = None

    def forward(self, keypoints: Tensor, frames: Tensor, times: Tensor) -> dict[str, Tensor]:
        """(B, frames, J, 4) raw keypoints, (B,), (B, T) -> (B, classes) per head."""
        return self.classify(*self.preprocessing(keypoints, frames, times))

    def probabilities(self, keypoints: Tensor, frames: Tensor, times: Tensor) -> dict[str, Tensor]:
        """The same as probabilities."""
        return {name: logits.softmax(-1) for name, logits in self(keypoints, frames, times).items()}

    def classify(self, positions: Tensor, presence: Tensor, _inside: Tensor) -> dict[str, Tensor]:
        """(B, T, J, 3), (B, T, J), (B, T) -> (B, classes) per head; no sample is padding."""
        x = self.embed(positions, presence)
        return {name: head(x) for name, head in self.heads.items()}


class _Head(nn.Linear):
    def __init__(self, width: int, classes: int):
        super().__init__(width, classes)
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) / self.temperature


class BiLSTM(Baseline):
    """Two layers of a bidirectional LSTM over the joints' x and y: the AUTSL baseline without its CNN
    (Sincan and Keles, IEEE Access 2020)."""

    def __init__(self, skeleton: Skeleton, classes: dict[str, int]):
        super().__init__(skeleton, classes, width=512)
        self.lstm = nn.LSTM(2 * len(skeleton.joints), 256, 2, batch_first=True, bidirectional=True, dropout=0.2)

    def embed(self, positions: Tensor, presence: Tensor) -> Tensor:
        return self.lstm(positions[..., :2].flatten(2))[0].mean(1)


class Spoter(Baseline):
    """A transformer over normalised joints that decodes one class query (SPOTER; Bohacek and Hruz, WACVW 2022): the
    body as it is, each hand in a box of its own."""

    def __init__(self, skeleton: Skeleton, classes: dict[str, int]):
        super().__init__(skeleton, classes, width=108)
        self.parts = skeleton.parts
        self.input = nn.Linear(2 * len(skeleton.joints), 108)
        self.place = nn.Parameter(torch.rand(1, self.config.frames, 108))
        self.query = nn.Parameter(torch.rand(1, 1, 108))
        self.transformer = nn.Transformer(108, 9, 6, 6, batch_first=True)

    def embed(self, positions: Tensor, presence: Tensor) -> Tensor:
        boxes = [self._box(positions[:, :, part.joints, :2], part.name.endswith("hand")) for part in self.parts]
        x = self.input(torch.cat(boxes, 2).flatten(2)) + self.place
        return self.transformer(x, self.query.expand(len(x), -1, -1))[:, 0]

    @staticmethod
    def _box(x: Tensor, hand: bool) -> Tensor:
        if not hand:
            return x
        low, high = x.amin(2, keepdim=True), x.amax(2, keepdim=True)
        return (x - (low + high) / 2) / (high - low).amax(-1, keepdim=True).clamp(min=1e-3)


class STGCN(Baseline):
    """Spatial-temporal graph convolution (Yan, Xiong and Lin, AAAI 2018), with the partition by distance to the centre,
    a learned weight an edge, and half the paper's channels, for two cores."""

    def __init__(self, skeleton: Skeleton, classes: dict[str, int]):
        super().__init__(skeleton, classes, width=128)
        self.register_buffer("adjacency", self._partition(skeleton), persistent=False)
        joints, widths, strides = len(skeleton.joints), [32] * 4 + [64] * 3 + [128] * 3, {4: 2, 7: 2}
        self.norm = nn.BatchNorm1d(3 * joints)
        self.blocks = nn.ModuleList()
        channels = 3
        for number, width in enumerate(widths):
            self.blocks.append(_STGCNBlock(channels, width, joints, strides.get(number, 1), residual=number > 0))
            channels = width

    @staticmethod
    def _partition(skeleton: Skeleton) -> Tensor:
        """(3, joints, joints): self, towards the centre of the graph, away from it; columns normalised."""
        links = torch.from_numpy(skeleton.adjacency > 0)
        joints = len(links)
        hops = torch.full((joints,), joints)
        hops[0], frontier = 0, {0}  # the nose
        while frontier:
            frontier = {j for i in frontier for j in range(joints) if links[i, j] and hops[j] > hops[i] + 1}
            for joint in frontier:
                hops[joint] = min(hops[i] + 1 for i in range(joints) if links[i, joint] and hops[i] < joints)
        nearer, farther = hops[:, None] < hops[None], hops[:, None] > hops[None]
        normalised = links / links.sum(0, keepdim=True)
        return torch.stack([normalised * ~(nearer | farther), normalised * nearer, normalised * farther]).float()

    def embed(self, positions: Tensor, presence: Tensor) -> Tensor:
        x = torch.cat([positions[..., :2], presence[..., None]], -1)  # (B, T, J, 3)
        x = self.norm(x.flatten(2).transpose(1, 2)).unflatten(1, (-1, 3)).permute(0, 2, 3, 1)  # (B, 3, T, J)
        for block in self.blocks:
            x = block(x, self.adjacency)
        return x.mean((2, 3))


class _STGCNBlock(nn.Module):
    def __init__(self, channels: int, width: int, joints: int, stride: int, residual: bool):
        super().__init__()
        self.edges = nn.Parameter(torch.ones(3, joints, joints))
        self.spatial = nn.Conv2d(channels, 3 * width, 1)
        self.temporal = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, (9, 1), (stride, 1), (4, 0)),
            nn.BatchNorm2d(width),
        )
        self.skip = None
        if residual:
            same = channels == width and stride == 1
            down = nn.Sequential(nn.Conv2d(channels, width, 1, (stride, 1)), nn.BatchNorm2d(width))
            self.skip = nn.Identity() if same else down

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        kinds = self.spatial(x).unflatten(1, (3, -1))  # (B, 3, C, T, J)
        y = self.temporal(torch.einsum("bkctv,kvw->bctw", kinds, adjacency * self.edges))
        return F.relu(y if self.skip is None else y + self.skip(x))


class Conv1DTransformer(Baseline):
    """The winner of the Kaggle competition on isolated signs (2023) without its graph-free tricks: x and y minus the
    nose, over their spread, with first and second differences; twice three causal depth-wise convolutions with
    channel attention (ECA) and a transformer block."""

    def __init__(self, skeleton: Skeleton, classes: dict[str, int], width: int = 192):
        super().__init__(skeleton, classes, width=2 * width)
        self.nose = skeleton.joints.index("nose")
        self.stem = nn.Sequential(nn.Linear(6 * len(skeleton.joints), width, bias=False), _Norm(width))
        self.blocks = nn.ModuleList()
        for _ in range(2):
            self.blocks += [_ConvBlock(width) for _ in range(3)] + [_Transformer(width)]
        self.top = nn.Linear(width, 2 * width)
        self.drop = nn.Dropout(0.5)  # 0.8 after some epochs in the original

    def embed(self, positions: Tensor, presence: Tensor) -> Tensor:
        x = positions[..., :2] - positions[:, :, self.nose : self.nose + 1, :2]
        x = (x / x.std((1, 2), keepdim=True).clamp(min=1e-3)).flatten(2)
        first, second = F.pad(x[:, 1:] - x[:, :-1], (0, 0, 0, 1)), F.pad(x[:, 2:] - x[:, :-2], (0, 0, 0, 2))
        x = self.stem(torch.cat([x, first, second], -1))
        for block in self.blocks:
            x = block(x)
        return self.drop(self.top(x).mean(1))


class _Norm(nn.BatchNorm1d):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class _ConvBlock(nn.Module):
    def __init__(self, width: int, kernel: int = 17):
        super().__init__()
        self.kernel = kernel
        self.expand = nn.Linear(width, 2 * width)
        self.depthwise = nn.Conv1d(2 * width, 2 * width, kernel, groups=2 * width, bias=False)
        self.norm = _Norm(2 * width)
        self.attention = nn.Conv1d(1, 1, 5, padding=2, bias=False)
        self.project = nn.Linear(2 * width, width)
        self.drop = nn.Dropout1d(0.2)

    def forward(self, x: Tensor) -> Tensor:
        y = F.silu(self.expand(x)).transpose(1, 2)
        y = self.norm(self.depthwise(F.pad(y, (self.kernel - 1, 0))).transpose(1, 2))
        y = y * self.attention(y.mean(1)[:, None]).sigmoid()
        y = self.project(y)
        return x + y * self.drop(torch.ones(len(x), 1, 1, device=x.device))


class _Transformer(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.norms = nn.ModuleList(_Norm(width) for _ in range(2))
        self.attention = nn.MultiheadAttention(width, 4, dropout=0.2, batch_first=True, bias=False)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width, bias=False), nn.SiLU(), nn.Linear(2 * width, width, bias=False)
        )
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norms[0](x)
        x = x + self.drop(self.attention(y, y, y, need_weights=False)[0])
        return x + self.drop(self.feed_forward(self.norms[1](x)))


def ours(skeleton: Skeleton, classes: dict[str, int]) -> SignModel:
    """The network of `slr train`."""
    return SignModel(skeleton, classes, SIZES["base"])


VARIANTS = {
    "ours": ours,
    "Conv1D + transformer": Conv1DTransformer,
    "ST-GCN": STGCN,
    "SPOTER": Spoter,
    "BiLSTM": BiLSTM,
}
RECIPES = {"SPOTER": {"learning_rate": 2e-4}}  # at ours it does not learn


def main(
    data: Data,
    epochs: Epochs = None,
    seeds: Seeds = 3,
    folds: Folds = 5,
    jobs: Jobs = 2,
    output: Output = Path("runs/baselines"),
) -> None:
    trials = []
    for variant, build in VARIANTS.items():
        recipe = tuple({**RECIPES.get(variant, {}), "epochs": epochs}.items())
        for name in data:
            for seed in range(seeds):
                trials += all_folds(Trial(variant, name, build, 0, seed, recipe), folds)
    figures = run_all(trials, jobs, output)

    def cells(variant: str, name: str) -> list[str]:
        found = [f for f in figures if f["variant"] == variant and f["data"] == name]
        metrics = [f"{group} {metric}" for group in ("unseen signers", "all clips") for metric in ("top1", "top5")]
        size = f"{found[0]['parameters'] / 1e6:.2f}"
        minutes = spread(f["seconds"] / 60 for f in found)
        return [variant, title(name), size, *(percent_over_seeds(found, metric) for metric in metrics), minutes]

    columns = ["network", "data", "M parameters", "unseen top-1", "unseen top-5", "all top-1", "all top-5", "minutes"]
    print(table(columns, [cells(variant, name) for name in data for variant in VARIANTS]))


if __name__ == "__main__":
    typer.run(main)
