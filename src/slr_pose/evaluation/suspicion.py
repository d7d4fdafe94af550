"""Answers to clips by who did not learn from them -> the labels that are probably wrong."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slr_pose.evaluation.marks import Marks

UNLIKELY = 0.05  # a label whose probability is below that is pointed out
TINY = 1e-30


def suspects(marks: Marks) -> NDArray[Any]:
    """The clips whose label is probably wrong, the most suspicious first.

    In the order of `odds_of`, the normalised margin of confident learning (Northcutt, Jiang and Chuang, JAIR 2021). Its
    other half, thresholds of the classes by which clips are counted as wrong, wants many clips of a class: of few, it
    passes over what is plainly wrong (docs/check.md). So what is listed is what calibrated answers call unlikely.

    Args:
        marks: of the answers, calibrated, of a model that did not train on these clips. Nothing is said of labels that
            are no class of the model.

    Returns:
        (suspects,) numbers of clips.
    """
    odds = odds_of(marks)
    chosen = np.flatnonzero((marks.labels >= 0) & (marks.of_label < UNLIKELY) & (odds < 0))
    ordered: NDArray[Any] = chosen[np.argsort(odds[chosen], kind="stable")]
    return ordered


def odds_of(marks: Marks) -> NDArray[Any]:
    """(clips,) the log odds of each label against the likeliest other class."""
    odds: NDArray[Any] = np.log(np.maximum(marks.of_label, TINY)) - np.log(np.maximum(marks.of_other, TINY))
    return odds
