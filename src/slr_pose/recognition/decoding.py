"""What is signed at each sample -> the signs: from which sample up to which each of them goes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

EDGE_WEIGHT = 4.0  # how much an edge counts beside the samples between two of them
SIGN_COST = 20.0  # what every sign must be likelier by than none: neighbouring samples say the same twice
MOMENT_COST = 0.5  # the same where nobody told when signs begin and end: what was learnt in order is seen in moments
NONE = -1  # the way to the beginning, on which there is no sign


class Segment(NamedTuple):
    """A sign: its samples, from `start` up to `end`, and its class, in the order of the reader's without "no sign"."""

    start: int
    end: int
    sign: int


def segments(
    signs: NDArray[np.float32],
    edges: NDArray[np.float32] | None,
    no_sign: int,
    following: NDArray[np.float64] | None = None,
    before: int = 0,
) -> tuple[list[Segment], Segment | None]:
    """The likeliest signs one after the other (Viterbi, 1967): at each sample nothing is signed, or one of the signs,
    which begins and ends where edges are likely.

    Ways whose last signs differ go on side by side, so it is exact, too, where a sign depends on the one before.

    Args:
        signs: (samples, classes) probabilities of each sign, and, at column `no_sign`, of none.
        edges: (samples, 2) probabilities that a sign begins there, and that one ends; `None` where that is unknown.
        following: (rows, signs) what is added for each sign that follows the sign of a row; behind those of the signs
            there may be further rows. Without it, whatever follows is alike.
        before: the row of what was signed before the first sample.

    Returns:
        The signs in order, without the last one where that goes on at the last sample; and that one.
    """
    logs = np.log(np.maximum(signs, 1e-9))
    none, named = logs[:, no_sign], np.delete(logs, no_sign, axis=1)
    samples, count = named.shape
    odds, cost = (np.zeros((samples, 2)), MOMENT_COST) if edges is None else (_odds(edges), SIGN_COST)
    if following is None:
        following, before = np.zeros((count + 1, 1)), count
    reach = following.max() - following.min()  # a way that is farther behind than that leads nowhere
    outside, way = np.full(len(following), -np.inf), np.full(len(following), NONE)  # in no sign, after that of each row
    outside[before] = 0
    inside, left = np.full((2, count), -np.inf)  # in each sign, and at its end
    start, came = np.zeros((2, count), dtype=int)  # where that began, and the way before it
    paths = _Paths(np.zeros((samples, count), dtype=int), np.zeros((samples, count), dtype=int))
    for sample in range(samples):
        if sample == 0 or left.max() > outside.max() - reach:
            ended = np.flatnonzero(left > outside[:count])
            outside[ended], way[ended] = left[ended], paths.number(sample - 1, ended)
            near = np.flatnonzero(outside >= outside.max() - reach)
            row = near[(outside[near, None] + following[near]).argmax(axis=0)]  # after which each sign would begin
            more, come = following[row, np.arange(len(row))], way[row]
        entering = outside[row] + more + odds[sample, 0] - cost
        enters = inside < entering
        paths.start[sample], paths.came[sample] = np.where(enters, sample, start), np.where(enters, come, came)
        start, came = paths.start[sample], paths.came[sample]
        inside = np.maximum(inside, entering) + named[sample]
        outside += none[sample]
        left = inside + odds[sample, 1]
    best = int(inside.argmax())
    if inside[best] > max(outside.max(), left[best]):
        return paths.back(int(came[best])), Segment(int(start[best]), samples, best)
    if left[best] > outside.max():
        return paths.back(int(paths.number(samples - 1, best))), None
    return paths.back(int(way[outside.argmax()])), None


def _odds(edges: NDArray[np.float32]) -> NDArray[np.float32]:
    odds: NDArray[np.float32] = np.log(np.maximum(edges, 1e-6)) - np.log(np.maximum(1 - edges, 1e-6))
    return EDGE_WEIGHT * odds


class _Paths(NamedTuple):
    """The best way into each sign that ends at each sample, (samples, signs): where the sign began, and the number of
    the way before it."""

    start: NDArray[np.int64]
    came: NDArray[np.int64]

    def number(self, sample: int, sign: NDArray[np.int64] | int) -> NDArray[np.int64] | int:
        signs: int = self.start.shape[1]
        return sample * signs + sign

    def back(self, way: int) -> list[Segment]:
        """The signs of a way, in order."""
        found = []
        while way != NONE:
            sample, sign = divmod(way, self.start.shape[1])
            found.append(Segment(int(self.start[sample, sign]), sample + 1, sign))
            way = int(self.came[sample, sign])
        return found[::-1]
