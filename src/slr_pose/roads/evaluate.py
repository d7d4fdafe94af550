"""A model and labelled clips -> how often it is right."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slr_pose import BadInput
from slr_pose.data.batches import Signs, signs_of
from slr_pose.data.clip import Clip
from slr_pose.data.manifest import COLUMNS, SPLITS, read_dataset
from slr_pose.data.split import Recalled, recall, trained_on
from slr_pose.data.store import Store
from slr_pose.evaluation.clips import Evaluation
from slr_pose.evaluation.clips import evaluate as evaluate_clips
from slr_pose.evaluation.timelines import TimelineScore, score_timelines, word_errors
from slr_pose.events import Annotating, Caution, Listener, Remark, ignore
from slr_pose.info import READ
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import Stream
from slr_pose.report.evaluated import training_facts, write_evaluation
from slr_pose.report.page import page_file
from slr_pose.roads.clips import read_clips
from slr_pose.roads.predict import NO_MODEL, chosen_model, newest
from slr_pose.runs import METRICS, PAGE, model_file
from slr_pose.timeline import Entry, Timeline


@dataclass(frozen=True)
class Measured:
    """How often a model is right.

    Attributes:
        split: which clips: `train`, `val`, `test` or `all clips`.
        how_split: which clips these are, in a sentence.
        trained_on: how many of them the model was trained on; `None` where that is not known.
        evaluation: the scores of signs, each for itself.
        reading: how well stretches of signing are read; `None` where there are none.
        sentence_wer: word error rate of sentences, whose glosses are known without times; `None` where there are none.
        page: the HTML page that tells of it, if one was wished for.
    """

    split: str
    how_split: str
    trained_on: int | None
    evaluation: Evaluation
    reading: TimelineScore | None = None
    sentence_wer: float | None = None
    page: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        about = {"split": self.split, "how_split": self.how_split, "trained_on": self.trained_on}
        found = self.evaluation.as_dict()
        if self.reading:
            found["reading"] = self.reading.as_dict()
        if self.sentence_wer is not None:
            found["sentence_wer"] = self.sentence_wer
        return {**about, **found}


def evaluate(
    data: Path | str,
    model: Path | str | Recognizer | None = None,
    *,
    split: str | None = None,
    tiers: Sequence[str] = (),
    output: Path | str | None = None,
    on_event: Listener = ignore,
) -> Measured:
    """Measure a model on labelled clips: top-1, top-5 and macro-F1 of each head, unseen signers apart.

    Args:
        data: as for `train`.
        model: a run, a checkpoint or an ONNX file, or one that is loaded already; by default the newest run.
        tiers: as for `train`.
        split: `train`, `val`, `test` or `all`; by default test, or val if there is none.
        output: an HTML page of it, an `.html` file or a folder for one; by default there is none.
        on_event: told of progress and remarks.

    Raises:
        BadInput: there is no such model, the data cannot be read, or there are no clips of that split.
    """
    if split not in (None, "all", *SPLITS):
        raise BadInput(f"there is no split '{split}': choose one of {', '.join(SPLITS)}, all.")
    page = page_file(Path(output), PAGE) if output else None
    if model is None:
        model = newest(on_event)
    named = None if model is None or isinstance(model, Recognizer) else model_file(Path(model))
    recognizer = chosen_model(model, on_event)
    if recognizer is None:
        raise BadInput(NO_MODEL)
    learnt = recognizer.info.training
    heads = [head for head in recognizer.labels if head not in COLUMNS]
    clips = read_dataset(Path(data), heads, lambda sentence: on_event(Caution(sentence)), tiers)
    asked = Recalled(clips, split, "all clips") if split == "all" else recall(clips, learnt, split)
    known = None if split == "all" or learnt.clip_ids is None else len(trained_on(asked.clips, learnt))
    if split != "all":
        on_event(Remark(f"{asked.split} clips, {len(asked.clips)} of {len(clips)}: {asked.how}."))
    if known and asked.split != "train":
        on_event(Caution(f"{known} of {len(asked.clips)} {asked.split} clips were trained on; leave them out."))
    loaded = read_clips(asked.clips, recognizer.skeleton, on_event, recognizer.extractor)
    signs = signs_of(loaded, range(len(loaded)))
    measured = Measured(
        asked.split,
        asked.how,
        known,
        evaluate_clips(recognizer, signs, on_event),
        *_reading(recognizer, loaded, on_event),
        page,
    )
    if page:
        _write(page, measured, recognizer, named, Path(data), signs, loaded.left_out)
    return measured


def _write(
    page: Path,
    measured: Measured,
    recognizer: Recognizer,
    named: Path | None,
    data: Path,
    signs: Signs,
    left_out: list[str],
) -> None:
    facts = [("Model", str(named))] if named else []
    facts += [("Asked about", f"{data}, {measured.split}: {measured.how_split}")]
    facts += [("Trained on", f"{measured.trained_on} of these clips")] * bool(measured.trained_on)
    facts += [("Left out", reason) for reason in left_out]
    facts += [(f"Training: {term}", text) for term, text in training_facts(recognizer.info) if term != "Left out"]
    write_evaluation(
        page,
        f"{data.name}, asked of {named.parent.name if named else 'a model'}",
        facts,
        recognizer,
        signs,
        measured.evaluation,
        measured.reading,
        measured.sentence_wer,
        named.parent / METRICS if named else None,
    )


def _reading(recognizer: Recognizer, store: Store, on_event: Listener) -> tuple[TimelineScore | None, float | None]:
    """How well stretches of signing are read, and the word error rate of sentences; `None` where there are none, or the
    model does not read."""
    signing = [row for row, clip in enumerate(store.clips) if clip.signs or clip.glosses]
    if not signing or not recognizer.info.reads:
        return None, None
    of_s = sum(len(store[row]) / store.fps[row] for row in signing)
    truths: list[Timeline] = []
    answers: list[Timeline] = []
    errors, words, read_s = 0, 0, 0.0
    for row in signing:
        clip, fps = store.clips[row], float(store.fps[row])
        answer = Stream(recognizer, fps, clip.start_s or 0.0).read(store[row], clip.name)
        if clip.signs:
            truths.append(_truth(clip, answer))
            answers.append(answer)
        else:
            named = [entry.labels[0][0] for entry in answer.tiers[READ] if entry.state != "unknown"]
            errors += sum(word_errors(clip.glosses, named))
            words += len(clip.glosses)
        read_s += len(store[row]) / fps
        on_event(Annotating(read_s, of_s))
    score = score_timelines(truths, answers, recognizer.labels[READ]) if truths else None
    return score, errors / words if words else None


def _truth(clip: Clip, answer: Timeline) -> Timeline:
    entries = [
        Entry(sign.start_s, sign.end_s, [(sign.labels[READ], 1.0)], "sure")
        if READ in sign.labels
        else Entry(sign.start_s, sign.end_s, [], "unknown")
        for sign in clip.signs
    ]
    return Timeline(clip.name, answer.start_s, answer.end_s, {READ: entries})
