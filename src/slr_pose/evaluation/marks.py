"""Probabilities of classes -> what scores are made of: a few numbers of each answer, however many classes there are."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Marks:
    """How some answers fared, beside what is right.

    Attributes:
        labels: (clips,) class numbers of what is right; -1 = no class of the model, which no answer meets.
        best: (clips,) the likeliest class, the first of several.
        confidence: (clips,) its probability.
        rank: (clips,) how many classes come before the label, by their probabilities and then by their numbers; -1
            where the label is no class.
        of_label: (clips,) the probability of the label; 0 where it is no class.
        of_other: (clips,) the greatest probability of another class than the label.
    """

    labels: NDArray[Any]
    best: NDArray[Any]
    confidence: NDArray[Any]
    rank: NDArray[Any]
    of_label: NDArray[Any]
    of_other: NDArray[Any]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: NDArray[Any]) -> "Marks":
        """Of some of the clips, (clips,) bool or numbers."""
        return Marks(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence["Marks"]) -> "Marks":
        """Those of all clips, of at least one part."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def mark(probabilities: NDArray[Any], labels: NDArray[Any]) -> Marks:
    """Mark answers, (clips, classes), beside class numbers (clips,), of which -1 is no class."""
    rows, known = np.arange(len(labels)), labels >= 0
    of_label = np.where(known, probabilities[rows, labels], probabilities.dtype.type(0))
    level = of_label[:, None]
    before = (probabilities > level).sum(axis=1)
    level_before = (probabilities == level) & (np.arange(probabilities.shape[1]) < labels[:, None])
    others = probabilities.copy()
    others[rows[known], labels[known]] = 0
    return Marks(
        labels=labels,
        best=probabilities.argmax(axis=1),
        confidence=probabilities.max(axis=1),
        rank=np.where(known, before + level_before.sum(axis=1), -1),
        of_label=of_label,
        of_other=others.max(axis=1, initial=0),
    )
