"""What reads signing without having been trained for it: rules that find segments, and a recogniser of clips that is
slid over the video. Each reader is a function of a pose that answers with a timeline."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from slr_pose.pose import Pose
from slr_pose.recognition.recognizer import Recognizer, ranked
from slr_pose.skeleton import Skeleton
from slr_pose.timeline import Entry, Timeline

Reader = Callable[[Pose], Timeline]

BODY = Skeleton.load("signing_33")
FAST = 3.5  # shoulder widths a second; between two signs the hands are faster
SMOOTH_S, APART_S, SHORTEST_S = 0.04, 0.24, 0.2  # of speed; of two cuts; of a segment
STEP_S = 0.16  # from a window to the next
HEAD = "gloss"


def timeline(pose: Pose, entries: list[Entry]) -> Timeline:
    return Timeline(pose.name, pose.start_s, pose.end_s, {HEAD: entries})


def segments(pose: Pose, signing: np.ndarray, starts: Iterable[int] = (), shortest_s: float = 0.0) -> Timeline:
    """Entries without a name where (frames,) is true; another one begins at each frame of `starts`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], signing, [False]]).astype(int)))
    entries = []
    for first, last in edges.reshape(-1, 2):
        cuts = [first, *(frame for frame in starts if first < frame < last), last]
        entries += [Entry(a / pose.fps, b / pose.fps, [], "unknown") for a, b in zip(cuts, cuts[1:], strict=False)]
    return timeline(pose, [entry for entry in entries if entry.end_s - entry.start_s >= shortest_s - 1e-9])


def raised_hands(pose: Pose) -> Timeline:
    """A segment is as long as a wrist is above its elbow."""
    return segments(pose, _raised(BODY.select(pose)))


def raised_hands_cut_where_fast(pose: Pose) -> Timeline:
    """The same, cut at each peak of the wrists' mean speed that is above `FAST`; what is left of signs is dropped where
    it is shorter than any."""
    keypoints = BODY.select(pose)
    left, right = (keypoints[:, _joint(f"{side}_shoulder"), :2] for side in ("left", "right"))
    width = np.linalg.norm(left - right, axis=-1).mean()
    wrists = keypoints[:, [_joint("left_wrist"), _joint("right_wrist")], :2] / width
    velocity = gaussian_filter1d(wrists, SMOOTH_S * pose.fps, axis=0, order=1) * pose.fps
    speed = np.linalg.norm(velocity, axis=-1).mean(axis=1)
    peaks, _ = find_peaks(speed, height=FAST, distance=max(1, round(APART_S * pose.fps)))
    return segments(pose, _raised(keypoints), peaks, SHORTEST_S)


def _joint(name: str) -> int:
    return BODY.joints.index(name)


def _raised(keypoints: np.ndarray) -> np.ndarray:
    """(frames, joints, 4) -> (frames,) whether a wrist is above its elbow."""
    raised = np.zeros(len(keypoints), dtype=bool)
    for side in ("left", "right"):
        wrist, elbow = keypoints[:, _joint(f"{side}_wrist")], keypoints[:, _joint(f"{side}_elbow")]
        raised |= (wrist[:, 1] < elbow[:, 1]) & (wrist[:, 3] > 0) & (elbow[:, 3] > 0)
    return raised


@dataclass(frozen=True)
class Windows:
    """Stretches of a pose and what a recogniser of clips says of each."""

    pose: Pose
    spans_s: np.ndarray  # (windows, 2)
    probabilities: np.ndarray  # (windows, glosses)
    recognizer: Recognizer

    @classmethod
    def look(cls, recognizer: Recognizer, pose: Pose, lengths_s: Iterable[float]) -> "Windows":
        """Windows of each length, at even steps; a pose that is shorter is one window."""
        spans = []
        for length_s in lengths_s:
            last_s = max(0.0, pose.end_s - pose.start_s - length_s)
            spans += [(start_s, start_s + length_s) for start_s in np.arange(0, last_s + 1e-6, STEP_S)]
        return cls.of(recognizer, pose, np.minimum(spans, pose.end_s - pose.start_s))

    @classmethod
    def of(cls, recognizer: Recognizer, pose: Pose, spans_s: np.ndarray) -> "Windows":
        keypoints = recognizer.skeleton.select(pose)
        frames = np.round(spans_s * pose.fps).astype(int)
        clips = [keypoints[min(first, len(keypoints) - 1) : max(last, first + 1)] for first, last in frames]
        glosses = len(recognizer.labels[HEAD])
        found = recognizer.probabilities(clips)[HEAD] if clips else np.zeros((0, glosses))
        return cls(pose, spans_s, found, recognizer)

    def most_confident(self, least: float, shared: float = 0.0) -> Timeline:
        """The most confident window first, then the next one of those that are left, down to the probability `least`.

        Args:
            shared: how much of its own length a window may have in common with one that was taken; both are cut in the
                middle of that.
        """
        confidence = self.probabilities.max(axis=1)
        taken: list[int] = []
        for window in np.argsort(-confidence, kind="stable"):
            if confidence[window] < least:
                break
            start_s, end_s = self.spans_s[window]
            both_s = [min(end_s, self.spans_s[o][1]) - max(start_s, self.spans_s[o][0]) for o in taken]
            if all(both <= shared * (end_s - start_s) + 1e-9 for both in both_s):
                taken.append(int(window))
        taken.sort(key=lambda window: self.spans_s[window].sum())
        spans = [tuple(self.spans_s[window]) for window in taken]
        for number in range(len(spans) - 1):
            (start_s, end_s), (next_s, next_end_s) = spans[number], spans[number + 1]
            if next_s < end_s:
                middle_s = (next_s + end_s) / 2
                spans[number], spans[number + 1] = (start_s, middle_s), (middle_s, next_end_s)
        return timeline(self.pose, [self._entry(*pair) for pair in zip(taken, spans, strict=True)])

    def all(self) -> Timeline:
        """An entry for each window, where they do not overlap."""
        return timeline(self.pose, [self._entry(*pair) for pair in enumerate(map(tuple, self.spans_s))])

    def _entry(self, window: int, span_s: tuple[float, float]) -> Entry:
        labels = ranked(self.recognizer.labels[HEAD], self.probabilities[window])
        return Entry(float(span_s[0]), float(span_s[1]), labels, self.recognizer.state(HEAD, *labels[0]))
