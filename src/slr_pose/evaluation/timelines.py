"""How well timelines read others: the answers to videos beside what is truly signed in them.

An entry whose state is `unknown` is a segment without a name: it counts among segments, and for nothing that asks for
glosses. Whatever is paired, each true entry goes with at most one answer, each answer with at most one true entry, and
as many go together as can. Counts are of all videos together; intervals are of a bootstrap over videos.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from slr_pose.timeline import Entry, Timeline

TIER = "gloss"
NEAR_S = 0.16  # of a boundary, four frames of 25 a second
CONFIDENCE = 0.95
RESAMPLES = 1000

Interval = tuple[float, float]
Heard = list[tuple[float, Entry]]  # of a stream: at which time, in seconds of the video, each entry was answered
Known = Collection[str] | None  # glosses that a model learnt; `None` where it learnt all that are signed


@dataclass(frozen=True)
class TimelineScore:
    """How well timelines are read. A share is 0..1; what there was nothing to measure on is `None`.

    Attributes:
        videos, signs, minutes: how much there was to read.
        wer: word error rate, the fewest substitutions, deletions and insertions that make the true glosses the answered
            ones, by the number of true ones (Levenshtein, 1966); it may be more than 1.
        wer_interval: its 95 % interval; so are the others.
        substitutions, deletions, insertions: what it is the sum of.
        f1: of segments, whatever their names, where two are the same from an IoU of 0.5 on.
        f1_loose: the same from 0.3 on.
        count_ratio: answered segments by true ones.
        boundary_f1: of the beginnings and of the ends that are no more than 0.16 s from a true one.
        iou: time that both call signing, by time that either does.
        named_f1: of segments with the right gloss, from an IoU of 0.5 on.
        average_precision: of spotting each gloss, over the probability, from an IoU of 0.5 on; mean over the glosses
            that are signed (as in PASCAL VOC, without interpolation).
        false_alarms: sure answers a minute that are wrong: that overlap no sign of their gloss.
        kept: share of the signs that the model learnt that are answered surely and rightly.
        sure_right: share of the sure answers that are right.
    """

    columns = (
        "WER",
        "sub / del / ins",
        "F1@.5",
        "F1@.3",
        "count",
        "boundary F1",
        "IoU",
        "named F1",
        "AP",
        "false alarms/min",
        "kept",
        "right if sure",
    )

    videos: int
    signs: int
    minutes: float
    wer: float | None
    wer_interval: Interval | None
    substitutions: float | None
    deletions: float | None
    insertions: float | None
    f1: float | None
    f1_interval: Interval | None
    f1_loose: float | None
    count_ratio: float | None
    boundary_f1: float | None
    iou: float | None
    named_f1: float | None
    named_f1_interval: Interval | None
    average_precision: float | None
    false_alarms: float | None
    kept: float | None
    sure_right: float | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def as_text(self) -> tuple[str, ...]:
        """What `columns` names, in percent but for the count and the false alarms, with intervals."""
        errors = (self.substitutions, self.deletions, self.insertions)
        return (
            _percent(self.wer, self.wer_interval),
            " / ".join(_percent(share) for share in errors),
            _percent(self.f1, self.f1_interval),
            _percent(self.f1_loose),
            "-" if self.count_ratio is None else f"{self.count_ratio:.2f}",
            _percent(self.boundary_f1),
            _percent(self.iou),
            _percent(self.named_f1, self.named_f1_interval),
            _percent(self.average_precision),
            "-" if self.false_alarms is None else f"{self.false_alarms:.1f}",
            _percent(self.kept),
            _percent(self.sure_right),
        )


def _percent(share: float | None, interval: Interval | None = None) -> str:
    if share is None:
        return "-"
    return f"{100 * share:.1f}" + (f" ({100 * interval[0]:.0f}–{100 * interval[1]:.0f})" if interval else "")


def score_timelines(
    truths: Sequence[Timeline], answers: Sequence[Timeline], known: Known = None, tier: str = TIER, seed: int = 0
) -> TimelineScore:
    """Score the answers to videos, of which each truth covers the whole.

    Args:
        truths, answers: a pair for each video, at least one; a timeline without the tier has no entries.
        known: the glosses that the model learnt; signs of others are no loss when they are not answered surely.
    """
    read = [
        _Reading(_entries(truth, tier), _entries(answer, tier), (truth.end_s - truth.start_s) / 60, known)
        for truth, answer in zip(truths, answers, strict=True)
    ]
    counts = [reading.counts() for reading in read]
    rows = {name: np.array([count[name] for count in counts]) for name in counts[0]}
    total = {name: values.sum() for name, values in rows.items()}
    draws = np.random.default_rng(seed).multinomial(len(read), np.full(len(read), 1 / len(read)), RESAMPLES)

    def share(part: str, whole: str) -> float | None:
        return float(total[part] / total[whole]) if total[whole] else None

    def interval(part: str, whole: str) -> Interval | None:
        parts, wholes = draws @ rows[part], draws @ rows[whole]  # (resamples,)
        if not wholes.any():
            return None
        around = (100 * (1 - CONFIDENCE) / 2, 100 * (1 + CONFIDENCE) / 2)
        low, high = np.percentile(parts[wholes > 0] / wholes[wholes > 0], around)
        return float(low), float(high)

    return TimelineScore(
        videos=len(read),
        signs=int(total["signs"]),
        minutes=float(total["minutes"]),
        wer=share("errors", "words"),
        wer_interval=interval("errors", "words"),
        substitutions=share("substitutions", "words"),
        deletions=share("deletions", "words"),
        insertions=share("insertions", "words"),
        f1=share("found", "segments"),
        f1_interval=interval("found", "segments"),
        f1_loose=share("found_loosely", "segments"),
        count_ratio=share("answers", "signs"),
        boundary_f1=share("boundaries_found", "boundaries"),
        iou=share("both_s", "either_s"),
        named_f1=share("named_found", "named"),
        named_f1_interval=interval("named_found", "named"),
        average_precision=_average_precision(read),
        false_alarms=share("false_alarms", "minutes"),
        kept=share("kept", "known"),
        sure_right=share("sure_right", "sure"),
    )


def kept_at(
    known: Sequence[tuple[Timeline, Timeline]],
    foreign: Sequence[tuple[Timeline, Timeline]],
    a_minute: float = 1.0,
    tier: str = TIER,
) -> tuple[float, float]:
    """How many signs are still answered where only so probable answers count that there are few false alarms.

    Args:
        known: truth and answer of videos whose signs the model learnt.
        foreign: of videos with none of them: whatever is answered there is a false alarm.
        a_minute: how many false alarms there may be, in the foreign videos.

    Returns:
        The share of the known signs that are answered rightly, and the probability that an answer must exceed.
    """
    allowed = int(a_minute * sum(truth.end_s - truth.start_s for truth, _ in foreign) / 60)
    alarms = sorted(entry.labels[0][1] for _, answer in foreign for entry in _named(_entries(answer, tier)))[::-1]
    least = alarms[allowed] if len(alarms) > allowed else 0.0
    kept = signs = 0
    for truth, answer in known:
        true, answered = (_named(_entries(timeline, tier)) for timeline in (truth, answer))
        probable = [entry for entry in answered if entry.labels[0][1] > least]
        kept += len(paired(true, probable, 0, by_name=True))
        signs += len(true)
    return (kept / signs if signs else 0.0), least


def delays(truth: Timeline, heard: Heard, tier: str = TIER) -> NDArray[np.float64]:
    """(signs that were read rightly,) how long after the end of each of them its answer came, in seconds."""
    true = _named(_entries(truth, tier))
    heard = sorted((found for found in heard if _name(found[1])), key=lambda found: found[1].start_s)
    pairs = paired(true, [entry for _, entry in heard], 0, by_name=True)
    return np.array([heard[answer][0] - true[sign].end_s for sign, answer in pairs])


def word_errors(true: Sequence[str], answered: Sequence[str]) -> tuple[int, int, int]:
    """The fewest substitutions, deletions and insertions that lead from one list of glosses to another.

    >>> word_errors(["i", "read", "book"], ["you", "book"])
    (1, 1, 0)
    """
    number = {word: place for place, word in enumerate({*true, *answered})}
    others, steps = np.array([number[word] for word in answered]), np.arange(len(answered) + 1, dtype=np.int32)
    least = np.zeros((len(true) + 1, len(answered) + 1), dtype=np.int32)  # errors up to a word each
    least[0] = steps
    for row, word in enumerate(true):
        least[row + 1, 0] = row + 1
        least[row + 1, 1:] = np.minimum(least[row, :-1] + (others != number[word]), least[row, 1:] + 1)
        least[row + 1] = np.minimum.accumulate(least[row + 1] - steps) + steps  # insertions
    substitutions = deletions = insertions = 0
    row, column = len(true), len(answered)
    while row or column:
        here = least[row, column]
        wrong = bool(row and column) and true[row - 1] != answered[column - 1]
        if row and column and here == least[row - 1, column - 1] + wrong:
            substitutions, row, column = substitutions + wrong, row - 1, column - 1
        elif row and here == least[row - 1, column] + 1:
            deletions, row = deletions + 1, row - 1
        else:
            insertions, column = insertions + 1, column - 1
    return substitutions, deletions, insertions


def paired(true: list[Entry], answered: list[Entry], iou: float, by_name: bool = False) -> list[tuple[int, int]]:
    """As many pairs of a true entry and an answer as there can be, by their numbers; each is in one at most.

    Args:
        true, answered: each in the order of time, and without overlaps.
        iou: how much of the time that either takes both must take, at least; 0 where any overlap will do.
        by_name: whether both must have the same gloss.
    """
    fits = [
        (sign, answer)
        for sign, answer, shared_s in _touching(true, answered)
        if shared_s >= iou * _extent(true[sign], answered[answer])
        and not (by_name and _name(true[sign]) != _name(answered[answer]))
    ]
    return _most_pairs(fits, len(true), len(answered))


def _touching(true: list[Entry], answered: list[Entry]) -> Iterator[tuple[int, int, float]]:
    """The numbers of the entries that have time in common, and how many seconds of it."""
    starts, ends = (np.array([getattr(entry, side) for entry in answered]) for side in ("start_s", "end_s"))
    for sign, entry in enumerate(true):
        first, last = np.searchsorted(ends, entry.start_s, "right"), np.searchsorted(starts, entry.end_s, "left")
        for answer in range(int(first), int(last)):
            other = answered[answer]
            yield sign, answer, min(entry.end_s, other.end_s) - max(entry.start_s, other.start_s)


def _most_pairs(fits: list[tuple[int, int]], true: int, answered: int) -> list[tuple[int, int]]:
    """A maximum matching (Hopcroft and Karp, 1973)."""
    if not fits:
        return []
    rows, columns = zip(*fits, strict=True)
    graph = csr_array((np.ones(len(fits), dtype=bool), (rows, columns)), shape=(true, answered))
    found = maximum_bipartite_matching(graph, perm_type="column")
    return [(row, int(column)) for row, column in enumerate(found) if column >= 0]


def _extent(entry: Entry, other: Entry) -> float:
    return max(entry.end_s, other.end_s) - min(entry.start_s, other.start_s)


def _entries(timeline: Timeline, tier: str) -> list[Entry]:
    return sorted(timeline.tiers.get(tier, []), key=lambda entry: (entry.start_s, entry.end_s))


def _name(entry: Entry) -> str | None:
    return entry.best[0] if entry.best else None


def _named(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if _name(entry)]


@dataclass(frozen=True)
class _Reading:
    """One video: its entries and the answered ones, in the order of time."""

    true: list[Entry]
    answered: list[Entry]
    minutes: float
    known: Known

    def counts(self) -> dict[str, float]:
        """What scores are made of; those of several videos add up."""
        true, answered = self.true, self.answered
        named, named_answers = _named(true), _named(answered)
        sure = [entry for entry in named_answers if entry.state == "sure"]
        learnt = [entry for entry in named if self.known is None or _name(entry) in self.known]
        words, others = ([str(_name(entry)) for entry in entries] for entries in (named, named_answers))
        substitutions, deletions, insertions = word_errors(words, others)
        right = len(paired(named, sure, 0, by_name=True))
        both_s = sum(shared_s for _, _, shared_s in _touching(true, answered))
        return {
            "minutes": self.minutes,
            "signs": len(true),
            "answers": len(answered),
            "words": len(words),
            "errors": substitutions + deletions + insertions,
            "substitutions": substitutions,
            "deletions": deletions,
            "insertions": insertions,
            "segments": len(true) + len(answered),
            "found": 2 * len(paired(true, answered, 0.5)),
            "found_loosely": 2 * len(paired(true, answered, 0.3)),
            "boundaries": 2 * (len(true) + len(answered)),
            "boundaries_found": 2 * (self._near("start_s") + self._near("end_s")),
            "both_s": both_s,
            "either_s": sum(entry.end_s - entry.start_s for entry in [*true, *answered]) - both_s,
            "named": len(named) + len(named_answers),
            "named_found": 2 * len(paired(named, named_answers, 0.5, by_name=True)),
            "sure": len(sure),
            "sure_right": right,
            "false_alarms": len(sure) - right,
            "known": len(learnt),
            "kept": len(paired(learnt, sure, 0, by_name=True)),
        }

    def _near(self, side: str) -> int:
        """How many of the true beginnings, or ends, have an answered one near them."""
        times, others = (np.array([getattr(e, side) for e in entries]) for entries in (self.true, self.answered))
        within = NEAR_S + 1e-6  # of which rounding takes nothing
        first, last = np.searchsorted(others, times - within), np.searchsorted(others, times + within)
        fits = [(n, other) for n in range(len(times)) for other in range(int(first[n]), int(last[n]))]
        return len(_most_pairs(fits, len(times), len(others)))

    def spotted(self) -> list[tuple[str, float, bool]]:
        """Gloss and probability of each named answer, and whether it is right."""
        named, answers = _named(self.true), _named(self.answered)
        right = {answer for _, answer in paired(named, answers, 0.5, by_name=True)}
        return [(*entry.labels[0], number in right) for number, entry in enumerate(answers)]


def _average_precision(read: list[_Reading]) -> float | None:
    """Mean over the glosses that are signed."""
    signed: dict[str, int] = defaultdict(int)
    answers: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for reading in read:
        for entry in _named(reading.true):
            signed[str(_name(entry))] += 1
        for gloss, probability, right in reading.spotted():
            answers[gloss].append((probability, right))
    found = []
    for gloss, times in signed.items():
        hits = np.array([right for _, right in sorted(answers[gloss], key=lambda answer: -answer[0])], dtype=bool)
        precision = hits.cumsum() / np.arange(1, len(hits) + 1)
        found.append(precision[hits].sum() / times)
    return float(np.mean(found)) if found else None
