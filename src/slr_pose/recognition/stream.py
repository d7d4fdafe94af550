"""Stream: frames of signing as they come -> signs as they end.

A window over the last seconds is read anew several times a second. So a stream needs as much memory after hours as
after seconds, and it answers what reading the whole file does: that is done by a stream, too.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from slr_pose.info import EDGES, RATE, READ, SIGNS, WHOLE
from slr_pose.recognition.decoding import segments
from slr_pose.recognition.hands import hands_of
from slr_pose.recognition.recognizer import KNOWN, SHOWN, Recognizer, ranked
from slr_pose.timeline import Entry, State, Timeline

WINDOW = 128  # samples that are read together: five seconds
HOP = 5  # samples from a reading to the next
LATER = 6  # samples behind the end of a sign, before it is answered
LONGEST_PAUSE = 1.6  # seconds in a sign that is signed twice, or haltingly
GOING_ON = 2.9  # log-odds that what follows so soon is the same sign still
SENTENCES = 2.0  # what counts the sign before, where reading looks for signs; in naming one, nothing is counted twice
TINY = 1e-9
TOGETHER = 16  # windows that go through the network together

Answer = dict[str, Entry]  # the entry of each tier, for one sign


class _Window(NamedTuple):
    """Samples `first` up to `last` since the beginning, and the frames that they are looked at in."""

    first: int
    last: int
    keypoints: NDArray[np.float32]
    times: NDArray[np.float32]


class Stream:
    """Reads signing.

    Args:
        recognizer: a model that reads (`recognizer.info.reads`).
        fps: frames a second that will come.
        start_s: the time of the first of them.
        following: how likely each sign follows each other, as `bigrams` has it; without it, all are alike.
    """

    def __init__(
        self, recognizer: Recognizer, fps: float, start_s: float = 0.0, following: NDArray[np.float64] | None = None
    ):
        self.recognizer, self.fps, self.start_s = recognizer, fps, start_s
        joints = len(recognizer.skeleton.joints)
        self._glosses = len(recognizer.info.labels[READ])  # that reading knows, without those that were enrolled
        self._timed = np.array(recognizer.info.timed, dtype=bool)
        self._following = following
        self._likelier = None if following is None else SENTENCES * following
        self._frames = np.zeros((0, joints, 4), dtype=np.float32)  # the last seconds
        self._first = 0  # which frame the first of them is
        self._read = 0  # samples, up to the last window's end
        self._answered = 0  # samples, up to the last answer's end
        self._last: _Look | None = None  # at the sign that was answered last
        beginning = self._glosses + 1
        self._followed = (beginning, beginning)  # the sign before the last one, and that, as rows of `following`

    def push(self, keypoints: NDArray[np.float32]) -> list[Answer]:
        """Take further frames, (frames, joints, 4) as `Skeleton.select` gives them; the signs that have ended.

        A sign that goes on after a pause is answered again, from the same start: what was answered before is no more.
        """
        answers = []
        block = round(HOP * TOGETHER / RATE * self.fps)
        for first in range(0, len(keypoints), block):
            self._frames = np.concatenate([self._frames, keypoints[first : first + block]])
            for _, windows in groupby(self._windows(self._samples()), lambda window: len(window.times)):
                answers += self._answers(list(windows), is_last=False)
        return answers

    def finish(self) -> list[Answer]:
        """The signs that end with the last frame."""
        samples = self._samples()
        return self._answers([self._window(samples)], is_last=True) if samples > 1 else []

    def read(self, keypoints: NDArray[np.float32], name: str) -> Timeline:
        """The signs of a whole video, (frames, joints, 4)."""
        answers = [*self.push(keypoints), *self.finish()]
        return timeline(self.recognizer, answers, name, self.start_s, self.start_s + len(keypoints) / self.fps)

    def _samples(self) -> int:
        """How many samples lie within the frames that have come."""
        last = self._first + len(self._frames) - 1
        return int(last / self.fps * RATE + 1e-6) + 1 if last >= 0 else 0

    def _windows(self, samples: int) -> Iterator[_Window]:
        for last in range(self._read + HOP, samples + 1, HOP):
            yield self._window(last)
            self._read = last
        oldest = int(max(0, self._read - WINDOW) / RATE * self.fps)  # the last window may end before the next `HOP`
        self._frames, self._first = self._frames[max(0, oldest - self._first) :], max(self._first, oldest)

    def _window(self, last: int) -> _Window:
        first = max(0, last - WINDOW)
        at = np.arange(first, last) / RATE * self.fps  # in frames since the beginning
        begin, end = int(at[0]), int(np.ceil(at[-1] - 1e-6)) + 1
        keypoints = self._frames[begin - self._first : end - self._first]
        return _Window(first, last, keypoints, (at - begin).astype(np.float32))

    def _answers(self, windows: list[_Window], is_last: bool) -> list[Answer]:
        answers = []
        for window, found in zip(windows, self._look(windows), strict=True):
            answers += self._ended(window, found[SIGNS], found[EDGES], is_last)
        return answers

    def _look(self, windows: list[_Window]) -> Iterator[dict[str, NDArray[np.float32]]]:
        """What the network answers to each window; all have as many samples."""
        frames = np.array([len(window.keypoints) for window in windows])
        keypoints = np.zeros((len(windows), frames.max(), *self._frames.shape[1:]), dtype=np.float32)
        for row, window in enumerate(windows):
            keypoints[row, : frames[row]] = window.keypoints
        found = self.recognizer.run(keypoints, frames, np.stack([window.times for window in windows]))
        for row in range(len(windows)):
            yield {name: found[name][row] for name in (SIGNS, EDGES)}

    def _ended(
        self, window: _Window, signs: NDArray[np.float32], edges: NDArray[np.float32], is_last: bool
    ) -> list[Answer]:
        """The signs of a window that nobody has answered, and that are over."""
        no_sign = self._glosses
        skipped = max(0, self._answered - window.first)
        known = edges[skipped:] if self.recognizer.info.names else None
        found, going_on = segments(signs[skipped:], known, no_sign, self._likelier, self._followed[1])
        if going_on and is_last:
            found.append(going_on)
        answers = []
        for segment in found:
            start, end = segment.start + skipped, segment.end + skipped
            if is_last or window.first + end <= window.last - LATER:
                sign = _Sign(window.first + start, window.first + end, _told(signs[start:end], no_sign))
                answers.append(self._answer(window, sign))
                self._answered = sign.end
        return answers

    def _answer(self, window: _Window, sign: "_Sign") -> Answer:
        """What a sign is, or that the sign before it has gone on after a pause."""
        look, before, followed = self._look_at(window, sign), self._last, self._followed[1]
        if before and sign.start - before.sign.end <= LONGEST_PAUSE * RATE:
            odds = _goes_on(before, look)
            if odds >= 0:  # looking at both makes it no likelier
                both = self._look_at(window, before.sign.and_then(sign))
                if odds + np.log(max(both.whole, TINY)) >= 0:
                    look, followed = both, self._followed[0]
        self._last, sign = look, look.sign
        named = look.heads[READ]
        if self._following is not None:
            likely = named[: self._glosses] * np.exp(self._following[followed, :-1])
            named[: self._glosses] = likely * named[: self._glosses].sum() / max(likely.sum(), TINY)
        is_known = max(1 - sign.other, look.shown) >= KNOWN
        self._followed = followed, min(int(named.argmax()) if is_known else self._glosses, self._glosses)
        named[: self._glosses] *= 1 - sign.other
        start_s, end_s = (self.start_s + sample / RATE for sample in (sign.start, sign.end))
        hands = hands_of(self.recognizer.skeleton, _frames(window, sign))
        answer = {}
        for head, labels in self.recognizer.labels.items():
            best = ranked(labels, look.heads[head])
            state: State = self.recognizer.state(SIGNS if head == READ else head, *best[0])
            state = state if is_known else "unknown"
            answer[head] = Entry(start_s, end_s, best, state, hands if head == READ else ())
        return answer

    def _look_at(self, window: _Window, sign: "_Sign") -> "_Look":
        """Look at a sign as at a clip."""
        found = self.recognizer.probabilities([_frames(window, sign)])
        heads = {head: found[head][0] for head in self.recognizer.labels}
        heads[READ] = _together(sign.glosses, heads[READ], self._timed)
        shown = float(found[SHOWN][0]) if SHOWN in found else 0.0
        return _Look(sign, heads, float(found[WHOLE][0]) if self.recognizer.info.names else 1.0, shown)


class _Sign(NamedTuple):
    """Samples `start` up to `end` since the beginning; what reading told of them, as `_told` sums it up."""

    start: int
    end: int
    told: NDArray[np.float64]

    @property
    def glosses(self) -> NDArray[np.float64]:
        """(glosses,) the mean log-probability of each."""
        mean: NDArray[np.float64] = self.told[:-2] / self.told[-1]
        return mean

    @property
    def other(self) -> float:
        """How likely it is a sign that nobody knows."""
        return float(self.told[-2] / self.told[-1])

    def and_then(self, later: "_Sign") -> "_Sign":
        """Both, and what is between them, as one sign."""
        return _Sign(self.start, later.end, self.told + later.told)


class _Look(NamedTuple):
    """Probabilities (classes,) per head: of the gloss, what reading says of the samples of a sign and looking at it as
    at a clip say together; of the others, the latter. And how likely it is one whole sign, and one of the enrolled."""

    sign: _Sign
    heads: dict[str, NDArray[np.floating[Any]]]
    whole: float
    shown: float


def _frames(window: _Window, sign: _Sign) -> NDArray[np.float32]:
    """(frames, joints, 4) of a sign, as far back as the window goes."""
    first, last = max(sign.start - window.first, 0), sign.end - 1 - window.first
    begin, end = (round(float(window.times[sample])) for sample in (first, last))
    return window.keypoints[begin : end + 1]


def _goes_on(before: _Look, after: _Look) -> float:
    """Log-odds that two signs are one, if both together look like one whole sign: how likely it is that they have the
    same gloss, beside the likeliest gloss of each, and that signs go on at all."""
    first, second = (
        look.sign.glosses if len(look.sign.glosses) else np.log(np.maximum(look.heads[READ], TINY))
        for look in (before, after)
    )
    return float((first + second).max() - first.max() - second.max() + GOING_ON)


def _together(
    read: NDArray[np.float64], looked: NDArray[np.floating[Any]], timed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What reading says of the glosses that it knows, as log-probabilities, and what looking at a clip says of these
    and of those that were enrolled: (glosses,) probabilities. The latter are as looking says.

    Of glosses without times (`timed` false) the latter knows nothing: reading tells how likely each of these is, and
    one of the others; both tell which of the others.
    """
    named = looked.astype(np.float64)
    if not len(read):
        return named
    both = read + np.log(np.maximum(looked[: len(read)], TINY))
    both = np.exp(both - both.max())
    if not timed.all():
        alone = np.exp(read - read.max())
        both = np.where(timed, both * alone[timed].sum() / max(both[timed].sum(), TINY), alone)
    named[: len(read)] = both / both.sum() * (1 - named[len(read) :].sum())
    return named


def _told(signs: NDArray[np.float32], glosses: int) -> NDArray[np.float64]:
    """(glosses + 2,) of the samples of a sign: log-probabilities of the glosses, the share of signing that is another
    sign, and how many samples there are; added up."""
    logs = np.log(np.maximum(signs[:, :glosses], TINY)).sum(axis=0)
    other = (signs[:, glosses + 1] / np.maximum(1 - signs[:, glosses], TINY)).clip(0, 1).sum()
    return np.array([*logs, other, len(signs)])


def of_sign(answer: Answer, name: str) -> Timeline:
    """One sign of what is called `name`, as a timeline of its own."""
    sign = answer[READ]
    return Timeline(name, sign.start_s, sign.end_s, {tier: [entry] for tier, entry in answer.items()})


def timeline(recognizer: Recognizer, answers: list[Answer], name: str, start_s: float, end_s: float) -> Timeline:
    """What a stream has answered, with a tier per head, and for what else is known of some signs."""
    signs = {answer[READ].start_s: answer for answer in answers}  # one that went on takes the place of its beginning
    tiers: dict[str, list[Entry]] = {head: [] for head in recognizer.labels}
    for answer in signs.values():
        for head, entry in answer.items():
            tiers.setdefault(head, []).append(entry)
    return Timeline(name, start_s, end_s, tiers)
