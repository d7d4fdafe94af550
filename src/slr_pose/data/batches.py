"""Store -> what a network learns from: labelled clips, one at a time or as batches of clips that are about as long."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from slr_pose.data.store import Store

POOL = 32  # batches whose clips are sorted by length together
FEWEST_POOLS = 10  # fewer clips than these fill are batched at random

Item = tuple[np.ndarray, dict[str, int]]
Batch = tuple[Tensor, Tensor, dict[str, Tensor]]


class LabelledClips(Dataset[Item]):
    """Some of the clips of a store. An item is what stands from one frame of its file up to another, and the labels.

    Args:
        store: where the clips are.
        rows: which of them, in this order.
        classes: class names of each head.

    Attributes:
        spans: (clips, 2), from which frame up to which each of them goes.
        labels: (clips,) of each head, the number of the class; -1 = unknown.
    """

    def __init__(self, store: Store, rows: Sequence[int], classes: dict[str, list[str]]):
        self.store, self.spans = store, store.spans[list(rows)]
        number = {head: {name: index for index, name in enumerate(names)} for head, names in classes.items()}
        labels = [store.clips[row].labels for row in rows]
        self.labels = {
            head: np.array(
                [-1 if (name := known.get(head)) is None else number[head].get(name, -1) for known in labels]
            )
            for head in classes
        }

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, clip: int) -> Item:
        first, last = self.spans[clip]
        return self.store.frames[first:last], {head: int(labels[clip]) for head, labels in self.labels.items()}

    @property
    def frames(self) -> np.ndarray:
        """(clips,) how long each of them is."""
        return self.spans[:, 1] - self.spans[:, 0]


def collate(items: list[Item]) -> Batch:
    """Keypoints (batch, frames, joints, 4), zero behind each clip's end; frames (batch,); labels (batch,) per head."""
    frames = [len(keypoints) for keypoints, _ in items]
    padded = np.zeros((len(items), max(frames), *items[0][0].shape[1:]), dtype=np.float32)
    for row, (keypoints, _) in enumerate(items):
        padded[row, : len(keypoints)] = keypoints
    labels = {head: torch.tensor([known[head] for _, known in items]) for head in items[0][1]}
    return torch.from_numpy(padded), torch.tensor(frames), labels


class Batches(Sampler[list[int]]):
    """Every clip once, in random order, in batches.

    Where there are many clips, those of a batch are about equally long, so that little of it is padding: random pools
    of clips are sorted by length and cut into batches, whose order is random again.

    Args:
        frames: (clips,) how long each clip is.
        size: clips of a batch; the last one may have fewer.
        generator: what the order is drawn from.
    """

    def __init__(self, frames: np.ndarray, size: int, generator: torch.Generator):
        self.frames, self.size, self.generator = frames, size, generator

    def __len__(self) -> int:
        return -(-len(self.frames) // self.size)

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(len(self.frames), generator=self.generator).numpy()
        pool = POOL * self.size
        if len(order) < FEWEST_POOLS * pool:
            yield from self._cut(order)
            return
        for first in range(0, len(order), pool):
            clips = order[first : first + pool]
            batches = self._cut(clips[np.argsort(self.frames[clips], kind="stable")])
            for batch in torch.randperm(len(batches), generator=self.generator).tolist():
                yield batches[batch]

    def _cut(self, clips: np.ndarray) -> list[list[int]]:
        return [clips[first : first + self.size].tolist() for first in range(0, len(clips), self.size)]
