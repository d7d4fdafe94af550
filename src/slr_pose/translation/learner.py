"""A network while it learns pairs: text in pieces, glosses in numbers, batches, steps."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from slr_pose.events import Listener, Training
from slr_pose.translation.decoding import BEGIN, END, FIRST_COPY, FIRST_PIECE, NOTHING
from slr_pose.translation.glosses import COPIES, FIRST, Vocabulary, as_arrays, as_word, folded
from slr_pose.translation.info import TranslationConfig, TranslatorInfo
from slr_pose.translation.network import TranslationModel
from slr_pose.translation.pairs import Pair
from slr_pose.translation.translator import load_model

STEPS, FEWEST_EPOCHS, MOST_EPOCHS = 4500, 40, 200  # by default: as many epochs as make the steps, within the bounds
BATCHES_AN_EPOCH = 8  # at least: batches are smaller where pairs are few
SPELLED = 3  # letters that a gloss and a word have in common, at least, to be taken for the same

T = TypeVar("T")
Tensors = list[Tensor] | tuple[Tensor, ...]


@dataclass(frozen=True)
class Recipe:
    """How a translator is trained; the defaults are the best that we know."""

    epochs: int | None = None
    batch_pieces: int = 2048  # pieces of text in a batch
    pieces: int = 2000  # kinds of pieces that text is made of
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warm_up: float = 0.1  # share of the steps
    label_smoothing: float = 0.1
    copying: float = 0.1  # share of the glosses that are hidden, of those that a word of the text begins like
    noise: float = 0.0  # share of the glosses that are dropped, replaced or inserted, a third each
    averaging: float = 0.999  # decay of the averaged weights per step
    gradient_norm: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Origin:
    """The translator that a training starts from."""

    path: Path
    network: TranslationModel
    info: TranslatorInfo

    @classmethod
    def load(cls, path: Path) -> "Origin":
        """A checkpoint, or the folder of its run.

        Raises:
            BadInput: there is no such file, or it is not a checkpoint of a translator.
        """
        return cls(path, *load_model(path))

    def met(self, pairs: list[Pair]) -> list[Pair]:
        """Those of the pairs whose text it was trained on."""
        texts = {text for _, text in self.info.pairs}
        return [pair for pair in pairs if pair.text in texts]


class Text:
    """Cuts text into pieces that are learnt from it: byte pair encoding (Sennrich et al., ACL 2016), word by word."""

    def __init__(self, texts: list[str], size: int):
        from tokenizers import Tokenizer, models, pre_tokenizers, trainers

        self._tokenizer = Tokenizer(models.BPE())
        self._tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        self._tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=size, show_progress=False))
        found = self._tokenizer.get_vocab()
        self.pieces = sorted(found, key=found.__getitem__)

    def encode(self, word: str) -> list[int]:
        """The numbers of the pieces of a word."""
        return [FIRST_PIECE + number for number in self._tokenizer.encode(word).ids]


@dataclass(frozen=True)
class Example:
    """A pair in numbers. `copied` are the places of glosses that a word of the text begins like, with its place."""

    glosses: list[int]
    words: list[list[int]]
    copied: list[tuple[int, int]]


class Learner:
    """A network while it learns.

    Attributes:
        recipe: with the number of epochs, which it may leave open.
        epoch: how many are done.
        steps: that there are to be.
    """

    def __init__(
        self,
        pairs: list[Pair],
        recipe: Recipe,
        config: TranslationConfig,
        origin: Origin | None = None,
    ):
        torch.manual_seed(recipe.seed)
        self.random = random.Random(recipe.seed)
        self.vocabulary = Vocabulary.of(pair.places for pair in pairs)
        self.text = Text([pair.text for pair in pairs], recipe.pieces)
        self.examples = [self._example(pair) for pair in pairs]
        self.lengths = [sum(map(len, example.words)) + 1 for example in self.examples]
        self.longest = max(self.lengths)
        self.most = min(recipe.batch_pieces, max(self.longest, sum(self.lengths) // BATCHES_AN_EPOCH))
        self.seen = [gloss for example in self.examples for gloss in example.glosses]  # as often as they are signed
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = TranslationModel(len(self.vocabulary), FIRST_PIECE + len(self.text.pieces), config)
        if origin:
            model.start_from(origin.network, *self.known(origin.info))
        self.model = model.to(self.device)
        self.averaged = AveragedModel(self.model, multi_avg_fn=self._average)
        # Batches are drawn anew each epoch, and an epoch may have a few more or less than the first.
        batches = len(list(self._batches()))
        epochs = recipe.epochs or min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(STEPS / batches)))
        self.recipe = replace(recipe, epochs=epochs)
        self.epoch, self.step, self.steps = 0, 0, epochs * batches
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), recipe.learning_rate, (0.9, 0.98), weight_decay=recipe.weight_decay, fused=True
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, recipe.learning_rate, total_steps=self.steps + 1, pct_start=recipe.warm_up
        )

    @property
    def kept(self) -> TranslationModel:
        """The network with its averaged weights."""
        assert isinstance(self.averaged.module, TranslationModel)
        return self.averaged.module

    def known(self, info: TranslatorInfo) -> tuple[dict[int, int], dict[int, int]]:
        """Of the glosses and pieces here, those that another translator has: number here -> number there."""
        glosses, pieces = Vocabulary(info.glosses), {piece: n for n, piece in enumerate(info.pieces, FIRST_PIECE)}
        of_glosses = {n: glosses.number(gloss) for n, gloss in enumerate(self.vocabulary.glosses, FIRST)}
        of_pieces = {n: pieces.get(piece) for n, piece in enumerate(self.text.pieces, FIRST_PIECE)}
        return _same(of_glosses), _same(of_pieces)

    def fit(self, on_event: Listener) -> Iterator[int]:
        """Learn; yields the number of each epoch that is done.

        Raises:
            FloatingPointError: the loss, or what is kept, is no number any more.
        """
        while self.step < self.steps:
            for batch in self._batches():
                loss = self._loss(batch)
                self._refuse_divergence(loss)
                self.optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.gradient_norm)
                self.optimizer.step()
                self.schedule.step()
                self.averaged.update_parameters(self.model)
                self.step += 1
                on_event(Training(self.epoch + 1, self.step, self.steps, loss.item()))
                if self.step == self.steps:
                    break
            self._refuse_divergence(*self.kept.parameters())
            self.epoch += 1
            yield self.epoch

    def state(self) -> dict[str, Any]:
        """All that a training is made of after a whole epoch, as a file may hold it that runs no code."""
        return {
            **{name: part.state_dict() for name, part in self._parts().items()},
            "random": self.random.getstate(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all(),
            "epoch": self.epoch,
            "step": self.step,
        }

    def go_on(self, state: dict[str, Any]) -> None:
        """Stand where a training of the same pairs and recipe stood when it gave that state."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.random.setstate(state["random"])
        torch.set_rng_state(state["torch"])
        torch.cuda.set_rng_state_all(state["cuda"])
        self.epoch, self.step = state["epoch"], state["step"]

    def _parts(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "averaged": self.averaged,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
        }

    @staticmethod
    def _refuse_divergence(*numbers: Tensor) -> None:
        if not all(each.isfinite().all() for each in numbers):
            raise FloatingPointError

    def _example(self, pair: Pair) -> Example:
        words = pair.text.split()
        glosses = [folded(as_word(gloss)) for gloss in pair.glosses]
        spelled = [folded(word) for word in words]
        copied = []
        for place, gloss in enumerate(glosses):
            alike = [number for number, word in enumerate(spelled) if word.startswith(gloss)]
            if len(gloss) >= SPELLED and len(alike) == glosses.count(gloss) == 1:
                copied.append((place, alike[0]))
        numbers = [place[0][0] for place in self.vocabulary.encode(pair.places)[0]]
        return Example(numbers, [self.text.encode(word) for word in words], copied)

    def _batches(self) -> Iterator[list[int]]:
        """Indices of examples of like length, for one epoch, in any order."""
        order = sorted(range(len(self.examples)), key=lambda index: self.lengths[index] + 4 * self.random.random())
        batches: list[list[int]] = [[]]
        longest = 0
        for index in order:
            longest = max(longest, self.lengths[index])
            if batches[-1] and longest * (len(batches[-1]) + 1) > self.most:
                batches.append([])
                longest = self.lengths[index]
            batches[-1].append(index)
        self.random.shuffle(batches)
        yield from batches

    def _loss(self, batch: list[int]) -> Tensor:
        sources, texts = zip(*(self._drawn(self.examples[index]) for index in batch), strict=True)
        glosses, shares = as_arrays([[[(gloss, 1.0)] for gloss in source] for source in sources])
        pieces = np.full((len(batch), max(map(len, texts)) + 2), NOTHING)
        for row, text in enumerate(texts):
            pieces[row, : len(text) + 2] = [BEGIN, *text, END]
        given = [torch.from_numpy(array).to(self.device) for array in (glosses, shares, pieces[:, :-1])]
        expected = torch.from_numpy(pieces[:, 1:].ravel()).to(self.device)
        self.model.train()
        logits = self.model(*given)
        smoothing = self.recipe.label_smoothing
        return F.cross_entropy(logits.flatten(0, 1), expected, ignore_index=NOTHING, label_smoothing=smoothing)

    def _drawn(self, example: Example) -> tuple[list[int], list[int]]:
        """An example as it is shown this time: some glosses hidden, so that their place in the text is learnt."""
        hidden = [pair for pair in example.copied if self.random.random() < self.recipe.copying][:COPIES]
        glosses, words = list(example.glosses), list(example.words)
        for number, (place, word) in enumerate(sorted(hidden)):
            glosses[place] = 1 + number
            words[word] = [FIRST_COPY + number]
        return self._noisy(glosses), [piece for word in words for piece in word]

    def _noisy(self, glosses: list[int]) -> list[int]:
        if not self.recipe.noise:
            return glosses
        return spoil(glosses, self.recipe.noise, self.seen, self.random)

    def _average(self, averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        """Exponential moving average, shorter at first, so that it does not remember the random start."""
        steps = int(count)
        decay = min(self.recipe.averaging, (1 + steps) / (10 + steps))
        get_ema_multi_avg_fn(decay)(averaged, current, count)


def _same(numbers: dict[int, int | None]) -> dict[int, int]:
    return {here: there for here, there in numbers.items() if there}


def spoil(glosses: list[T], share: float, others: list[T], source: random.Random) -> list[T]:
    """Glosses as a recogniser might get them: of the share, a third is dropped, a third replaced, a third inserted."""
    found = []
    for gloss in glosses:
        draw = source.random() / share if share else 1.0
        if draw < 1 / 3:
            continue
        if draw < 2 / 3:
            found.append(source.choice(others))
        elif draw < 1:
            found += [source.choice(others), gloss]
        else:
            found.append(gloss)
    return found or list(glosses)
