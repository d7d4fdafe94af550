"""What happens while a long job runs, as values: who calls a function that takes `on_event` decides what to show."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Remark:
    """A sentence about what is done, or how."""

    text: str


@dataclass(frozen=True)
class Caution:
    """A sentence about what the person should look at, though the work goes on."""

    text: str


@dataclass(frozen=True)
class LeftOut:
    """What is not used.

    Attributes:
        what: how much of what, `3 of 40 clips`.
        reasons: why, a sentence for each.
    """

    what: str
    reasons: list[str]


@dataclass(frozen=True)
class Listing:
    """How many videos were found so far, once a second; how many there are is not known yet."""

    clips: int


@dataclass(frozen=True)
class Extracting:
    """Where an extraction stands, a few times a second.

    Attributes:
        frames, of_frames: that were looked at, and that there are, as far as is known yet.
        clips, of_clips: that are done, and that are to be done.
    """

    frames: int
    of_frames: int
    clips: int
    of_clips: int


@dataclass(frozen=True)
class Reading:
    """Where the reading of a data set's keypoints stands, once a second."""

    clips: int
    of_clips: int


@dataclass(frozen=True)
class Training:
    """Where a training stands, after every step.

    Attributes:
        step, steps: that were done, and that there are to be.
        top1: share of right answers on the validation clips after the last epoch, mean over the heads; `None` before.
    """

    epoch: int
    step: int
    steps: int
    loss: float
    top1: float | None = None


@dataclass(frozen=True)
class Answering:
    """Where the answers to clips stand, after some of them."""

    clips: int
    of_clips: int


@dataclass(frozen=True)
class Drawing:
    """Where a drawing stands, after every frame."""

    frames: int
    of_frames: int


@dataclass(frozen=True)
class Annotating:
    """Where the reading of a video's signs stands: seconds of it."""

    seconds: float
    of_seconds: float


@dataclass(frozen=True)
class Signing:
    """Where synthetic signers stand."""

    clips: int
    of_clips: int


Event = (
    Remark | Caution | LeftOut | Listing | Extracting | Reading | Training | Answering | Drawing | Annotating | Signing
)
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of who wants to hear nothing."""
