"""A camera -> the signs that are signed before it, as they end."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.events import Caution, Listener, Remark, ignore
from slr_pose.info import READ
from slr_pose.keypoints.engines import asked_by
from slr_pose.keypoints.estimator import Estimator, Session
from slr_pose.keypoints.job import FAST_FPS, Job
from slr_pose.keypoints.pace import Pace
from slr_pose.media.camera import Camera, Shot
from slr_pose.media.recording import Recording
from slr_pose.media.timeline_file import write_timeline
from slr_pose.pose import Pose
from slr_pose.recognition.live import Live
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import Answer, timeline
from slr_pose.roads.annotate import reader

KEPT = (".mp4", ".pose", ".eaf")  # what a recording is made of


@dataclass(frozen=True)
class Look:
    """What is known once a picture was looked at.

    Attributes:
        time_s: when the picture was taken, in seconds since the first.
        picture: (height, width, 3) uint8 RGB.
        pose: what was found in it, one frame.
        signs: those that have ended, the entry of each tier for each; one that goes on after a pause comes again, from
            the same start.
        looked, skipped: how many pictures were looked at so far, and how many were not, because newer ones had come.
    """

    time_s: float
    picture: NDArray[np.uint8]
    pose: Pose
    signs: list[Answer]
    looked: int
    skipped: int


def watch(
    source: str | int | Path,
    model: Path | str | Recognizer | None = None,
    *,
    record: Path | str | None = None,
    estimator: Estimator | None = None,
    on_event: Listener = ignore,
) -> "Watch":
    """Look at a camera, and name the signs that are signed before it, each as soon as it has ended.

    Args:
        source: the number of a camera, or its name; an address, `rtsp://`, `http://`, `tcp://`; `-`, what is piped in;
            a pipe, or a video file, which is played as a camera would show it.
        model: a run, a checkpoint or an ONNX file, or one that is loaded already; by default the newest run.
        record: a folder that keeps the video, its poses and its timeline, under the time at which it begins.
        estimator: what finds the keypoints; by default the one that the model learnt from.
        on_event: told of remarks.

    Returns:
        What is to be gone through: a `Look` for each picture that is looked at. It begins when that does.

    Raises:
        BadInput: there is no such source or model, or the model cannot read.
    """
    recognizer, folder = reader(model, on_event), Path(record) if record else None
    finder = estimator or asked_by(recognizer.skeleton, recognizer.extractor)[0]
    return Watch(str(source), recognizer, finder, folder, on_event)


class Watch:
    """Looks at a source when it is gone through, once; `watch` makes it.

    Attributes:
        name: how messages call the source; without a password.
    """

    def __init__(
        self, source: str, recognizer: Recognizer, estimator: Estimator, folder: Path | None, on_event: Listener
    ):
        self._recognizer, self._estimator, self._on_event = recognizer, estimator, on_event
        self._kept = _Kept(folder, recognizer, estimator) if folder else None
        on_shot = self._kept.film if self._kept else lambda shot: None
        self._camera = Camera(source, FAST_FPS if recognizer.fast else None, on_shot)
        self.name = self._camera.name

    def stop(self) -> None:
        """End as if the source had ended: the last signs come, and what was recorded is kept. From any thread, or a
        signal handler."""
        self._camera.stop()

    def __iter__(self) -> Iterator[Look]:
        """A `Look` for each picture that is looked at, and a last one with the signs that end with the source.

        Raises:
            BadInput: the source cannot be opened, sends nothing for long, or breaks off; or the recording cannot be
                written. The signs until then have come, and what was recorded until then is kept.
        """
        try:
            yield from self._looks()
        finally:
            if self._kept and (video := self._kept.write()):
                self._on_event(Remark(f"Recorded: {video}, and beside it its poses and its signs."))

    def _looks(self) -> Iterator[Look]:
        eyes, broken = None, None
        with self._estimator.open() as session, self._camera as camera:
            try:
                for shot in camera:
                    if eyes is None:
                        like = self._like(shot)
                        eyes = _Eyes(session, Live(self._recognizer, like), like, self._kept)
                    yield eyes.look(shot, camera)
            except BadInput as error:
                broken = error
            if eyes:
                yield eyes.last_look()
            if broken:
                raise broken

    def _like(self, first: Shot) -> Pose:
        """The pose of no frames, with all that those of the source have in common."""
        points = len(self._estimator.points)
        pose = Pose(
            keypoints=np.zeros((0, points, 3), np.float32),
            confidence=np.zeros((0, points), np.float32),
            points=self._estimator.points,
            limbs=self._estimator.limbs,
            fps=self._camera.fps,
            width=first.picture.shape[1],
            height=first.picture.shape[0],
            extractor={**self._estimator.identity, "fast": self._recognizer.fast},
            name=self._camera.name,
        )
        if sentence := self._recognizer.mismatch(pose):
            self._on_event(Caution(sentence))
        return pose


class _Eyes:
    """What looks at the pictures of one source, one after the other, and reads what is signed."""

    def __init__(self, session: Session, live: Live, like: Pose, kept: "_Kept | None"):
        self._session, self._live, self._like, self._kept = session, live, like, kept
        self._pace = Pace(like.fps)
        self._look: Look | None = None
        self._looked = 0

    def look(self, shot: Shot, camera: Camera) -> Look:
        """Look at the next picture."""
        keypoints, confidence = self._session.find(shot.picture)
        self._looked += 1
        frames = self._pace.add(shot.time_s, keypoints, confidence)
        signing = replace(self._like, keypoints=frames[0], confidence=frames[1])
        signs = self._live.push(signing)
        if self._kept:
            self._kept.add(signing, signs)
        seen = replace(self._like, keypoints=keypoints[None], confidence=confidence[None])
        self._look = Look(shot.time_s, shot.picture, seen, signs, self._looked, camera.skipped)
        return self._look

    def last_look(self) -> Look:
        """At the last picture again, with the signs that end with it."""
        assert self._look is not None
        signs = self._live.finish()
        if self._kept:
            self._kept.add(self._like, signs)
        return replace(self._look, signs=signs)


class _Kept:
    """What a folder keeps of what is watched: a video, its poses, and its timeline for ELAN.

    Args:
        folder: under which the files are named after the time at which they were begun.
    """

    def __init__(self, folder: Path, recognizer: Recognizer, estimator: Estimator):
        begun = time.strftime("%Y-%m-%d_%H-%M-%S")
        names = (folder / (f"{begun}.{number}.mp4" if number else f"{begun}.mp4") for number in count())
        self._video = next(name for name in names if not any(name.with_suffix(end).exists() for end in KEPT))
        self._recording, self._recognizer, self._estimator = Recording(self._video), recognizer, estimator
        self._poses: list[Pose] = []
        self._signs: list[Answer] = []

    def film(self, shot: Shot) -> None:
        """Keep a picture, whether it is looked at or not."""
        self._recording.add(shot.time_s, shot.picture)

    def add(self, pose: Pose, signs: list[Answer]) -> None:
        """Keep further frames, and further signs."""
        self._poses.append(pose)
        self._signs += signs

    def write(self) -> Path | None:
        """Write all that is kept; the video, if there is any.

        Raises:
            BadInput: it cannot be written.
        """
        if not self._recording.close():
            return None
        length_s = 0.0
        if self._poses:  # something was looked at
            pose = self._pose()
            length_s = pose.end_s
            if pose.confidence.any():
                pose.write(self._video.with_suffix(".pose"))
        signed = timeline(self._recognizer, self._signs, self._video.name, 0.0, length_s)
        labels = self._recognizer.labels[READ]
        write_timeline(self._video.with_suffix(".eaf"), signed, self._video, vocabulary=labels)
        return self._video

    def _pose(self) -> Pose:
        first = self._poses[0]
        return replace(
            first,
            keypoints=np.concatenate([pose.keypoints for pose in self._poses]),
            confidence=np.concatenate([pose.confidence for pose in self._poses]),
            extractor={**first.extractor, "live": True},  # extracting the video finds more, where pictures were skipped
            source=Job(self._video, self._estimator).source(),
            name=self._video.name,
        )
