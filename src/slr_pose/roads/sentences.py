"""Pairs of glosses and text -> a model that makes sentences; glosses -> sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slr_pose import BadInput
from slr_pose.events import Caution, LeftOut, Listener, Remark, ignore
from slr_pose.info import READ
from slr_pose.roads.predict import caveat, newest
from slr_pose.runs import TRANSLATOR, UNFINISHED_TRANSLATOR, finish, new_run, refuse_run, unfinished_run
from slr_pose.text import count
from slr_pose.timeline import SENTENCE, Entry, State, Timeline, phrases
from slr_pose.translation.glosses import Alternatives
from slr_pose.translation.info import TranslatorInfo
from slr_pose.translation.translator import Translation, Translator

ALTERNATIVES = 5  # of a sign, that a sentence is made of
UNKNOWN: Alternatives = [("?", 1.0)]
STATES: dict[bool | None, State] = {True: "sure", False: "not sure", None: "not measured"}


@dataclass(frozen=True)
class TrainedSentences:
    """What learning to make sentences leaves.

    Attributes:
        model: the checkpoint.
        info: what travels with it.
        example: the glosses of a pair that it was measured on.
    """

    model: Path
    info: TranslatorInfo
    example: Sequence[str]


def train_sentences(
    pairs: Path | str,
    *,
    start: Path | str | None = None,
    epochs: int | None = None,
    seed: int = 0,
    name: str | None = None,
    resume: bool = False,
    on_event: Listener = ignore,
) -> TrainedSentences:
    """Learn to make sentences of glosses from pairs, which go into the model's file.

    Args:
        pairs: a table with columns `glosses` and `text`.
        start: a model that makes sentences to start from, a run or its checkpoint.
        epochs: times that every pair is seen; by default oftener where pairs are few.
        seed: the same seed, machine and number of threads give the same model.
        name: folder of the run, under `runs/`; by default the time.
        resume: go on where the run of that name was stopped, or the newest that is unfinished; it begins where there is
            none. All else must be as it was when it began; it ends with the same weights as if nothing had stopped it.
        on_event: told of progress and remarks.

    Raises:
        BadInput: the pairs cannot be read or are too few, the training diverged, or the run's folder cannot be made;
            the run to go on with is finished, or began with something else.
        KeyboardInterrupt: it was stopped before there was a model; later, what was learnt is kept.
    """
    from slr_pose.training.ranks import refuse_several
    from slr_pose.translation.pairs import read_pairs
    from slr_pose.translation.training import Origin, Recipe, train

    refuse_several("learning to make sentences")
    run = unfinished_run(name, UNFINISHED_TRANSLATOR) if resume else None
    if not run:
        refuse_run(name)
        if resume:
            on_event(Remark("There is no such run to go on with, so it begins."))
    origin = Origin.load(Path(start)) if start else None
    train_pairs, val_pairs, left_out = read_pairs(Path(pairs), seed)
    if left_out:
        on_event(LeftOut(f"{count(len(left_out), 'row')} of {pairs} left out", left_out))
    on_event(Remark(f"{count(len(train_pairs), 'pair')} to learn from, {len(val_pairs)} to measure on."))
    if origin and (met := origin.met(val_pairs)):
        what = f"{origin.path} learnt from the texts of {len(met)} of the {len(val_pairs)} pairs to measure on"
        on_event(Caution(f"{what}: it will seem better than it is."))
    run = run or new_run(name)
    translator = train(
        train_pairs,
        val_pairs,
        run,
        Recipe(epochs=epochs, seed=seed),
        origin=origin,
        on_event=on_event,
        resume=resume,
    )
    if translator.info.training.finished:
        finish(run)
    return TrainedSentences(run / TRANSLATOR, translator.info, val_pairs[0].glosses)


def translate(
    sentences: Iterable[str | list[Alternatives]],
    model: Path | str | Translator | None = None,
    *,
    on_event: Listener = ignore,
) -> list[Translation]:
    """Make a sentence of the glosses of each, and say how sure it is.

    Args:
        sentences: each as its glosses with spaces between, or as the alternatives at each place with their
            probabilities, best first.
        model: a run, a checkpoint or an ONNX file, or one that is loaded already; by default the newest run.
        on_event: told of remarks.

    Raises:
        BadInput: there is no such model.
    """
    return chosen_translator(model, on_event).translate(list(sentences))


def with_sentences(timeline: Timeline, model: Translator) -> Timeline:
    """The same with a tier `sentence`: what each phrase of its glosses says, from the phrase's beginning to its end.

    What each sign may be goes in, with its probabilities; one that is unknown stands in brackets. A phrase in which no
    sign is known makes no sentence.
    """
    spoken = [phrase for phrase in phrases(timeline.tiers[READ]) if any(entry.best for entry in phrase)]
    given = [[entry.labels[:ALTERNATIVES] if entry.best else UNKNOWN for entry in phrase] for phrase in spoken]
    found = model.translate(given) if given else []
    entries = [
        Entry(phrase[0].start_s, phrase[-1].end_s, [(made.text, _share(made))], STATES[made.sure])
        for phrase, made in zip(spoken, found, strict=True)
    ]
    return replace(timeline, tiers={**timeline.tiers, SENTENCE: entries})


def chosen_translator(model: Path | str | Translator | None, on_event: Listener) -> Translator:
    """The model that is meant, by default that of the newest run.

    Raises:
        BadInput: there is none.
    """
    if isinstance(model, Translator):
        return model
    if model is None and (model := newest(on_event, TRANSLATOR)) is None:
        raise BadInput(
            "there is no model in runs/ that makes sentences; train one with `slr train-sentences PAIRS`, or name one."
        )
    path = Path(model)
    found = Translator.load(path)
    caveat(path, found.info, on_event)
    return found


def _share(made: Translation) -> float:
    return 1.0 if made.confidence is None else made.confidence
