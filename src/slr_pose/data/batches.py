"""Store -> what a network learns from: signs, one at a time or as batches of those that are about as long; signing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from slr_pose.data.clip import Clip
from slr_pose.data.store import Store

POOL = 32  # batches whose clips are sorted by length together
FEWEST_POOLS = 10  # fewer clips than these fill are batched at random

Item = tuple[np.ndarray, float, dict[str, int]]
Batch = tuple[Tensor, Tensor, Tensor, dict[str, Tensor]]


@dataclass(frozen=True)
class Signs:
    """Signs to ask about: clips of one sign, and those of stretches, cut out.

    Attributes:
        clips: a clip each.
        keypoints: (frames, joints, 4) of each.
        fps: how many of them are a second.
        rows: which clip of the store each is, or is cut out of.
    """

    clips: list[Clip]
    keypoints: list[np.ndarray]
    fps: list[float]
    rows: list[int]

    def of(self, numbers: Sequence[int]) -> "Signs":
        """Some of them."""
        clips, keypoints = [self.clips[number] for number in numbers], [self.keypoints[number] for number in numbers]
        fps, rows = [self.fps[number] for number in numbers], [self.rows[number] for number in numbers]
        return Signs(clips, keypoints, fps, rows)


def signs_of(store: Store, rows: Sequence[int]) -> Signs:
    """The signs of some clips."""
    signs = Signs([], [], [], [])
    for row in rows:
        for first, last, fps, labels in _signs(store, row):
            signs.clips.append(_cut(store.clips[row], first - store.spans[row][0], last - first, fps, labels))
            signs.keypoints.append(store.frames[first:last])
            signs.fps.append(float(fps))
            signs.rows.append(row)
    return signs


def _cut(clip: Clip, first: int, frames: int, fps: float, labels: dict[str, str]) -> Clip:
    """A clip of one sign: itself, or what some frames of a stretch show."""
    if not clip.signs:
        return clip
    start_s = (clip.start_s or 0) + first / fps
    return replace(clip, labels=labels, signs=(), start_s=start_s, end_s=start_s + frames / fps)


class LabelledClips(Dataset[Item]):
    """Signs of a store: clips of one sign, and each sign of a stretch, cut out of it. An item is what stands from one
    frame of its file up to another, how many are a second, and the labels.

    Args:
        store: where the clips are.
        rows: which of them, in this order.
        classes: class names of each head.

    Attributes:
        spans: (signs, 2), from which frame up to which each of them goes.
        fps: (signs,) frames a second.
        labels: (signs,) of each head, the number of the class; -1 = unknown.
    """

    def __init__(self, store: Store, rows: Sequence[int], classes: dict[str, list[str]]):
        self.store = store
        found = [sign for row in rows for sign in _signs(store, row)]
        self.spans = np.array([(first, last) for first, last, _, _ in found], dtype=int).reshape(-1, 2)
        self.fps = np.array([fps for _, _, fps, _ in found])
        number = {head: {name: index for index, name in enumerate(names)} for head, names in classes.items()}
        labels = [known for _, _, _, known in found]
        self.labels = {
            head: np.array(
                [-1 if (name := known.get(head)) is None else number[head].get(name, -1) for known in labels]
            )
            for head in classes
        }

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, sign: int) -> Item:
        first, last = self.spans[sign]
        labels = {head: int(labels[sign]) for head, labels in self.labels.items()}
        return self.store.frames[first:last], self.fps[sign], labels

    @property
    def frames(self) -> np.ndarray:
        """(signs,) how long each of them is."""
        return self.spans[:, 1] - self.spans[:, 0]


def _signs(store: Store, row: int) -> Iterator[tuple[int, int, float, dict[str, str]]]:
    """Of a clip, from which frame up to which each of its signs goes, frames a second, and what is known of it."""
    clip, fps, (first, last) = store.clips[row], store.fps[row], store.spans[row]
    if not clip.signs and not clip.glosses:
        yield first, last, fps, clip.labels
    for sign in clip.signs:
        start, end = (round((time_s - (clip.start_s or 0)) * fps) for time_s in (sign.start_s, sign.end_s))
        start = min(start, last - first - 1)
        yield first + start, first + min(max(end, start + 1), last - first), fps, sign.labels


def collate(items: list[Item]) -> Batch:
    """Keypoints (batch, frames, joints, 4), zero behind each clip's end; frames (batch,); frames a second (batch,);
    labels (batch,) per head."""
    frames = [len(keypoints) for keypoints, _, _ in items]
    padded = np.zeros((len(items), max(frames), *items[0][0].shape[1:]), dtype=np.float32)
    for row, (keypoints, _, _) in enumerate(items):
        padded[row, : len(keypoints)] = keypoints
    labels = {head: torch.tensor([known[head] for _, _, known in items]) for head in items[0][2]}
    fps = torch.tensor([fps for _, fps, _ in items], dtype=torch.float32)
    return torch.from_numpy(padded), torch.tensor(frames), fps, labels


def often(classes: np.ndarray, rare: int) -> np.ndarray:
    """How often clips are to be seen, those of classes with `rare` clips or more once: others by the square root of
    what they lack (Mahajan et al., ECCV 2018), so that rare glosses are learnt without a few clips being learnt by
    heart.

    Args:
        classes: (clips,) the number of each one's class; -1 = unknown.

    Returns:
        (clips,), beside each other.
    """
    clips = np.bincount(classes + 1)
    clips[0] = rare  # it is not known that these are rare
    seen: np.ndarray = np.sqrt(rare / clips.clip(1, rare))[classes + 1]
    return seen


def share(of: Sequence[int], rank: int, ranks: int) -> list[int]:
    """One of several equally long parts of what is not empty; where it does not come out even, some of it is in two.

    >>> [share([4, 5, 6, 7, 8], rank, 3) for rank in range(3)]
    [[4, 7], [5, 8], [6, 4]]
    """
    each = -(-len(of) // ranks)
    return [of[place % len(of)] for place in range(rank, each * ranks, ranks)]


class Shares(Sampler[list[int]]):
    """The same batches in each of several processes, and of each of them the share of one.

    Args:
        batches: as they would be in one process alone; they have to be drawn alike everywhere.
    """

    def __init__(self, batches: Sampler[list[int]], rank: int, ranks: int):
        self.batches, self.rank, self.ranks = batches, rank, ranks

    def __len__(self) -> int:
        return len(self.batches)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.batches:
            yield share(batch, self.rank, self.ranks)


class Batches(Sampler[list[int]]):
    """As many clips as there are, in random order, in batches: every clip once, or about as often as it is said.

    Where there are many clips, those of a batch are about equally long, so that little of it is padding: random pools
    of clips are sorted by length and cut into batches, whose order is random again.

    Args:
        frames: (clips,) how long each clip is.
        often: (clips,) how often each is to be seen, beside the others.
        size: clips of a batch; the last one may have fewer.
        generator: what the order is drawn from.
    """

    def __init__(self, frames: np.ndarray, often: np.ndarray, size: int, generator: torch.Generator):
        self.frames, self.often, self.size, self.generator = frames, often, size, generator

    def __len__(self) -> int:
        return -(-len(self.frames) // self.size)

    def __iter__(self) -> Iterator[list[int]]:
        order = self._drawn()
        pool = POOL * self.size
        if len(order) < FEWEST_POOLS * pool:
            yield from self._cut(order)
            return
        for first in range(0, len(order), pool):
            clips = order[first : first + pool]
            batches = self._cut(clips[np.argsort(self.frames[clips], kind="stable")])
            for batch in torch.randperm(len(batches), generator=self.generator).tolist():
                yield batches[batch]

    def _drawn(self) -> np.ndarray:
        """Clips in random order; each is there as often as it should, rounded up or down."""
        order = torch.randperm(len(self.frames), generator=self.generator).numpy()
        if np.ptp(self.often) == 0:
            return order
        until = np.cumsum(self.often[order])
        until *= len(order) / until[-1]
        until[-1] = len(order)
        reached = np.floor(until + torch.rand((), generator=self.generator).item()).astype(int)  # systematic sampling
        drawn = order.repeat(np.diff(reached, prepend=0))
        return drawn[torch.randperm(len(drawn), generator=self.generator).numpy()]

    def _cut(self, clips: np.ndarray) -> list[list[int]]:
        return [clips[first : first + self.size].tolist() for first in range(0, len(clips), self.size)]
