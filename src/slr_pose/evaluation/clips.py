"""How often a model is right about clips of one sign: metrics with their spread, all clips and unseen signers apart."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap

from slr_pose.data.batches import Signs
from slr_pose.evaluation.marks import Marks, mark
from slr_pose.evaluation.suspicion import suspects
from slr_pose.events import Answering, Listener, ignore
from slr_pose.info import NONE_SURE, ModelInfo
from slr_pose.model.calibration import FEWEST
from slr_pose.recognition.recognizer import Recognizer

CONFIDENCE = 0.95
RESAMPLES = 500
DRAWN = 1 << 20  # clips of resamples that are in memory together


@dataclass(frozen=True)
class Score:
    """Metrics of one head over some clips, as shares 0..1, each with its 95 % interval.

    Attributes:
        clips: number of clips that have a label for the head.
        top1, top5: share of clips whose label is the first answer, or among the first five (Wilson interval).
        macro_f1: mean F1 over the classes that occur among the clips (bootstrap interval over clips).
        calibration_error: how far the probability of the answers is from the share that is right, mean over 15 bins
            (expected calibration error; Guo et al., ICML 2017).
        sure: share of the clips whose answer reaches the model's threshold; `None` where it has none.
        sure_top1: share of those whose answer is right; `None` where there is no such clip.
    """

    columns = ("top-1", "top-5", "macro-F1", "ECE", "sure", "right if sure")

    clips: int
    top1: float
    top1_interval: tuple[float, float]
    top5: float
    top5_interval: tuple[float, float]
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    calibration_error: float
    sure: float | None
    sure_top1: float | None

    def as_text(self) -> tuple[str, ...]:
        """What `columns` names, in percent, with intervals."""

        def percent(share: float, interval: tuple[float, float]) -> str:
            return f"{100 * share:.1f} ({100 * interval[0]:.0f}–{100 * interval[1]:.0f})"

        return (
            percent(self.top1, self.top1_interval),
            percent(self.top5, self.top5_interval),
            percent(self.macro_f1, self.macro_f1_interval),
            f"{100 * self.calibration_error:.1f}",
            "-" if self.sure is None else f"{100 * self.sure:.0f}",
            "-" if self.sure_top1 is None else f"{100 * self.sure_top1:.1f}",
        )


def share_of(right: NDArray[Any]) -> tuple[float, tuple[float, float]]:
    """How many of some answers, (answers,) bool, are right, 0..1, and the Wilson interval."""
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(CONFIDENCE, method="wilson")
    return float(right.mean()), (float(interval.low), float(interval.high))


def score(marks: Marks, threshold: float | None = None, seed: int = 0) -> Score:
    """Score one head.

    Args:
        marks: of its answers to at least one clip.
        threshold: the probability from which on an answer is called sure; `None` when unknown.
    """
    right = marks.rank == 0
    top1, top1_interval = share_of(right)
    top5, top5_interval = share_of((marks.rank >= 0) & (marks.rank < 5))
    f1, f1_interval = _macro_f1(marks, seed)
    sure = marks.confidence >= (NONE_SURE if threshold is None else threshold)
    return Score(
        clips=len(marks),
        top1=top1,
        top1_interval=top1_interval,
        top5=top5,
        top5_interval=top5_interval,
        macro_f1=f1,
        macro_f1_interval=f1_interval,
        calibration_error=_calibration_error(marks.confidence, right),
        sure=None if threshold is None else float(sure.mean()),
        sure_top1=float(right[sure].mean()) if sure.any() else None,
    )


def _macro_f1(marks: Marks, seed: int) -> tuple[float, tuple[float, float]]:
    """Mean over the classes that there are of F1, 2 TP / (2 TP + FP + FN), and its interval.

    It is asked for hundreds of draws of the clips. So how often each pair of a label and an answer was drawn is counted
    once, and the rest is sums over these pairs, of which there are fewer.
    """
    classes, numbers = np.unique(np.stack([marks.labels, marks.best]), return_inverse=True)
    true, answered = numbers.reshape(2, -1).astype(np.int64)
    pairs, pair_of = np.unique(true * len(classes) + answered, return_inverse=True)
    true, answered = np.divmod(pairs, len(classes))
    hit = true == answered

    def macro_f1(drawn: NDArray[Any]) -> float:
        times = np.bincount(drawn, minlength=len(pairs))
        signed, answers = (np.bincount(some, times, len(classes)) for some in (true, answered))
        hits = np.bincount(true[hit], times[hit], len(classes))
        present = signed > 0
        return float((2 * hits[present] / (signed + answers)[present]).mean())

    f1 = macro_f1(pair_of)
    if len(marks) == 1:
        return f1, (f1, f1)
    spread = bootstrap(
        (pair_of.astype(np.int32),),
        macro_f1,
        n_resamples=RESAMPLES,
        batch=max(1, DRAWN // len(marks)),
        vectorized=False,
        method="percentile",
        confidence_level=CONFIDENCE,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return f1, (float(spread.low), float(spread.high))


def _calibration_error(confidence: NDArray[Any], right: NDArray[Any]) -> float:
    from torch import from_numpy
    from torchmetrics.functional.classification import binary_calibration_error

    return binary_calibration_error(from_numpy(confidence), from_numpy(right).int(), n_bins=15).item()


@dataclass(frozen=True)
class Answers:
    """What a model answers, of one head, to the clips that have a label of it.

    Attributes:
        rows: (clips,) which they are.
        labels: (clips,) what they are labelled, as text.
        answers: (clips,) what was answered, as text.
        confidence: (clips,) the probability of that.
        of_label: (clips,) the probability of the label; 0 where the model has no class for it.
        suspects: those whose label is probably wrong, as places in the arrays above, the most suspicious first.
    """

    rows: NDArray[Any]
    labels: NDArray[Any]
    answers: NDArray[Any]
    confidence: NDArray[Any]
    of_label: NDArray[Any]
    suspects: NDArray[Any]

    @property
    def right(self) -> NDArray[Any]:
        """(clips,) bool."""
        found: NDArray[Any] = self.labels == self.answers
        return found


@dataclass(frozen=True)
class Evaluation:
    """What a model answers to labelled clips.

    Attributes:
        scores: group of clips (`all clips`, `unseen signers`, `seen signers`) -> head -> its score.
        confusions: head -> (label, wrong answer, times), the most frequent first.
        unknown: number of labels that the model has no class for; they count as wrong.
        answers: head -> the answers that this is about.
    """

    scores: dict[str, dict[str, Score]]
    confusions: dict[str, list[tuple[str, str, int]]]
    unknown: int
    answers: dict[str, Answers] = field(default_factory=dict)

    def told(self) -> dict[str, dict[str, Score]]:
        """The scores that people read: those of all clips are left out where all are of unseen signers."""
        groups = dict(self.scores)
        if groups and groups["all clips"] == groups.get("unseen signers"):
            del groups["all clips"]
        return groups

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        scores = {group: {head: asdict(found) for head, found in heads.items()} for group, heads in self.scores.items()}
        return {"scores": scores, "confusions": self.confusions, "unknown_labels": self.unknown}


def evaluate(recognizer: Recognizer, signs: Signs, on_event: Listener = ignore) -> Evaluation:
    """Ask a model about labelled clips, whose keypoints, (frames, joints, 4), are in the model's own skeleton.

    Args:
        on_event: told how far it is.
    """
    clips = signs.clips
    if not clips:
        return Evaluation({}, {}, 0)
    learnt_from = set(recognizer.info.training.signers)
    groups = {"all clips": np.ones(len(clips), dtype=bool)}
    signers = [clip.signer for clip in clips]
    if learnt_from and any(signers):
        groups["unseen signers"] = np.array([bool(signer) and signer not in learnt_from for signer in signers])
        groups["seen signers"] = np.array([signer in learnt_from for signer in signers])
    scores: dict[str, dict[str, Score]] = {group: {} for group in groups}
    confusions, answers, unknown = {}, {}, 0
    for head, marks in marks_of(recognizer, signs, on_event).items():
        known = np.array([head in clip.labels for clip in clips])
        unknown += int((known & (marks.labels < 0)).sum())
        for group, members in groups.items():
            if (members & known).any():
                scores[group][head] = score(marks[members & known], recognizer.thresholds.get(head))
        rows = np.flatnonzero(known)
        written = [clips[row].labels[head] for row in rows]
        found = answers[head] = _answers(rows, written, marks[rows], recognizer.of_clips[head])
        wrong = Counter(zip(found.labels[~found.right], found.answers[~found.right], strict=True))
        confusions[head] = [(label, answer, times) for (label, answer), times in wrong.most_common(10)]
    return Evaluation({group: heads for group, heads in scores.items() if heads}, confusions, unknown, answers)


def marks_of(recognizer: Recognizer, signs: Signs, on_event: Listener) -> dict[str, Marks]:
    """How the answers of each head fared, of all clips.

    Args:
        on_event: told how far it is.
    """
    labels = {}
    for head, names in recognizer.of_clips.items():
        number = {name: index for index, name in enumerate(names)}
        labels[head] = np.array([number.get(clip.labels.get(head, ""), -1) for clip in signs.clips])
    parts: dict[str, list[Marks]] = {head: [] for head in labels}
    done = 0
    for answer in recognizer.answers(signs.keypoints):
        until = done + len(next(iter(answer.values())))
        for head, of_head in labels.items():
            parts[head].append(mark(answer[head], of_head[done:until]))
        done = until
        on_event(Answering(done, len(signs.clips)))
    return {head: Marks.joined(found) for head, found in parts.items()}


def _answers(rows: NDArray[Any], written: list[str], marks: Marks, names: list[str]) -> Answers:
    return Answers(
        rows=rows,
        labels=np.array(written, dtype=object),
        answers=np.array(names, dtype=object)[marks.best],
        confidence=marks.confidence,
        of_label=marks.of_label,
        suspects=suspects(marks),
    )


def unmeasured(info: ModelInfo) -> str | None:
    """A sentence on the heads of which nobody knows how sure their answers are."""
    heads = [head for head in info.labels if head not in info.thresholds]
    if not heads:
        return None
    return f"Fewer than {FEWEST} val clips have a label of {', '.join(heads)}: how sure these answers are is not known."
