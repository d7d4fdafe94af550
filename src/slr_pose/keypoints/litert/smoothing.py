"""Points that tremble -> points that move: the filters of MediaPipe's graph, over all points at once."""

import math

import numpy as np

FRAME_S = 0.033333  # between two pictures, as MediaPipe's Python classes count time, whatever the video's pace


class LowPass:
    """What comes in, mixed into what came out before.

    Args:
        alpha: the share of what comes in.
    """

    def __init__(self, alpha: float):
        self._alpha = alpha
        self._before: np.ndarray | None = None

    def __call__(self, values: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
        """The next values, of any shape, smoothed; `alpha` is their own share, where it changes."""
        share = self._alpha if alpha is None else alpha
        self._before = values if self._before is None else share * values + (1 - share) * self._before
        return self._before


class OneEuro:
    """The 1 euro filter: the faster a value moves, the less it is held back.

    G. Casiez, N. Roussel, D. Vogel, "1 euro filter: a simple speed-based low-pass filter for noisy input in interactive
    systems", CHI 2012. As MediaPipe's OneEuroFilter and LandmarksSmoothingCalculator, which measures speed in sizes of
    the object.

    Args:
        cutoff: in Hz, of what stands still.
        beta: by how much the cutoff grows with speed.
    """

    def __init__(self, cutoff: float, beta: float):
        self._cutoff, self._beta = cutoff, beta
        self._value, self._speed = LowPass(1), LowPass(_alpha(1.0))
        self._raw: np.ndarray | None = None

    def __call__(self, values: np.ndarray, scale: float) -> np.ndarray:
        """The next values, (points, axes) in pixels, smoothed.

        Args:
            scale: the size of the object in pixels.
        """
        moved = np.zeros_like(values) if self._raw is None else (values - self._raw) / (scale * FRAME_S)
        self._raw = values
        return self._value(values, _alpha(self._cutoff + self._beta * abs(self._speed(moved))))


def _alpha(cutoff):
    """The share of what comes in with which a low-pass filter has this cutoff frequency in Hz."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * FRAME_S))
