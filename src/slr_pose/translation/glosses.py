"""A line of glosses, or a recogniser's alternatives -> the numbers and probabilities that the network reads."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from slr_pose.tables import normal

Alternatives = list[tuple[str, float]]  # what may have been signed at one place, with probabilities, best first

COPIES = 4  # unknown glosses of a sentence that keep their place in its text
FIRST = 1 + COPIES  # number of the first known gloss; 0 = nothing, then the places of the unknown ones

# What corpora write on a gloss beside the sign itself; docs/sentences.md says what leaving it out is worth.
MARKS = [
    re.compile(r"^__.*__$"),  # __ON__, __EMOTION__: no sign
    re.compile(r"^(\([^)]*\)|\++)+"),  # (1h), (2h): hands
    re.compile(r"^(loc|cl|lh|rh|qu)-(?=[^\W\d_]{2})"),  # where, classifier, which hand
    re.compile(r"^[a-z]+\.(?=[^\W\d_])"),  # alt.: hands in turn
    re.compile(r"(-PLUSPLUS|\++)$"),  # signed more than once
    re.compile(r"(?<=\w):[a-z](/[a-z])*$"),  # :i, :i/j: a place in front of the signer
    re.compile(r"(?<=[^\W\d_])_\d+$"),  # _2: a variant
]
_SPELLED = re.compile(r"^((fs|ns)-)*#?")  # by the fingers, a name, a loan
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})  # as glosses write them


def split(line: str) -> list[Alternatives]:
    """`ABER FREUEN` -> one sure gloss at each place."""
    return [[(gloss, 1.0)] for gloss in line.split()]


def clean(sentence: Iterable[Alternatives]) -> list[Alternatives]:
    """The sentence without corpus marks, and with glosses once that are repeated."""
    found: list[Alternatives] = []
    for place in sentence:
        kept = [(bare, share) for gloss, share in place if (bare := _without_marks(gloss))]
        if kept and not (found and found[-1][0][0] == kept[0][0]):
            found.append(kept)
    return found


def folded(word: str) -> str:
    """What spellings of one word share: `Fünf`, `FUENF`, `fuenf`."""
    word = unicodedata.normalize("NFC", word).casefold().translate(_GERMAN)
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))


def as_word(gloss: str) -> str:
    """How a gloss is written in a sentence that knows no better: `HARZ` -> harz, `fs-ERICK` -> Erick, `#BUS` -> bus."""
    word = _SPELLED.sub("", gloss).lower()
    return word.capitalize() if gloss.startswith(("fs-", "ns-")) else word


def _without_marks(gloss: str) -> str:
    bare = normal(gloss)
    for mark in MARKS:
        bare = mark.sub("", bare)
    return bare


@dataclass
class Vocabulary:
    """The glosses that a translator knows; a gloss has the number `FIRST` + its place."""

    glosses: list[str]
    _numbers: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        spellings = {folded(gloss): number for number, gloss in reversed(list(enumerate(self.glosses, FIRST)))}
        self._numbers = spellings | {gloss: number for number, gloss in enumerate(self.glosses, FIRST)}

    @classmethod
    def of(cls, sentences: Iterable[list[Alternatives]]) -> "Vocabulary":
        """All glosses of the sentences, in order of the alphabet."""
        return cls(sorted({gloss for sentence in sentences for place in sentence for gloss, _ in place}))

    def __len__(self) -> int:
        return FIRST + len(self.glosses)

    def number(self, gloss: str) -> int | None:
        """The number of a gloss, in this spelling or another; `None` where it is unknown."""
        return self._numbers.get(gloss) or self._numbers.get(folded(gloss))

    def encode(self, sentence: list[Alternatives]) -> tuple[list[list[tuple[int, float]]], list[str]]:
        """A clean sentence -> numbers with probabilities at each place, and the glosses that are unknown, in order.

        A place whose best gloss is unknown gets the number of an unknown gloss, whatever its other alternatives are.
        """
        places, unknown = [], []
        for place in sentence:
            numbers = [(number, share) for gloss, share in place if (number := self.number(gloss))]
            if self.number(place[0][0]) is None:
                unknown.append(place[0][0])
                numbers = [(min(len(unknown), COPIES), 1.0)]
            places.append(numbers)
        return places, unknown


def as_arrays(sentences: Sequence[list[list[tuple[int, float]]]]) -> tuple[np.ndarray, np.ndarray]:
    """Encoded sentences -> numbers and probabilities, (sentences, places, alternatives), 0 behind each one's end."""
    shape = (
        len(sentences),
        max(map(len, sentences)),
        max(len(place) for sentence in sentences for place in sentence),
    )
    numbers, shares = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    for row, sentence in enumerate(sentences):
        for column, place in enumerate(sentence):
            for rank, (number, share) in enumerate(place):
                numbers[row, column, rank], shares[row, column, rank] = number, share
    return numbers, shares
