"""How often a model is right about clips of one sign: metrics with their spread, all clips and unseen signers apart."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap

from slr_pose.data.clip import Clip
from slr_pose.files import write_whole
from slr_pose.info import NONE_SURE, ModelInfo
from slr_pose.model.calibration import FEWEST
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.text import shown

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

    def share(right: NDArray[Any]) -> tuple[float, tuple[float, float]]:
        interval = binomtest(int(right.sum()), len(right)).proportion_ci(CONFIDENCE, method="wilson")
        return float(right.mean()), (float(interval.low), float(interval.high))

    def macro_f1(clips: NDArray[Any]) -> float:
        return _macro_f1(*numbers[:, clips])

    top1, top1_interval = share(hits[:, 0])
    top5, top5_interval = share(hits.any(axis=1))
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
class Evaluation:
    """What a model answers to labelled clips.

    Attributes:
        scores: group of clips (`all clips`, `unseen signers`, `seen signers`) -> head -> its score.
        confusions: head -> (label, wrong answer, times), the most frequent first.
        unknown: number of labels that the model has no class for; they count as wrong.
    """

    scores: dict[str, dict[str, Score]]
    confusions: dict[str, list[tuple[str, str, int]]]
    unknown: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        scores = {group: {head: asdict(found) for head, found in heads.items()} for group, heads in self.scores.items()}
        return {"scores": scores, "confusions": self.confusions, "unknown_labels": self.unknown}


def evaluate(recognizer: Recognizer, clips: list[Clip], keypoints: list[NDArray[Any]]) -> Evaluation:
    """Ask a model about labelled clips.

    Args:
        keypoints: (frames, joints, 4) of each clip, in the model's own skeleton.
    """
    if not clips:
        return Evaluation({}, {}, 0)
    probabilities = recognizer.probabilities(keypoints)
    learnt_from = set(recognizer.info.training.signers)
    groups = {"all clips": np.ones(len(clips), dtype=bool)}
    signers = [clip.signer for clip in clips]
    if learnt_from and any(signers):
        groups["unseen signers"] = np.array([bool(signer) and signer not in learnt_from for signer in signers])
        groups["seen signers"] = np.array([signer in learnt_from for signer in signers])
    scores: dict[str, dict[str, Score]] = {group: {} for group in groups}
    confusions, unknown = {}, 0
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
        answers = probabilities[head].argmax(axis=1)
        wrong = Counter(
            (clips[row].labels[head], names[answers[row]]) for row in np.flatnonzero(known & (answers != labels))
        )
        confusions[head] = [(label, answer, times) for (label, answer), times in wrong.most_common(10)]
    return Evaluation({group: heads for group, heads in scores.items() if heads}, confusions, unknown)


def unmeasured(info: ModelInfo) -> str | None:
    """A sentence on the heads of which nobody knows how sure their answers are."""
    heads = [head for head in info.labels if head not in info.thresholds]
    if not heads:
        return None
    return f"Fewer than {FEWEST} val clips have a label of {', '.join(heads)}: how sure these answers are is not known."


def write_report(path: Path, recognizer: Recognizer, evaluation: Evaluation, seconds: float) -> None:
    """One page on a training: data, split, result with its spread, confusions, and how to use the model."""
    training = recognizer.info.training
    lines = [
        f"# {path.parent.name}",
        "",
        f"Trained on {date.today()}, slr-pose {recognizer.info.version}.",
        "",
    ]
    clips = ", ".join(f"{count} {split}" for split, count in training.clips.items())
    lines += [f"- data: {training.data}", f"- clips: {clips}; {training.split}"]
    lines += [f"- left out: {reason}" for reason in training.left_out]
    lines += [f"- started from: {training.started_from}"] if training.started_from else []
    lines += [
        f"- skeleton: {recognizer.skeleton.name}, {len(recognizer.skeleton.joints)} joints",
        f"- heads: {', '.join(f'{head} ({len(names)})' for head, names in recognizer.labels.items())}",
        f"- kept: the averaged weights after epoch {training.epoch} of {training.epochs}; the val clips"
        " chose nothing but each head's temperature and the probability from which on an answer is called sure",
        f"- training time: {seconds / 60:.1f} minutes; seed {training.seed}",
        "",
        "## Val clips, with 95 % intervals",
        "",
        f"| group | head | clips | {' | '.join(Score.columns)} |",
        "|---|---|---" + "|---" * len(Score.columns) + "|",
    ]
    for group, heads in evaluation.scores.items():
        for head, found in heads.items():
            lines.append(f"| {group} | {head} | {found.clips} | " + " | ".join(found.as_text()) + " |")
    lines += ["", "ECE: expected calibration error. Sure: answers whose probability reaches the head's threshold."]
    if sentence := unmeasured(recognizer.info):
        lines += ["", sentence]
    if any(evaluation.confusions.values()):
        lines += [
            "",
            "## Most frequent confusions",
            "",
            "| head | label | answer | times |",
            "|---|---|---|---|",
        ]
        for head, rows in evaluation.confusions.items():
            for label, answer, times in rows:
                cells = (cell.replace("|", "\\|") for cell in (head, label, answer))
                lines.append(f"| {' | '.join(cells)} | {times} |")
    verb = "predict" if recognizer.info.names else "annotate"
    lines += ["", f"Use it: `slr {verb} VIDEO --model {path.parent / 'model.safetensors'}`", ""]
    with write_whole(path) as partial:
        partial.write_text("\n".join(map(shown, lines)), encoding="utf-8")
