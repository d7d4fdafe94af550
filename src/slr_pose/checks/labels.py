"""Which glosses are probably wrong, by a quick recogniser that learns from all other signs, or by a trained model."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GroupKFold

from slr_pose.model.calibration import CALIBRATING, temperature

FOLDS = 10  # parts of the signs, each answered by who learnt from the others
FEWEST_SIGNERS = 5  # who are kept apart between them
SHRINKAGE = 0.1  # of the covariance within classes; of 0.05, 0.1 and 0.3 the best on asl30 (docs/check.md)
TOGETHER = 1 << 22  # probabilities that are in memory at a time
NEVER = -1e3  # logit of a class that nobody could learn

Fold = tuple[LinearDiscriminantAnalysis, NDArray[Any], NDArray[Any]]
Answers = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]


def out_of_fold(likeness: NDArray[Any], labels: NDArray[Any], signers: Sequence[str | None]) -> Iterator[Answers]:
    """Answers to signs by linear discriminants that learnt from the signs of other people, some signs after the other.

    Args:
        likeness: (signs, numbers); labels: (signs,) class numbers from 0.
        signers: of each sign; where there are fewer than five, signs are not kept apart by them.

    Yields:
        Numbers of signs (some,), in no order; their labels (some,), -1 where nobody could learn the class; and
        probabilities (some, classes), calibrated. Of the other signs nothing can be said.
    """
    classes = int(labels.max()) + 1
    folds = list(_folds(likeness, labels, signers))
    known = np.sort(np.concatenate([[], *(rows[labels_of >= 0] for _, rows, labels_of in folds)]).astype(int))
    chosen = known[:: -(-len(known) * classes // CALIBRATING) or 1]
    logits = np.empty((len(chosen), classes))
    for model, rows, _ in folds:
        mine = np.isin(chosen, rows)
        logits[mine] = _logits(model, likeness[chosen[mine]], classes)
    divisor = temperature(logits, labels[chosen])
    del logits
    some = max(1, TOGETHER // classes)
    for model, rows, labels_of in folds:
        for first in range(0, len(rows), some):
            part = slice(first, first + some)
            probabilities = softmax(_logits(model, likeness[rows[part]], classes) / divisor, axis=1)
            yield rows[part], labels_of[part], probabilities


def _folds(likeness: NDArray[Any], labels: NDArray[Any], signers: Sequence[str | None]) -> Iterator[Fold]:
    """Who learnt from the other signs, which signs are asked, and their labels, -1 where the class was not learnt."""
    groups = np.array([signer or f"\0{number}" for number, signer in enumerate(signers)])
    if len({signer for signer in signers if signer}) < FEWEST_SIGNERS:
        groups = np.arange(len(labels))
    folds = min(FOLDS, len(set(groups.tolist())))
    for train, asked in GroupKFold(folds).split(likeness, labels, groups) if folds > 1 else ():
        learnt = np.unique(labels[train])
        if not 2 <= len(learnt) < len(train):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of signs that are all alike
            model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE).fit(likeness[train], labels[train])
        yield model, asked, np.where(np.isin(labels[asked], learnt), labels[asked], -1)


def _logits(model: LinearDiscriminantAnalysis, likeness: NDArray[Any], classes: int) -> NDArray[Any]:
    """(signs, classes)"""
    logits = np.full((len(likeness), classes), NEVER)
    if len(likeness):
        logits[:, model.classes_] = model.predict_log_proba(likeness)
    return logits
