"""Log odds and log likelihoods -> probabilities, without overflow."""

import numpy as np
from numpy.typing import ArrayLike


def logistic(log_odds: ArrayLike) -> np.ndarray:
    """The logistic function, of any number, in any shape; `1 / (1 + exp(-x))` overflows."""
    return (1 + np.tanh(np.asarray(log_odds) / 2)) / 2


def log_gauss(places: np.ndarray, target: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Of a normal distribution, (..., axes) -> (...); without the constant that all places share."""
    return -0.5 * (((places - target) / spread) ** 2).sum(axis=-1) - np.log(spread).sum()


def log_sum(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """The logarithm of the sum of exponentials, in any shape, along some axes, which go."""
    most = values.max(axis=axis, keepdims=True)
    return np.log(np.exp(values - most).sum(axis=axis)) + most.squeeze(axis)


def softmax(values: np.ndarray) -> np.ndarray:
    """(..., classes) log odds -> probabilities that sum to 1 over the last axis."""
    found = np.exp(values - values.max(axis=-1, keepdims=True))
    return found / found.sum(axis=-1, keepdims=True)
