"""Which glosses are probably wrong, by a quick recogniser that learns from all other signs, or by a trained model."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GroupKFold

from slr_pose.model.calibration import temperature

FOLDS = 10  # parts of the signs, each answered by who learnt from the others
FEWEST_SIGNERS = 5  # who are kept apart between them
SHRINKAGE = 0.1  # of the covariance within classes; of 0.05, 0.1 and 0.3 the best on asl30 (docs/check.md)


def out_of_fold(
    likeness: NDArray[Any], labels: NDArray[Any], signers: Sequence[str | None]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Answers to signs by linear discriminants that learnt from the signs of other people.

    Args:
        likeness: (signs, numbers); labels: (signs,) class numbers from 0.
        signers: of each sign; where there are fewer than five, signs are not kept apart by them.

    Returns:
        Probabilities (signs, classes), calibrated; and (signs,) bool, of which signs anything can be said: those whose
        class somebody could learn.
    """
    classes = int(labels.max()) + 1
    logits, known = np.full((len(labels), classes), -1e3), np.zeros(len(labels), dtype=bool)
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
            logits[np.ix_(asked, learnt)] = model.predict_log_proba(likeness[asked])
        known[asked] = np.isin(labels[asked], learnt)
    return softmax(logits / temperature(logits, np.where(known, labels, -1)), axis=1), known
