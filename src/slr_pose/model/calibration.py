"""Make probabilities mean what they say: one temperature per head and one threshold."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

FEWEST = 30  # labelled clips; fewer do not tell how sure a model may be
CALIBRATING = 1 << 25  # logits that tell it; of more signs those of every second, or third, and so on
TOGETHER = 1 << 20  # of them that are looked at at a time
RIGHT = 0.95  # share of the sure answers that shall be right


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """What logits are to be divided by so that their probabilities are the likeliest (Guo et al., ICML 2017).

    Args:
        logits: (clips, classes); labels: (clips,) class numbers, -1 = unknown.

    Returns:
        The temperature, 0.1 to 10; 1 where fewer than `FEWEST` clips are labelled.
    """
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    if len(labels) < FEWEST:
        return 1.0

    some = max(1, TOGETHER // logits.shape[1])
    parts = [(logits[first : first + some], labels[first : first + some]) for first in range(0, len(labels), some)]

    def loss(log_temperature: float) -> float:
        of_label = [_log_shares(logits / np.exp(log_temperature), labels) for logits, labels in parts]
        return -np.concatenate(of_label).mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-np.log(10), np.log(10)), method="bounded").x))


def _log_shares(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(clips,) the log probability of each label, of logits (clips, classes)."""
    found: np.ndarray = log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
    return found


def threshold(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """The lowest probability from which on at least `RIGHT` of the answers are right.

    Args:
        probabilities: (clips, classes); labels: (clips,) class numbers, -1 = unknown.

    Returns:
        The probability; above 1 where no answer can be called sure; `None` where fewer than `FEWEST` are labelled.

    >>> right, wrong = [[0.9, 0.1]] * 30, [[0.6, 0.4]] * 30  # of clips that show the first class, and the second
    >>> threshold(np.array(right + wrong), np.array([0] * 30 + [1] * 30))
    0.9
    """
    probabilities, labels = probabilities[labels >= 0], labels[labels >= 0]
    if len(labels) < FEWEST:
        return None
    return sure_from(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)


def sure_from(best: np.ndarray, right: np.ndarray) -> float:
    """The lowest probability from which on at least `RIGHT` of the answers are right; above 1 where there is none.

    Args:
        best: (answers,) their probabilities; right: (answers,) bool.
    """
    order = np.argsort(-best, kind="stable")
    share = right[order].cumsum() / np.arange(1, len(right) + 1)
    ranked = best[order]
    is_last = np.append(ranked[1:] < ranked[:-1], True)  # answers of one probability are sure together, or none of them
    sure = np.flatnonzero((share >= RIGHT) & is_last)
    return float(ranked[sure[-1]]) if len(sure) else 1.01
