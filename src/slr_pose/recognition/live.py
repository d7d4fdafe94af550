"""Poses of signing, some frames at a time -> the signs as they end, each with how it begins in HamNoSys."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slr_pose.pose import Pose
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import Answer, Stream
from slr_pose.recognition.transcriber import Transcriber
from slr_pose.skeleton import Skeleton

SHOWN = 500  # frames before the newest that are kept, for what is to be transcribed


class Live:
    """What is signed, in constant memory, however the frames come.

    Args:
        recognizer: a model that reads (`recognizer.info.reads`).
        like: a pose with the pace, the points and the start of those that will come.
        following: how likely each sign follows each other, as `bigrams` has it.

    Attributes:
        read_s: how many seconds have come.
    """

    def __init__(self, recognizer: Recognizer, like: Pose, following: NDArray[np.float64] | None = None):
        self.read_s = 0.0
        self._skeleton, self._start_s = recognizer.skeleton, like.start_s
        self._stream = Stream(recognizer, like.fps, like.start_s, following)
        self._transcriber = Transcriber(recognizer)
        self._shown = replace(like, keypoints=like.keypoints[:0], confidence=like.confidence[:0])

    def push(self, pose: Pose) -> list[Answer]:
        """Take further frames; the signs that have ended, as `Stream.push` answers them.

        Raises:
            BadInput: the pose lacks points that the model looks at.
        """
        found = self._stream.push(_selected(pose, self._skeleton))
        self.read_s += len(pose.keypoints) / pose.fps
        self._shown = _joined(self._shown, pose)
        return self._transcribed(found)

    def finish(self) -> list[Answer]:
        """The signs that end with the last frame."""
        return self._transcribed(self._stream.finish())

    def _transcribed(self, found: list[Answer]) -> list[Answer]:
        begin_s = self._start_s + self.read_s - len(self._shown.keypoints) / self._shown.fps
        return self._transcriber.of_signs(found, self._shown, begin_s)


def _selected(pose: Pose, skeleton: Skeleton) -> NDArray[np.float32]:
    """(frames, joints, 4); all 0 where nobody is seen."""
    if pose.confidence.any():
        return skeleton.select(pose)
    return np.zeros((len(pose.keypoints), len(skeleton.joints), 4), dtype=np.float32)


def _joined(before: Pose, after: Pose) -> Pose:
    """The last frames of one, and another."""
    return replace(
        after,
        keypoints=np.concatenate([before.keypoints[-SHOWN:], after.keypoints]),
        confidence=np.concatenate([before.confidence[-SHOWN:], after.confidence]),
    )
