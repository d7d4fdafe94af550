"""Pairs of glosses and text -> a model that makes sentences; glosses -> sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput
from slr_pose.events import LeftOut, Listener, Remark, ignore
from slr_pose.roads.predict import caveat, newest
from slr_pose.runs import TRANSLATOR, new_run, refuse_run
from slr_pose.text import count
from slr_pose.translation.glosses import Alternatives
from slr_pose.translation.info import TranslatorInfo
from slr_pose.translation.translator import Translation, Translator


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
    epochs: int | None = None,
    seed: int = 0,
    name: str | None = None,
    on_event: Listener = ignore,
) -> TrainedSentences:
    """Learn to make sentences of glosses from pairs, which go into the model's file.

    Args:
        pairs: a table with columns `glosses` and `text`.
        epochs: times that every pair is seen; by default oftener where pairs are few.
        seed: the same seed, machine and number of threads give the same model.
        name: folder of the run, under `runs/`; by default the time.
        on_event: told of progress and remarks.

    Raises:
        BadInput: the pairs cannot be read or are too few, or the run's folder cannot be made.
        KeyboardInterrupt: it was stopped before there was a model; later, what was learnt is kept.
    """
    from slr_pose.translation.pairs import read_pairs
    from slr_pose.translation.training import Recipe, train

    refuse_run(name)
    train_pairs, val_pairs, left_out = read_pairs(Path(pairs), seed)
    if left_out:
        on_event(LeftOut(f"{count(len(left_out), 'row')} of {pairs} left out", left_out))
    on_event(Remark(f"{count(len(train_pairs), 'pair')} to learn from, {len(val_pairs)} to measure on."))
    run = new_run(name)
    try:
        recipe = Recipe(epochs=epochs, seed=seed)
        translator = train(train_pairs, val_pairs, run / TRANSLATOR, recipe, on_event=on_event)
    except KeyboardInterrupt:
        run.rmdir()
        raise
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
    if not isinstance(model, Translator):
        if model is None and (model := newest(on_event, TRANSLATOR)) is None:
            raise BadInput(
                "there is no model in runs/ that makes sentences; train one with `slr train-sentences PAIRS`, or"
                " name one with --model."
            )
        path = Path(model)
        model = Translator.load(path)
        caveat(path, model.info, on_event)
    return model.translate(list(sentences))
