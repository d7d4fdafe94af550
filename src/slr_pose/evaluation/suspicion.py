"""Answers to clips by who did not learn from them -> the labels that are probably wrong."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

UNLIKELY = 0.05  # a label whose probability is below that is pointed out


def suspects(probabilities: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """The clips whose label is probably wrong, the most suspicious first.

    In order of the log odds of the label against the likeliest other class, the normalised margin of confident learning
    (Northcutt, Jiang and Chuang, JAIR 2021). Its other half, a threshold of each class by which clips are counted as
    wrong, wants many clips of a class: with the six that a class of asl30 has, it passes over most of what is wrong
    (docs/check.md). So what is listed is what calibrated answers call unlikely.

    Args:
        probabilities: (clips, classes) by a model that did not train on these clips, calibrated.
        labels: (clips,) class numbers; -1 = no class of the model, about which nothing is said.
    """
    rows = np.flatnonzero(labels >= 0)
    of_label = probabilities[rows, labels[rows]]
    others = probabilities[rows].copy()
    others[np.arange(len(rows)), labels[rows]] = 0
    odds = np.log(np.maximum(of_label, 1e-30)) - np.log(np.maximum(others.max(axis=1, initial=0), 1e-30))
    chosen = np.flatnonzero((of_label < UNLIKELY) & (odds < 0))
    ordered: NDArray[Any] = rows[chosen[np.argsort(odds[chosen], kind="stable")]]
    return ordered
