"""What is signed at each sample -> the signs: from which sample up to which each of them goes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

EDGE_WEIGHT = 3.0  # how much an edge counts beside the samples between two of them
SIGN_COST = 20.0  # what every sign must be likelier by than none: neighbouring samples say the same twice


class Segment(NamedTuple):
    """A sign: its samples, from `start` up to `end`, and its class, in the order of the reader's without "no sign"."""

    start: int
    end: int
    sign: int


class _Node(NamedTuple):
    """A sign and, as a list that goes back, those before it."""

    before: "_Node | None"
    segment: Segment


def segments(
    signs: NDArray[np.float32], edges: NDArray[np.float32], no_sign: int
) -> tuple[list[Segment], Segment | None]:
    """The likeliest signs one after the other (Viterbi, 1967): at each sample nothing is signed, or one of the signs,
    which begins and ends where edges are likely.

    Args:
        signs: (samples, classes) probabilities of each sign, and, at column `no_sign`, of none.
        edges: (samples, 2) probabilities that a sign begins there, and that one ends.

    Returns:
        The signs in order, without the last one where that goes on at the last sample; and that one.
    """
    logs = np.log(np.maximum(signs, 1e-9))
    odds = EDGE_WEIGHT * (np.log(np.maximum(edges, 1e-6)) - np.log(np.maximum(1 - edges, 1e-6)))
    none, named = logs[:, no_sign], np.delete(logs, no_sign, axis=1)
    outside, before = 0.0, None  # the best score of all ways that are in no sign, and its signs
    inside = np.full(named.shape[1], -np.inf)  # of those that are in each sign
    start = np.zeros(named.shape[1], dtype=int)  # and where that began
    paths: list[_Node | None] = []  # the signs before a sign that begins at each sample
    left, path = -np.inf, None  # of those that have left a sign at the last sample
    for sample in range(len(logs)):
        if left > outside:
            outside, before = left, path
        paths.append(before)
        entered = outside + odds[sample, 0] - SIGN_COST
        start = np.where(inside < entered, sample, start)
        inside = np.maximum(inside, entered) + named[sample]
        outside += none[sample]
        best = int(inside.argmax())
        left = inside[best] + odds[sample, 1]
        path = _Node(paths[start[best]], Segment(int(start[best]), sample + 1, best))
    best = int(inside.argmax())
    score, last = max((outside, before), (left, path), key=lambda way: way[0])
    going_on = None
    if inside[best] > score:
        last = paths[start[best]]
        going_on = Segment(int(start[best]), len(logs), best)
    found = []
    while last:
        found.append(last.segment)
        last = last.before
    return found[::-1], going_on
