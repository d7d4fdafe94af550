"""What is to be extracted, and how it is cut into parts that can be extracted side by side."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.keypoints.estimator import Estimator
from slr_pose.media.pictures import FPS, status_of
from slr_pose.media.video import VideoInfo, probe
from slr_pose.pose import Setting

SEGMENT_S = 30.0  # a long video is cut into parts of about this length
MOST_PARTS = 1000  # of a video, however long it says that it is
PART_BYTES = 16_384  # least that one part of a file may hold: how long it says that it is may be wrong by years
FAST_FPS = 15  # about how many frames a second `fast` looks at

Span = tuple[float | None, float | None]  # start and end in seconds; None is the video's own
Box = tuple[float, float, float, float]  # left, top, right and bottom, in shares of the picture


@dataclass(frozen=True, slots=True)
class Job:
    """One video, or a part of it, to be extracted to one `.pose` file, or to none.

    Attributes:
        video: any file that FFmpeg's libraries decode, or a folder of pictures.
        estimator: what finds the keypoints.
        pose: the file to write.
        start_s, end_s: the part of the video, in seconds of the file's own clock, as players show them.
        fast: look at about 15 frames a second only.
        box: where in the picture the signer is, so that nobody else is looked at; by default anywhere.
        person: which of several people is followed, from left to right, from 1; by default the signer.
        scene: the part of the video in which the signer is looked for, where the job is a part of that.
    """

    video: Path
    estimator: Estimator
    pose: Path | None = None
    start_s: float | None = None
    end_s: float | None = None
    fast: bool = False
    box: Box | None = None
    person: int | None = None
    scene: Span | None = None

    def extractor(self) -> dict[str, Setting]:
        """Name, version and settings of what finds the keypoints; travels with every pose."""
        return {**self.estimator.identity, "fast": self.fast}

    def source(self) -> dict[str, Setting]:
        """What identifies the video, as it is now, and the part of it; travels with every pose.

        Of a folder of pictures, `fps` is how many of them were taken to be a second.

        Raises:
            BadInput: there is no such file.
        """
        try:
            status = status_of(self.video)
        except BadInput:
            raise
        except (OSError, ValueError) as error:
            raise BadInput(f"cannot open {self.video}: there is no such file, or you may not read it.") from error
        fps = {"fps": FPS} if status.is_pictures else {}
        return {**self.part(), "size": status.size, "modified": status.modified_s, **fps}

    def part(self) -> dict[str, Setting]:
        """The name of the video, and what is meant of it."""
        box = {} if self.box is None else {"box": " ".join(f"{side:g}" for side in self.box)}
        person = {} if self.person is None else {"person": self.person}
        return {"name": self.video.name, "start": self.start_s, "end": self.end_s, **box, **person}

    def size(self) -> int:
        """Bytes of the video, whatever part of it is meant; 0 where there is no such file."""
        try:
            return status_of(self.video).size
        except (OSError, ValueError):
            return 0

    def plan(self) -> "Plan":
        """How it is to be extracted, by what the video's container tells; the same on every machine.

        Raises:
            BadInput: it is not a video.
        """
        video = probe(self.video)
        first_s = video.start_s if self.start_s is None else max(self.start_s, video.start_s)
        last_s = max(first_s, video.end_s if self.end_s is None else min(self.end_s, video.end_s))
        step = max(1, round(video.fps / FAST_FPS)) if self.fast else 1
        frames = round((last_s - first_s) * video.fps / step)
        parts = min(round((last_s - first_s) / SEGMENT_S), self.size() // PART_BYTES, MOST_PARTS)
        inner = np.linspace(first_s, last_s, max(1, parts) + 1)[1:-1]
        spans = pairwise([self.start_s, *inner.tolist(), self.end_s])
        return Plan(self, video, step, frames, tuple(spans))


@dataclass(frozen=True)
class Plan:
    """How a job is to be extracted.

    Attributes:
        video: what its container tells.
        step: each how many of its frames one is looked at.
        frames: about how many there are to look at.
        spans: the parts of about 30 s, in order, that it is cut into.
    """

    job: Job
    video: VideoInfo
    step: int
    frames: int
    spans: tuple[Span, ...]
