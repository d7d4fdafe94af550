"""Signs as they are signed: how many pictures are looked at, how late the answers are, and what skipping costs.

    python benchmarks/live.py MODEL VIDEO|POSE...

Each video is played as a camera would show it, to each engine in turn; on a machine that does nothing else, the figures
are the machine's. A delay is from the end of a sign, as answered, to its answer. Of each `.pose` file, shares of the
frames are left out at random, and the glosses put beside those that are read of all: substitutions, deletions,
insertions.
"""

import contextlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import slr_pose
from slr_pose.evaluation.timelines import word_errors
from slr_pose.keypoints.engines import ENGINES, estimator
from slr_pose.keypoints.estimator import Estimator, Session
from slr_pose.keypoints.pace import Pace
from slr_pose.pose import Pose
from slr_pose.recognition.live import Live
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import timeline

SHARES = (0.8, 0.6, 0.4, 0.3, 0.2, 0.12)


def main(
    model: Annotated[Path, typer.Argument(help="Run, checkpoint or ONNX file.")],
    files: Annotated[list[Path], typer.Argument(metavar="VIDEO|POSE...")],
) -> None:
    recognizer = Recognizer.load(model)
    poses = [Pose.read(file) for file in files if file.suffix == ".pose"]
    for engine in ENGINES:
        for video in [file for file in files if file.suffix != ".pose"]:
            print(f"{engine}, {video.name}: {watched(video, recognizer, Timed(estimator(engine)))}")
    if poses:
        whole = [glosses(recognizer, pose, np.ones(len(pose.keypoints), bool)) for pose in poses]
        print(f"of {sum(map(len, whole))} signs in {len(poses)} files, when frames are left out:")
        for share in SHARES:
            errors = 0
            for number, (pose, expected) in enumerate(zip(poses, whole, strict=True)):
                looked = np.random.default_rng(number).random(len(pose.keypoints)) < share
                looked[[0, -1]] = True
                errors += sum(word_errors(expected, glosses(recognizer, pose, looked)))
            print(f"  {share:.0%} looked at: {errors} answered otherwise")


@dataclass(frozen=True)
class Timed:
    """An estimator that knows when it began to look at each picture."""

    inner: Estimator
    began_s: list[float] = field(default_factory=list, compare=False)

    @property
    def identity(self):
        return self.inner.identity

    @property
    def points(self):
        return self.inner.points

    @property
    def limbs(self):
        return self.inner.limbs

    @contextlib.contextmanager
    def open(self):
        with self.inner.open() as session:
            yield TimedSession(session, self.began_s)


@dataclass
class TimedSession:
    inner: Session
    began_s: list[float]

    def find(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.began_s.append(time.monotonic())
        return self.inner.find(picture)


def watched(video: Path, recognizer: Recognizer, timed: Timed) -> str:
    looks, answered_s = [], []
    for look in slr_pose.watch(video, recognizer, estimator=timed):
        looks.append(look)
        answered_s += [(time.monotonic(), sign["gloss"].end_s) for sign in look.signs]
    last = looks[-1]
    zero_s = min(began_s - look.time_s for began_s, look in zip(timed.began_s, looks, strict=False))
    delays = [at_s - zero_s - end_s for at_s, end_s in answered_s]
    late = f"{np.median(delays):.2f} s late (median of {len(delays)} signs)" if delays else "no sign"
    return f"{last.looked / last.time_s:.1f} frames/s, {last.looked} looked at, {last.skipped} skipped; {late}"


def glosses(recognizer: Recognizer, pose: Pose, looked: np.ndarray) -> list[str]:
    """What is read where only some of the frames are looked at."""
    pace, answers = Pace(pose.fps), []
    live = Live(recognizer, replace(pose, keypoints=pose.keypoints[:0], confidence=pose.confidence[:0]))
    for number in np.flatnonzero(looked):
        keypoints, confidence = pace.add(number / pose.fps, pose.keypoints[number], pose.confidence[number])
        answers += live.push(replace(pose, keypoints=keypoints, confidence=confidence))
    answers += live.finish()
    entries = timeline(recognizer, answers, pose.name, 0.0, live.read_s).tiers["gloss"]
    return [entry.best[0] if entry.best else "?" for entry in entries]


if __name__ == "__main__":
    typer.run(main)
