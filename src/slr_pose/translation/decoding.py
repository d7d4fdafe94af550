"""What a network says of the next piece -> the best sentence, by beam search. Needs NumPy and nothing else."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from slr_pose import BadInput
from slr_pose.translation.glosses import COPIES

NOTHING, BEGIN, END = 0, 1, 2  # numbers of pieces
FIRST_COPY = 3  # number of the piece that stands for the first unknown gloss of a sentence
FIRST_PIECE = FIRST_COPY + COPIES  # number of the first piece of text
LENGTH_POWER = 1.2  # scores are divided by the length to this power; 1 is the mean, more prefers longer sentences
ROUNDING = 1e-3  # that a log-probability may be above 0 by
AHEAD = 5  # a search ends when its best beam could not win with so many more pieces, were they certain


class Network(Protocol):
    """A `TranslationModel`, in torch or in ONNX Runtime, on NumPy arrays with the shapes of its methods."""

    def read(self, glosses: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """(sentences, places, alternatives), both -> (blocks, 2, sentences, heads, places, C)."""
        ...

    def step(
        self, pieces: np.ndarray, place: np.ndarray, past: np.ndarray, memory: np.ndarray, seen: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The last piece of each sentence, (sentences,) -> log-probabilities of the next, and `past` with this one."""
        ...


@dataclass(frozen=True)
class Hypothesis:
    """A sentence as numbers of pieces, without begin and end, and the mean log-probability of a piece."""

    pieces: tuple[int, ...]
    log_probability: float


def beam_search(
    network: Network, glosses: np.ndarray, shares: np.ndarray, unknown: np.ndarray, beams: int, longest: int
) -> list[Hypothesis]:
    """The best sentence for each source; greedy with one beam.

    Args:
        glosses, shares: numbers and probabilities, (sentences, places, alternatives).
        unknown: (sentences,), how many unknown glosses each has; its sentence has a place for each of them, once.
        longest: pieces of a sentence, at most.

    Raises:
        BadInput: what comes out of the network are no log-probabilities.
    """
    best, best_scores = [Hypothesis((), -np.inf)] * len(glosses), np.full(len(glosses), -np.inf)
    going = np.arange(len(glosses))  # sentences that may still get better
    memory = network.read(glosses, shares).repeat(beams, axis=2)
    seen = (shares.sum(-1) > 0).repeat(beams, axis=0)
    past = np.zeros((*memory.shape[:4], 0, memory.shape[-1]), np.float32)
    pieces = np.full((len(glosses), beams, 1), BEGIN)
    scores = np.full((len(glosses), beams), -np.inf, np.float32)
    scores[:, 0] = 0  # all beams are the same at first
    for length in range(1, longest + 1):
        place = np.full(len(going) * beams, length - 1)
        found, past = network.step(pieces[..., -1].ravel(), place, past, memory, seen)
        if not (np.isfinite(found).all() and found.max() < ROUNDING):
            raise BadInput("the model's answers are no probabilities: it is damaged; train it again.")
        found = found.reshape(len(going), beams, -1) + scores[..., None]  # (N, beams, V)
        _forbid(found, pieces, unknown[going])
        ended = found[..., END].max(1) / length**LENGTH_POWER
        for row in np.flatnonzero(ended > best_scores[going]).tolist():
            beam = found[row, :, END].argmax()
            best_scores[going[row]] = ended[row]
            best[going[row]] = Hypothesis(tuple(pieces[row, beam, 1:].tolist()), float(found[row, beam, END] / length))
        found[..., END] = -np.inf
        flat, rows = found.reshape(len(going), -1), np.arange(len(going))[:, None]
        top = np.argpartition(-flat, beams - 1, axis=1)[:, :beams]
        top = top[rows, np.argsort(-flat[rows, top], axis=1, kind="stable")]
        origin, piece = np.divmod(top, found.shape[-1])
        scores = flat[rows, top]
        pieces = np.concatenate([pieces[rows, origin], piece[..., None]], -1)
        kept = np.flatnonzero(scores[:, 0] / (length + AHEAD) ** LENGTH_POWER >= best_scores[going])
        if not len(kept):
            return best
        past = past[:, :, (kept[:, None] * beams + origin[kept]).ravel()]
        if len(kept) < len(going):
            of_kept = (kept[:, None] * beams + np.arange(beams)).ravel()
            memory, seen = memory[:, :, of_kept], seen[of_kept]
            going, pieces, scores = going[kept], pieces[kept], scores[kept]
    for row, number in enumerate(going):
        if np.isneginf(best_scores[number]):  # did not end
            best[number] = Hypothesis(tuple(pieces[row, 0, 1:].tolist()), float(scores[row, 0] / longest))
    return best


def _forbid(found: np.ndarray, pieces: np.ndarray, unknown: np.ndarray) -> None:
    """Make pieces impossible, in `found` (N, beams, V): what is no text, places of no unknown gloss, and second ones.
    Where a sentence would end before all have their place, it says one of them instead."""
    copies = np.arange(FIRST_COPY, FIRST_PIECE)
    said = (pieces[..., None] == copies).any(2)  # (N, beams, COPIES)
    missing = (copies < FIRST_COPY + unknown[:, None, None]) & ~said
    of_copies = found[..., FIRST_COPY:FIRST_PIECE]
    of_copies[...] = np.where(missing, np.maximum(of_copies, found[..., END, None]), -np.inf)
    found[..., NOTHING] = found[..., BEGIN] = -np.inf
    found[..., END][missing.any(-1)] = -np.inf
