"""How often a model is right about clips of one sign: metrics with their spread, all clips and unseen signers apart."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap

from slr_pose.data.batches import Signs
from slr_pose.evaluation.suspicion import suspects
from slr_pose.info import NONE_SURE, ModelInfo
from slr_pose.model.calibration import FEWEST
from slr_pose.recognition.recognizer import Recognizer

CONFIDENCE = 0.95
RESAMPLES = 500


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


def score(probabilities: NDArray[Any], labels: NDArray[Any], threshold: float | None = None, seed: int = 0) -> Score:
    """Score one head.

    Args:
        probabilities: (clips, classes), at least one clip.
        labels: (clips,) class numbers; -1 = no class of the model, which no answer meets.
        threshold: the probability from which on an answer is called sure; `None` when unknown.
    """
    ranking = np.argsort(-probabilities, axis=1, kind="stable")[:, :5]
    hits = ranking == labels[:, None]
    numbers = np.unique(np.stack([labels, ranking[:, 0]]), return_inverse=True)[1].reshape(2, -1)

    def macro_f1(clips: NDArray[Any]) -> float:
        return _macro_f1(*numbers[:, clips])

    top1, top1_interval = share_of(hits[:, 0])
    top5, top5_interval = share_of(hits.any(axis=1))
    everything = np.arange(len(labels))
    f1 = macro_f1(everything)
    interval = (f1, f1)
    if len(labels) > 1:
        spread = bootstrap(
            (everything,),
            macro_f1,
            n_resamples=RESAMPLES,
            vectorized=False,
            method="percentile",
            confidence_level=CONFIDENCE,
            rng=np.random.default_rng(seed),
        ).confidence_interval
        interval = (float(spread.low), float(spread.high))
    confidence = probabilities.max(axis=1)
    sure = confidence >= (NONE_SURE if threshold is None else threshold)
    return Score(
        clips=len(labels),
        top1=top1,
        top1_interval=top1_interval,
        top5=top5,
        top5_interval=top5_interval,
        macro_f1=float(f1),
        macro_f1_interval=interval,
        calibration_error=_calibration_error(confidence, hits[:, 0]),
        sure=None if threshold is None else float(sure.mean()),
        sure_top1=float(hits[sure, 0].mean()) if sure.any() else None,
    )


def _macro_f1(true: NDArray[Any], answered: NDArray[Any]) -> float:
    """Mean over the classes that there are of F1, 2 TP / (2 TP + FP + FN). It is asked for hundreds of draws of the
    clips, and scikit-learn checks its arguments for longer than counting takes."""
    classes = 1 + max(true.max(), answered.max())
    signed, answers, hits = (np.bincount(some, minlength=classes) for some in (true, answered, true[true == answered]))
    present = signed > 0
    return float((2 * hits[present] / (signed + answers)[present]).mean())


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


def evaluate(recognizer: Recognizer, signs: Signs) -> Evaluation:
    """Ask a model about labelled clips, whose keypoints, (frames, joints, 4), are in the model's own skeleton."""
    clips = signs.clips
    if not clips:
        return Evaluation({}, {}, 0)
    probabilities = recognizer.probabilities(signs.keypoints)
    learnt_from = set(recognizer.info.training.signers)
    groups = {"all clips": np.ones(len(clips), dtype=bool)}
    signers = [clip.signer for clip in clips]
    if learnt_from and any(signers):
        groups["unseen signers"] = np.array([bool(signer) and signer not in learnt_from for signer in signers])
        groups["seen signers"] = np.array([signer in learnt_from for signer in signers])
    scores: dict[str, dict[str, Score]] = {group: {} for group in groups}
    confusions, answers, unknown = {}, {}, 0
    for head, names in recognizer.of_clips.items():
        number = {name: index for index, name in enumerate(names)}
        known = np.array([head in clip.labels for clip in clips])
        labels = np.array([number.get(clip.labels.get(head, ""), -1) for clip in clips])
        unknown += int((known & (labels < 0)).sum())
        for group, members in groups.items():
            if (members & known).any():
                chosen = members & known
                threshold = recognizer.thresholds.get(head)
                scores[group][head] = score(probabilities[head][chosen], labels[chosen], threshold)
        rows = np.flatnonzero(known)
        written = [clips[row].labels[head] for row in rows]
        found = answers[head] = _answers(rows, written, labels[rows], names, probabilities[head][rows])
        wrong = Counter(zip(found.labels[~found.right], found.answers[~found.right], strict=True))
        confusions[head] = [(label, answer, times) for (label, answer), times in wrong.most_common(10)]
    return Evaluation({group: heads for group, heads in scores.items() if heads}, confusions, unknown, answers)


def _answers(
    rows: NDArray[Any], written: list[str], labels: NDArray[Any], names: list[str], probabilities: NDArray[Any]
) -> Answers:
    best = probabilities.argmax(axis=1)
    return Answers(
        rows=rows,
        labels=np.array(written, dtype=object),
        answers=np.array(names, dtype=object)[best],
        confidence=probabilities.max(axis=1),
        of_label=np.where(labels < 0, 0, probabilities[np.arange(len(labels)), labels]),
        suspects=suspects(probabilities, labels),
    )


def unmeasured(info: ModelInfo) -> str | None:
    """A sentence on the heads of which nobody knows how sure their answers are."""
    heads = [head for head in info.labels if head not in info.thresholds]
    if not heads:
        return None
    return f"Fewer than {FEWEST} val clips have a label of {', '.join(heads)}: how sure these answers are is not known."
