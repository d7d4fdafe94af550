"""Pairs -> a trained translator in a run folder, calibrated and measured on held-out pairs."""

import re
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors.torch import save

from slr_pose import BadInput
from slr_pose.events import Listener, Remark, ignore
from slr_pose.files import open_regular, write_whole
from slr_pose.runs import STATE, TRANSLATOR, UNFINISHED_TRANSLATOR, StateKeeper
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
from slr_pose.translation.learner import Learner, Origin, Recipe
from slr_pose.translation.pairs import Pair
from slr_pose.translation.translator import TorchNetwork, Translator

EITHER = "what promises more"  # of the network and the nearest pair
WAYS: dict[str, list[Way]] = {NETWORK: [NETWORK], NEAREST: [NEAREST], EITHER: [NETWORK, NEAREST]}
CALIBRATED = 30  # held-out pairs that it takes to say how sure a sentence is
ADDED = 10  # pieces that a sentence may be longer than the longest in training


def train(
    pairs: list[Pair],
    validation: list[Pair],
    run: Path,
    recipe: Recipe | None = None,
    config: TranslationConfig | None = None,
    origin: Origin | None = None,
    on_event: Listener = ignore,
    resume: bool = False,
) -> Translator:
    """Train a translator and write it to `run/sentences.safetensors` after every epoch, whole or not at all.

    The network's averaged weights are kept. After the last epoch the validation pairs tell what is to be expected of
    its sentences, and of the texts of the nearest training pairs; before, nothing is known of that. Ctrl-C ends
    training after the first epoch or later, with what was learnt until then.

    Until `runs.finish`, `run/unfinished-sentences.json` says what is trained, and `run/training.ckpt` holds all that a
    training is made of after a whole epoch. Whatever stops it: gone on with, it ends with the same weights.

    Args:
        run: a folder for the checkpoint, or that of the run to go on with.
        config: sizes of the network; those of the origin where there is one.
        origin: to start from: what it has learnt of the glosses and pieces that are here too, and of all else.
        on_event: told of every step.
        resume: go on where the run was stopped.

    Raises:
        BadInput: the training diverged, or the file cannot be written; that of the epoch before stays. Or the run to go
            on with began with something else.
        KeyboardInterrupt: it was stopped before the first epoch was done.
    """
    sizes = origin.info.model if origin else config or TranslationConfig()
    learner = Learner(pairs, recipe or Recipe(), sizes, origin)
    keeper = _Keeper(run, learner, _described(learner, pairs, validation, origin))
    if resume:
        keeper.go_on()
    keeper.begin()
    if origin:
        glosses, pieces = map(len, learner.known(origin.info))
        of_glosses, of_pieces = len(learner.vocabulary.glosses), len(learner.text.pieces)
        what = f"{glosses} of the {of_glosses} glosses and {pieces} of the {of_pieces} pieces of text"
        on_event(Remark(f"{origin.path} knows {what}."))
    finished = False
    try:
        for _ in learner.fit(on_event):
            keeper.keep()
        finished = True
    except FloatingPointError as error:
        kept = f"; the model of epoch {learner.epoch} is kept" if learner.epoch else ""
        raise BadInput(
            f"the training diverged in epoch {learner.epoch + 1}: it computes numbers that are none{kept}."
            " Start with another --seed, or without --from."
        ) from error
    except KeyboardInterrupt:
        if not learner.epoch:
            raise
        if not (run / TRANSLATOR).exists():
            keeper.write(keeper.info)
    info = keeper.info
    try:
        info = _judge(Translator(info, TorchNetwork(learner.kept)), validation, finished)
        keeper.write(info)
    except KeyboardInterrupt:  # a second one, or one while measuring: the last epoch stays, unmeasured
        pass
    return Translator(info, TorchNetwork(learner.kept))


def _described(learner: Learner, pairs: list[Pair], validation: list[Pair], origin: Origin | None) -> TranslatorInfo:
    """What travels with a translator before it has learnt anything."""
    return TranslatorInfo(
        glosses=learner.vocabulary.glosses,
        pieces=learner.text.pieces,
        pairs=[(list(pair.glosses), pair.text) for pair in pairs],
        model=learner.model.config,
        longest=min(learner.longest + ADDED, LONGEST),
        by=[NETWORK],
        confidence=None,
        training=TranslatorTraining(
            recipe=asdict(learner.recipe),
            torch=str(torch.__version__),
            pairs={"train": len(pairs), "val": len(validation)},
            started_from=str(origin.path) if origin else None,
            finished=False,
        ),
    )


class _Keeper:
    """Writes the checkpoint after every epoch, and the state of the training; reads the state of one that goes on."""

    def __init__(self, run: Path, learner: Learner, begun: TranslatorInfo):
        self.run, self.learner, self.begun = run, learner, begun
        self.state = StateKeeper(run)

    @property
    def info(self) -> TranslatorInfo:
        """What travels with the translator as it stands, unmeasured."""
        training = msgspec.structs.replace(self.begun.training, epoch=self.learner.epoch)
        return msgspec.structs.replace(self.begun, training=training)

    def begin(self) -> None:
        """Say what is trained."""
        with write_whole(self.run / UNFINISHED_TRANSLATOR) as partial:
            partial.write_text(self.begun.encode(), encoding="utf-8")

    def go_on(self) -> None:
        """Let the learner stand where the run was stopped; at its beginning where it did not come to keep a state.

        Raises:
            BadInput: the run began with something else, or what is kept of it is damaged.
        """
        if not (self.run / UNFINISHED_TRANSLATOR).exists():  # it was stopped before it began
            return
        with open_regular(self.run / UNFINISHED_TRANSLATOR) as file:
            begun = TranslatorInfo.decode(file.read().decode())
        if others := _differences(begun, self.begun):
            raise BadInput(
                f"{self.run} began with {others}: repeat its command with --resume, or begin another run without it."
            )
        if not (self.run / STATE).exists():
            return
        try:
            self.learner.go_on(torch.load(self.run / STATE, map_location="cpu", weights_only=True))
        except Exception as error:  # the reader meets a damaged file with whatever its bytes provoke
            raise BadInput(f"{self.run / STATE} is damaged; begin another run without --resume.") from error

    def keep(self) -> None:
        """Write what is learnt after an epoch, and where the training stands."""
        self.write(self.info)
        if self.state.is_due():
            self.state.keep(lambda partial: torch.save(self.learner.state(), partial))

    def write(self, info: TranslatorInfo) -> None:
        """Write the checkpoint."""
        weights = {name: weight.cpu().contiguous() for name, weight in self.learner.kept.state_dict().items()}
        with write_whole(self.run / TRANSLATOR) as partial:
            partial.write_bytes(save(weights, metadata={KEY: info.encode()}))


def _differences(begun: TranslatorInfo, info: TranslatorInfo) -> str:
    """What is not as it was when a run began, as a list in a sentence."""
    before, now = begun.training, info.training
    chosen = dict.fromkeys(("seed", "epochs"))  # have words of their own
    others = {
        "other pairs": before.seed == now.seed and (begun.pairs, before.pairs) != (info.pairs, now.pairs),
        "another seed": before.seed != now.seed,
        "another number of epochs": before.epochs != now.epochs,
        "other settings": begun.model != info.model or {**before.recipe, **chosen} != {**now.recipe, **chosen},
        "another model to start from": before.started_from != now.started_from,
    }
    return " and ".join(what for what, differs in others.items() if differs)


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
