"""What a model answered to labelled clips -> a page: how good it is, what it confuses, and the clips to look at."""

import csv
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from slr_pose.data.batches import Signs
from slr_pose.evaluation.clips import Answers, Evaluation, Score, share_of, unmeasured
from slr_pose.evaluation.timelines import TimelineScore
from slr_pose.info import ModelInfo
from slr_pose.model.hands import hands_seen
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.report.chart import Chart, Series
from slr_pose.report.page import write_page
from slr_pose.report.reel import Reel, Shown

MOST_GLOSSES = 25  # of a confusion matrix
MOST_PAIRS, WRONG_OF_PAIR = 8, 3  # of clips that stand side by side
MOST_SUSPECTS, MOST_WORST = 24, 12  # clips
MOST_SIGNERS = 60
BINS = 10  # of the reliability diagram
HANDS_BINS = 5


class Matrix(NamedTuple):
    """What is confused with what.

    Attributes:
        labels, answers: names of the rows and of the columns.
        times: (labels, answers) clips.
        shown: how many of the wrong answers stand in it.
        wrong: how many there are.
    """

    labels: list[str]
    answers: list[str]
    times: list[list[int]]
    shown: int
    wrong: int


class Pair(NamedTuple):
    """A label, what is answered for it, how often, and the clips of it; the last of which is answered right."""

    label: str
    answer: str
    times: int
    clips: list[Shown]


class Share(NamedTuple):
    """How many of some clips are answered right, with the Wilson interval at 95 %."""

    name: str
    clips: int
    right: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Of the clips, those that are answered right."""
        return self.right / self.clips


@dataclass(frozen=True)
class HeadPage:
    """What the page says of one head."""

    name: str
    matrix: Matrix | None
    pairs: list[Pair]
    suspects: list[Shown]
    more_suspects: int
    worst: list[Shown]
    charts: list[Chart]
    tables: list[tuple[str, list[Share]]]


def write_evaluation(
    path: Path,
    title: str,
    facts: Sequence[tuple[str, str]],
    recognizer: Recognizer,
    signs: Signs,
    evaluation: Evaluation,
    reading: TimelineScore | None = None,
    sentence_wer: float | None = None,
    curves: Path | None = None,
) -> None:
    """Write the page of an evaluation, of which the clips' videos are found where they lie now.

    Args:
        facts: what was asked of what, as terms and what is said of them.
        curves: the `metrics.csv` of the training.

    Raises:
        BadInput: it cannot be written.
    """
    reel = Reel(recognizer.skeleton, signs, path.parent)
    heads = [
        _head(head, answers, evaluation, recognizer, reel, has_clips=not number)
        for number, (head, answers) in enumerate(evaluation.answers.items())
        if len(answers.rows)
    ]
    write_page(
        path,
        "evaluation.html",
        title=title,
        facts=facts,
        columns=Score.columns,
        scores=evaluation.told(),
        unknown=evaluation.unknown,
        unmeasured=unmeasured(recognizer.info),
        reading=list(zip(reading.columns, reading.as_text(), strict=True)) if reading else [],
        sentence_wer=sentence_wer,
        curves=_curves(curves) if curves and curves.is_file() else [],
        heads=heads,
        reel=reel.data(),
    )


def training_facts(info: ModelInfo) -> list[tuple[str, str]]:
    """How a model came to be, as terms and what is said of them."""
    training = info.training
    clips = ", ".join(f"{number} {split}" for split, number in training.clips.items())
    facts = [("Data", training.data), ("Clips", f"{clips}; {training.split}")]
    if training.started_from:
        facts.append(("Started from", training.started_from))
    facts += [("Left out", reason) for reason in training.left_out]
    skeleton = info.layout()
    return [
        *facts,
        ("Skeleton", f"{skeleton.name}, {len(skeleton.joints)} joints"),
        ("Heads", ", ".join(f"{head} ({len(names)})" for head, names in info.labels.items())),
        (
            "Kept",
            f"the averaged weights after epoch {training.epoch} of {training.epochs}; the val clips chose nothing but"
            " each head's temperature and the probability from which on an answer is called sure",
        ),
        ("Seed", str(training.seed)),
    ]


def _head(
    head: str, answers: Answers, evaluation: Evaluation, recognizer: Recognizer, reel: Reel, has_clips: bool
) -> HeadPage:
    signers = [reel.signs.clips[row].signer for row in answers.rows]
    suspects = answers.suspects[: MOST_SUSPECTS if has_clips else 0]
    return HeadPage(
        name=head.replace("_", " "),
        matrix=_matrix(answers),
        pairs=_pairs(answers, evaluation.confusions[head], reel) if has_clips else [],
        suspects=[_show(answers, place, reel) for place in suspects],
        more_suspects=len(answers.suspects) - len(suspects),
        worst=[_show(answers, place, reel) for place in _worst(answers)] if has_clips else [],
        charts=[_reliability(answers), *_hands(answers, recognizer, reel.signs)],
        tables=[("signer", _by_signer(answers, signers))] if any(signers) else [],
    )


def _show(answers: Answers, place: int, reel: Reel) -> Shown:
    label, answer, confidence = answers.labels[place], answers.answers[place], answers.confidence[place]
    signer = reel.signs.clips[answers.rows[place]].signer
    words = f"labelled {label}, answered {answer} {100 * confidence:.0f} %"
    words += "" if answers.right[place] else f", {label} {100 * answers.of_label[place]:.1f} %"
    return reel.show(int(answers.rows[place]), words + (f"; signer {signer}" if signer else ""))


def _pairs(answers: Answers, confusions: list[tuple[str, str, int]], reel: Reel) -> list[Pair]:
    """The pairs most often confused: clips that were, the surest first, beside one that is what was answered."""
    pairs = []
    by_confidence = np.argsort(-answers.confidence, kind="stable")
    for label, answer, times in confusions[:MOST_PAIRS]:
        wrong = [p for p in by_confidence if (answers.labels[p], answers.answers[p]) == (label, answer)]
        right = [p for p in by_confidence if (answers.labels[p], answers.answers[p]) == (answer, answer)]
        clips = [_show(answers, place, reel) for place in (*wrong[:WRONG_OF_PAIR], *right[:1])]
        pairs.append(Pair(label, answer, times, clips))
    return pairs


def _worst(answers: Answers) -> list[int]:
    """The wrong answers in which the label has least probability, without those whose label is itself in doubt."""
    doubtful = set(answers.suspects.tolist())
    order = np.argsort(answers.of_label, kind="stable")
    return [int(place) for place in order if not answers.right[place] and place not in doubtful][:MOST_WORST]


def _matrix(answers: Answers) -> Matrix | None:
    """The labels that are most often confused, against each other; `None` where all is right."""
    wrong = Counter(zip(answers.labels[~answers.right], answers.answers[~answers.right], strict=True))
    if not wrong:
        return None
    names: dict[str, None] = {}
    for pair, _ in wrong.most_common():
        if len({*names, *pair}) <= MOST_GLOSSES:
            names |= dict.fromkeys(pair)
    chosen = sorted(names)
    times = Counter(zip(answers.labels, answers.answers, strict=True))
    rows = [label for label in chosen if any(times[label, other] for other in chosen if other != label)]
    table = [[times[label, answer] for answer in chosen] for label in rows]
    shown = sum(number for (label, answer), number in wrong.items() if label in names and answer in names)
    return Matrix(rows, chosen, table, shown, sum(wrong.values()))


def _share(name: str, right: NDArray[Any]) -> Share:
    """How many of some clips are answered right, (clips,) bool."""
    _, interval = share_of(right)
    return Share(name, len(right), int(right.sum()), *interval)


def _by_signer(answers: Answers, signers: list[str | None]) -> list[Share]:
    """Those with most wrong answers first."""
    places = defaultdict(list)
    for place, signer in enumerate(signers):
        places[signer or "unknown"].append(place)
    shares = [_share(signer, answers.right[found]) for signer, found in places.items()]
    return sorted(shares, key=lambda share: (share.right - share.clips, share.name))[:MOST_SIGNERS]


def _points(values: NDArray[Any], right: NDArray[Any], bins: int) -> tuple[list[tuple[float, float]], list[Share]]:
    """Shares of right answers in equal bins of a value from 0 to 1, at the mean of the value there."""
    of = np.minimum((values * bins).astype(int), bins - 1)
    points, shares = [], []
    for number in sorted(set(of.tolist())):
        share = _share("", right[of == number])
        points.append((float(values[of == number].mean()), share.share))
        shares.append(share)
    return points, shares


def _reliability(answers: Answers) -> Chart:
    """Reliability diagram (Guo et al., ICML 2017)."""
    points, shares = _points(answers.confidence, answers.right, BINS)
    return Chart(
        "Reliability: how often answers are right, by the probability that the model gives them. On the dashed line"
        " probabilities mean what they say.",
        "probability of the answer",
        "right answers",
        [Series("answers", points, [(share.low, share.high) for share in shares], is_line=False)],
        has_even=True,
    )


def _hands(answers: Answers, recognizer: Recognizer, signs: Signs) -> list[Chart]:
    seen = [hands_seen(recognizer.skeleton, signs.keypoints[row]) for row in answers.rows]
    known = np.array([each is not None for each in seen])
    if not known.any():
        return []
    lost = 1 - np.array([each for each in seen if each is not None])
    points, shares = _points(lost, answers.right[known], HANDS_BINS)
    numbers = ", ".join(f"{share.clips}" for share in shares)
    return [
        Chart(
            "Hands lost against accuracy: how often answers are right, by the share of the frames in which no hand is"
            f" seen ({numbers} clips, from left to right).",
            "frames without a hand",
            "right answers",
            [Series("clips", points, [(share.low, share.high) for share in shares], is_line=False)],
        )
    ]


def _curves(metrics: Path) -> list[Chart]:
    """The curves of a training; none where it left no whole epoch."""
    columns: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with open(metrics, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if value and name not in ("epoch", "step"):
                    columns[name].append((float(row["epoch"]), float(value)))
    last = max((points[-1][0] for points in columns.values()), default=0.0)
    charts = []
    for title, wanted, is_share in (("Loss by epoch", "loss", False), ("Right answers on the val clips", "top1", True)):
        series = [
            Series(name.replace("_", " "), points)
            for name, points in columns.items()
            if wanted in name and not name.startswith("val_top1_")
        ]
        if series and last > 0:
            highest = max(value for each in series for _, value in each.points)
            y_range = (0.0, 1.0 if is_share else max(highest, 1e-3))
            chart = Chart(title, "epoch", "top-1" if is_share else "loss", series, (0.0, last), y_range)
            charts.append(replace(chart, x_share=False, y_share=is_share))
    return charts
