"""TranslatorInfo: everything that travels with a translator beside its weights, the same in a checkpoint and in ONNX.

It is JSON under `slr-pose-translation` in the metadata of the file, and is checked whole before any of it is used.
"""

from dataclasses import dataclass
from typing import Annotated, Literal
from unicodedata import normalize

import msgspec
from msgspec import Meta

from slr_pose.info import Described, Layers, Size, Trained
from slr_pose.tables import normal

KEY = "slr-pose-translation"  # of the metadata
SCHEMA = 1
LONGEST = 4096  # pieces of a sentence

# The ways to a sentence.
Way = Literal["network", "nearest pair"]
NETWORK: Way = "network"
NEAREST: Way = "nearest pair"

Finite = Annotated[float, Meta(ge=-1e6, le=1e6)]
Text = Annotated[str, Meta(min_length=1)]


@dataclass(frozen=True)
class TranslationConfig:
    """Sizes of the network; travels inside every model."""

    width: Size = 256
    blocks: Layers = 3  # of the encoder, and of the decoder
    hidden: Size = 1024
    attention_heads: Layers = 4
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.3


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """From the score of a text to the share of its words that a person's would have, logistic."""

    slope: Finite
    offset: Finite


class TranslatorTraining(Trained, frozen=True, kw_only=True):
    """How a translator came to be.

    Attributes:
        pairs: how many of each split.
        started_from: the translator whose weights it began with.
        val: BLEU and chrF of each way to a sentence, on the val pairs; empty when it was stopped before.
    """

    pairs: dict[str, int] = {}
    started_from: str | None = None
    val: dict[str, dict[str, float]] = {}


class TranslatorInfo(Described, frozen=True, kw_only=True):
    """What travels with a translator.

    Attributes:
        glosses: those that it knows, in the order of their numbers.
        pieces: of text, in the order of their numbers.
        pairs: what it learnt from, glosses and text: `NEAREST` answers with them.
        model: sizes of the network.
        longest: pieces of a sentence, at most.
        by: the ways to a sentence; of both, what promises more is taken.
        confidence: what is to be expected of either way; `None` when it was measured on too few pairs to tell.
    """

    KEY = KEY
    SCHEMA = SCHEMA

    glosses: Annotated[list[Text], Meta(min_length=1)]
    pieces: Annotated[list[Text], Meta(min_length=1)]
    pairs: Annotated[list[tuple[Annotated[list[Text], Meta(min_length=1)], Text]], Meta(min_length=1)]
    model: TranslationConfig
    longest: Annotated[int, Meta(ge=1, le=LONGEST)]
    by: Annotated[list[Way], Meta(min_length=1)]
    confidence: dict[Way, Curve] | None
    training: TranslatorTraining = TranslatorTraining()

    def __post_init__(self) -> None:
        glosses = [normal(gloss) for gloss in self.glosses]
        for what, names in (("glosses", glosses), ("pieces", self.pieces)):
            if not all(names) or len(set(names)) < len(names):
                raise ValueError(f"one of the {what} is empty, or there twice")
        if len(set(self.by)) < len(self.by):
            raise ValueError("a way to a sentence is named twice")
        if self.confidence is None and len(self.by) > 1:
            raise ValueError("nothing tells which of two ways promises more")
        if self.confidence is not None and not self.confidence.keys() >= {NETWORK, NEAREST}:
            raise ValueError("the confidence of a way to a sentence is missing")
        if self.model.width % 2 or self.model.width % self.model.attention_heads:
            raise ValueError("the sizes of the network do not fit together")
        pairs = [([normal(gloss) for gloss in own], normalize("NFC", text)) for own, text in self.pairs]
        msgspec.structs.force_setattr(self, "glosses", glosses)
        msgspec.structs.force_setattr(self, "pairs", pairs)
