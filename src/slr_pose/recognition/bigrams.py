"""Sentences of glosses -> how likely each sign follows each other."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.files import open_regular
from slr_pose.tables import normal

LARGEST = 64 << 20  # bytes of a file of sentences


def read_bigrams(path: Path, glosses: list[str]) -> NDArray[np.float64]:
    """What `bigrams` makes of a text in UTF-8, a sentence a line, spaces between its glosses.

    Returns:
        (glosses + 2, glosses + 1), as `bigrams`.

    Raises:
        BadInput: there is no such text, or none of the glosses is in it.
    """
    with open_regular(path) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadInput(f"{path} has more than {LARGEST >> 20} MB, so it is no text of sentences; name another.")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not in UTF-8; save it as such.") from error
    sentences = [normal(line).split() for line in lines]
    if not set(glosses).intersection(*[[gloss for sentence in sentences for gloss in sentence]]):
        raise BadInput(f"{path} holds none of the model's glosses; write a sentence a line, as they are signed.")
    return bigrams(sentences, glosses)


def bigrams(sentences: Iterable[Sequence[str]], glosses: list[str]) -> NDArray[np.float64]:
    """Interpolated bigrams (Witten and Bell, IEEE Trans. Inf. Theory 1991): the fewer different signs follow one, the
    more its own followers count beside how often each sign occurs at all, and that beside all signs alike. There is
    nothing to choose, as in the methods that discount by a constant, for which few sentences are too few.

    Where a sentence ends nobody sees, so another may begin after each sign as often as one does in the text.

    Args:
        glosses: the signs that there are; every other gloss of the sentences is one further sign, behind them.

    Returns:
        (glosses + 2, glosses + 1) how much likelier each sign is than if all were alike, as a logarithm: after each of
        them, and, in the last row, at the beginning.
    """
    count = len(glosses) + 1
    begin = end = count  # as what comes before, and as what follows
    number = {gloss: index for index, gloss in enumerate(glosses)}
    chains = [[number.get(gloss, count - 1) for gloss in sentence] for sentence in sentences if sentence]
    pairs = Counter(pair for chain in chains for pair in pairwise([begin, *chain, end]))
    seen = np.zeros((count + 1, count + 1))
    for (before, after), times in pairs.items():
        seen[before, after] = times
    alike = np.full((1, count + 1), 1 / (count + 1))
    after_all = _interpolated(seen.sum(axis=0, keepdims=True), alike)
    after_each = _interpolated(seen, after_all)
    signs, over = after_each[:, :count], after_each[:, count:]
    begins = signs[begin] / signs[begin].sum()
    likelier: NDArray[np.float64] = np.log(count * (signs + over * begins))
    return likelier


def _interpolated(seen: NDArray[np.float64], less: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts (rows, signs) and less exact probabilities -> probabilities."""
    different = (seen > 0).sum(axis=1, keepdims=True)
    none = different == 0
    return np.where(none, less, (seen + different * less) / np.maximum(seen.sum(axis=1, keepdims=True) + different, 1))
