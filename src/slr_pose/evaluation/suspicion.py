"""Answers to clips by who did not learn from them -> the labels that are probably wrong."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

UNLIKELY = 0.05  # a label whose probability is below that is pointed out
TINY = 1e-30


def suspects(probabilities: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """The clips whose label is probably wrong, the most suspicious first.

    In the order of `odds_of`, the normalised margin of confident learning (Northcutt, Jiang and Chuang, JAIR 2021). Its
    other half, thresholds of the classes by which clips are counted as wrong, wants many clips of a class: of few, it
    passes over what is plainly wrong (docs/check.md). So what is listed is what calibrated answers call unlikely.

    Args:
        probabilities: (clips, classes) by a model that did not train on these clips, calibrated.
        labels: (clips,) class numbers; -1 = no class of the model, about which nothing is said.
    """
    rows = np.flatnonzero(labels >= 0)
    odds = odds_of(probabilities[rows], labels[rows])
    chosen = np.flatnonzero((probabilities[rows, labels[rows]] < UNLIKELY) & (odds < 0))
    ordered: NDArray[Any] = rows[chosen[np.argsort(odds[chosen], kind="stable")]]
    return ordered


def odds_of(probabilities: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """(clips,) the log odds of each label against the likeliest other class; (clips, classes) and (clips,) class
    numbers."""
    rows = np.arange(len(labels))
    others = probabilities.copy()
    others[rows, labels] = 0
    odds: NDArray[Any] = np.log(np.maximum(probabilities[rows, labels], TINY)) - np.log(
        np.maximum(others.max(axis=1, initial=0), TINY)
    )
    return odds
