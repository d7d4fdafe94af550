"""A model and labelled clips -> how often it is right."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slr_pose import BadInput
from slr_pose.data.manifest import COLUMNS, SPLITS, read_dataset
from slr_pose.data.split import Recalled, recall, trained_on
from slr_pose.evaluation.clips import Evaluation
from slr_pose.evaluation.clips import evaluate as evaluate_clips
from slr_pose.events import Caution, Listener, Remark, ignore
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.roads.clips import read_clips
from slr_pose.roads.predict import NO_MODEL, chosen_model


@dataclass(frozen=True)
class Measured:
    """How often a model is right.

    Attributes:
        split: which clips: `train`, `val`, `test` or `all clips`.
        how_split: which clips these are, in a sentence.
        trained_on: how many of them the model was trained on; `None` where that is not known.
        evaluation: the scores.
    """

    split: str
    how_split: str
    trained_on: int | None
    evaluation: Evaluation

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        about = {"split": self.split, "how_split": self.how_split, "trained_on": self.trained_on}
        return {**about, **self.evaluation.as_dict()}


def evaluate(
    data: Path | str,
    model: Path | str | Recognizer | None = None,
    *,
    split: str | None = None,
    on_event: Listener = ignore,
) -> Measured:
    """Measure a model on labelled clips: top-1, top-5 and macro-F1 of each head, unseen signers apart.

    Args:
        data: as for `train`.
        model: a run, a checkpoint or an ONNX file, or one that is loaded already; by default the newest run.
        split: `train`, `val`, `test` or `all`; by default test, or val if there is none.
        on_event: told of progress and remarks.

    Raises:
        BadInput: there is no such model, the data cannot be read, or there are no clips of that split.
    """
    if split not in (None, "all", *SPLITS):
        raise BadInput(f"there is no split '{split}': choose one of {', '.join(SPLITS)}, all.")
    recognizer = chosen_model(model, on_event)
    if recognizer is None:
        raise BadInput(NO_MODEL)
    learnt = recognizer.info.training
    heads = [head for head in recognizer.labels if head not in COLUMNS]
    clips = read_dataset(Path(data), heads, lambda sentence: on_event(Caution(sentence)))
    asked = Recalled(clips, split, "all clips") if split == "all" else recall(clips, learnt, split)
    known = None if split == "all" or learnt.clip_ids is None else len(trained_on(asked.clips, learnt))
    if split != "all":
        on_event(Remark(f"{asked.split} clips, {len(asked.clips)} of {len(clips)}: {asked.how}."))
    if known and asked.split != "train":
        on_event(Caution(f"{known} of {len(asked.clips)} {asked.split} clips were trained on; leave them out."))
    loaded = read_clips(asked.clips, recognizer.skeleton, on_event, recognizer.fast)
    result = evaluate_clips(recognizer, loaded.clips, list(loaded))
    return Measured(asked.split, asked.how, known, result)
