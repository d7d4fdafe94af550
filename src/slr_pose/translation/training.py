"""Pairs -> a trained translator, calibrated and measured on held-out pairs, in one file."""

import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from slr_pose.events import Listener, Training, ignore
from slr_pose.files import write_whole
from slr_pose.translation.decoding import BEGIN, END, FIRST_COPY, FIRST_PIECE, NOTHING
from slr_pose.translation.glosses import COPIES, Vocabulary, as_arrays, as_word, folded
from slr_pose.translation.info import (
    KEY,
    LONGEST,
    NEAREST,
    NETWORK,
    Curve,
    TranslationConfig,
    TranslatorInfo,
    TranslatorTraining,
    Way,
)
from slr_pose.translation.network import TranslationModel
from slr_pose.translation.pairs import Pair
from slr_pose.translation.translator import TorchNetwork, Translator

STEPS, FEWEST_EPOCHS, MOST_EPOCHS = 4500, 40, 200  # by default: as many epochs as make the steps, within the bounds
BATCHES_AN_EPOCH = 8  # at least: batches are smaller where pairs are few
EITHER = "either"  # what promises more, of the network and the nearest pair
WAYS: dict[str, list[Way]] = {NETWORK: [NETWORK], NEAREST: [NEAREST], EITHER: [NETWORK, NEAREST]}
CALIBRATED = 30  # held-out pairs that it takes to say how sure a sentence is
SPELLED = 3  # letters that a gloss and a word have in common, at least, to be taken for the same
ADDED = 10  # pieces that a sentence may be longer than the longest in training


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


def train(
    pairs: list[Pair],
    validation: list[Pair],
    path: Path,
    recipe: Recipe | None = None,
    config: TranslationConfig | None = None,
    on_event: Listener = ignore,
) -> Translator:
    """Train a translator and write it to `path` after every epoch, whole or not at all.

    The network's averaged weights are kept. After the last epoch the validation pairs tell what is to be expected of
    its sentences, and of the texts of the nearest training pairs; before, nothing is known of that. Ctrl-C ends
    training after the first epoch or later, with what was learnt until then.

    Args:
        path: a `.safetensors` file.
        on_event: told of every step.

    Raises:
        BadInput: the file cannot be written.
        KeyboardInterrupt: it was stopped before the first epoch was done.
    """
    learner = Learner(pairs, recipe or Recipe(), config or TranslationConfig())
    network = TorchNetwork(learner.kept)
    about = TranslatorTraining(
        torch=str(torch.__version__), pairs={"train": len(pairs), "val": len(validation)}, finished=False
    )
    info = TranslatorInfo(
        glosses=learner.vocabulary.glosses,
        pieces=learner.text.pieces,
        pairs=[(list(pair.glosses), pair.text) for pair in pairs],
        model=learner.model.config,
        longest=min(learner.longest + ADDED, LONGEST),
        by=[NETWORK],
        confidence=None,
        training=about,
    )

    def keep() -> TranslatorInfo:
        training = msgspec.structs.replace(about, recipe=asdict(learner.recipe), epoch=learner.epoch)
        kept = msgspec.structs.replace(info, training=training)
        _save(path, learner, kept)
        return kept

    kept, finished = info, False
    try:
        for _ in learner.fit(on_event):
            kept = keep()
        finished = True
    except KeyboardInterrupt:
        if not learner.epoch:
            raise
        if kept is info:
            kept = keep()
    try:
        kept = _judge(Translator(kept, network), validation, finished)
        _save(path, learner, kept)
    except KeyboardInterrupt:  # a second one, or one while measuring: the last epoch stays, unmeasured
        pass
    return Translator(kept, network)


def _save(path: Path, learner: "Learner", info: TranslatorInfo) -> None:
    weights = {name: weight.cpu().contiguous() for name, weight in learner.kept.state_dict().items()}
    with write_whole(path) as partial:
        partial.write_bytes(save(weights, metadata={KEY: info.encode()}))


def _judge(translator: Translator, validation: list[Pair], finished: bool) -> TranslatorInfo:
    """Learn what is to be expected of either way to a sentence, and which is best, or, of both, what promises more."""
    sentences, texts = [pair.places for pair in validation], [pair.text for pair in validation]
    drafts = {NETWORK: translator.drafts(sentences), NEAREST: translator.recalled(sentences)}
    answers: dict[str, list[str]] = {way: [draft.plain for draft in found] for way, found in drafts.items()}
    curves = {
        way: calibrate([draft.score for draft in found], list(map(agreement, answers[way], texts)))
        for way, found in drafts.items()
    }
    info = msgspec.structs.replace(translator.info, confidence=curves if all(curves.values()) else None)
    if info.confidence:
        both = msgspec.structs.replace(info, by=[NETWORK, NEAREST])
        answers[EITHER] = [found.plain for found in Translator(both, translator.network).translate(sentences)]
    scores = {way: measure(found, texts) for way, found in answers.items()}
    best = max(scores, key=lambda way: scores[way]["chrF"])
    training = msgspec.structs.replace(info.training, val=scores, finished=finished)
    return msgspec.structs.replace(info, by=WAYS[best], training=training)


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
    """A network while it learns."""

    def __init__(self, pairs: list[Pair], recipe: Recipe, config: TranslationConfig):
        torch.manual_seed(recipe.seed)
        self.recipe, self.random = recipe, random.Random(recipe.seed)
        self.vocabulary = Vocabulary.of(pair.places for pair in pairs)
        self.text = Text([pair.text for pair in pairs], recipe.pieces)
        self.examples = [self._example(pair) for pair in pairs]
        self.lengths = [sum(map(len, example.words)) + 1 for example in self.examples]
        self.longest = max(self.lengths)
        self.seen = [gloss for example in self.examples for gloss in example.glosses]  # as often as they are signed
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = TranslationModel(len(self.vocabulary), FIRST_PIECE + len(self.text.pieces), config)
        self.model = model.to(self.device)
        self.averaged = AveragedModel(self.model, multi_avg_fn=self._average)
        self.epoch = 0

    @property
    def kept(self) -> TranslationModel:
        """The network with its averaged weights."""
        assert isinstance(self.averaged.module, TranslationModel)
        return self.averaged.module

    def fit(self, on_event: Listener) -> Iterator[int]:
        """Learn; yields the number of each epoch that is done."""
        batches = len(list(self._batches()))
        epochs = self.recipe.epochs or min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(STEPS / batches)))
        self.recipe = recipe = replace(self.recipe, epochs=epochs)
        # Batches are drawn anew each epoch, and an epoch may have a few more or less than the first.
        steps = epochs * batches
        optimizer = torch.optim.AdamW(
            self.model.parameters(), recipe.learning_rate, (0.9, 0.98), weight_decay=recipe.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, recipe.learning_rate, total_steps=steps + 1, pct_start=recipe.warm_up
        )
        step = 0
        while step < steps:
            for batch in self._batches():
                loss = self._loss(batch)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), recipe.gradient_norm)
                optimizer.step()
                schedule.step()
                self.averaged.update_parameters(self.model)
                step += 1
                on_event(Training(self.epoch + 1, step, steps, loss.item()))
                if step == steps:
                    break
            self.epoch += 1
            yield self.epoch

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
        most = min(self.recipe.batch_pieces, max(self.longest, sum(self.lengths) // BATCHES_AN_EPOCH))
        order = sorted(range(len(self.examples)), key=lambda index: self.lengths[index] + 4 * self.random.random())
        batches: list[list[int]] = [[]]
        longest = 0
        for index in order:
            longest = max(longest, self.lengths[index])
            if batches[-1] and longest * (len(batches[-1]) + 1) > most:
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


def measure(texts: list[str], references: list[str], tokenize: str = "13a") -> dict[str, float]:
    """Corpus BLEU-4 (sacreBLEU; Post, WMT 2018) and chrF (Popovic, WMT 2015) of texts."""
    from sacrebleu.metrics import BLEU, CHRF

    bleu = BLEU(tokenize=tokenize, force=True).corpus_score(texts, [references]).score
    return {"BLEU": bleu, "chrF": CHRF().corpus_score(texts, [references]).score}


def agreement(text: str, reference: str) -> float:
    """F1 of the words that two texts share, in any order, 0 to 1."""
    own, others = (Counter(re.findall(r"\w+", each.casefold())) for each in (text, reference))
    return 2 * (own & others).total() / max(1, own.total() + others.total())


def calibrate(scores: list[float], agreements: list[float]) -> Curve | None:
    """Fit a logistic curve from scores to agreements (Platt, 1999); `None` where there are too few."""
    from sklearn.linear_model import LogisticRegression

    if len(scores) < CALIBRATED or len(set(scores)) < 2:
        return None
    x = np.array(scores * 2)[:, None]
    weight = np.concatenate([agreements, 1 - np.array(agreements)])
    if not 0 < sum(agreements) < len(agreements):
        return None
    fitted = LogisticRegression().fit(x, np.repeat([1, 0], len(scores)), sample_weight=weight)
    return Curve(slope=float(fitted.coef_[0, 0]), offset=float(fitted.intercept_[0]))
