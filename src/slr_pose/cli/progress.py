"""What a person sees while a long job runs: sentences as they come, and a bar with the time left for each stage.

In a log, where nobody sees a bar move, a line now and then says the same.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from slr_pose.cli.console import say, stderr, stdout, warn
from slr_pose.events import (
    Annotating,
    Answering,
    Caution,
    Drawing,
    Event,
    Extracting,
    LeftOut,
    Listing,
    Reading,
    Remark,
    Signing,
    Training,
)
from slr_pose.text import first_few

if TYPE_CHECKING:
    from rich.progress import Progress

Stage = Listing | Extracting | Reading | Training | Answering | Drawing | Annotating | Signing

LINE_S = 60.0  # between two lines in a log
GOES_ON = "the same command goes on from there."
STOPPED = {  # what a person who has pressed Ctrl-C should know
    Extracting: f"Stopped. What is extracted is kept; {GOES_ON}",
    Signing: f"Stopped. What is made is kept; {GOES_ON}",
    Annotating: f"Stopped. What is extracted is kept; {GOES_ON}",
    Training: "Stopped. What was learnt in whole epochs is kept.",
}
BARS = {  # stage -> title, and what is told of it
    Listing: ("Listing videos", "{task.completed}"),
    Extracting: ("Extracting", "{task.fields[clips]}/{task.fields[of_clips]} clips  {task.fields[rate]:.0f} frames/s"),
    Training: ("Epoch {task.fields[epoch]}", "loss {task.fields[loss]:.2f}{task.fields[top1]}"),
    Reading: ("Reading", "{task.completed}/{task.total} clips"),
    Answering: ("Answering", "{task.completed}/{task.total} clips"),
    Drawing: ("Drawing", "{task.completed}/{task.total} frames"),
    Annotating: ("Reading signs", "{task.fields[seconds]:.0f}/{task.fields[of_seconds]:.0f} s"),
    Signing: ("Signing", "{task.completed}/{task.total} clips"),
}


@contextmanager
def progress() -> Iterator["Show"]:
    """Gives what shows events. Ctrl-C meanwhile ends the program with a sentence and exit code 130."""
    show = Show()
    try:
        yield show
    except KeyboardInterrupt as interrupt:
        show.end()
        say(STOPPED.get(show.stage, "Stopped."))
        raise typer.Exit(130) from interrupt
    finally:
        show.end()


class Show:
    """Shows one event after the other; a sentence, or another stage, ends the bar."""

    def __init__(self) -> None:
        self.stage: type[Event] = Remark
        self._bar: Progress | None = None
        self._started = self._told = 0.0  # when the stage began, and when a log was last told how far it is

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Remark | Caution | LeftOut):
            self.end()
        if isinstance(event, Remark):
            say(event.text)
        elif isinstance(event, Caution):
            warn(event.text)
        elif isinstance(event, LeftOut):
            say((f"{event.what}:", "yellow"))
            for reason in first_few(event.reasons):
                say(f"  {reason}")
        else:
            self._advance(event)

    def end(self) -> None:
        """Leave the bar as it is."""
        if self._bar:
            self._bar.stop()
        self._bar = None

    def _advance(self, event: Stage) -> None:
        if self._bar is None or not isinstance(event, self.stage):
            self.end()
            self.stage, self._started = type(event), time.monotonic()
            self._told = self._started
            self._bar = _bar(*BARS[self.stage])
            self._bar.add_task("", total=None, **self._fields(event))
            self._bar.start()
        done, total = _share(event)
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, **self._fields(event))
        if not stderr.is_interactive and time.monotonic() > self._told + LINE_S:
            self._told = time.monotonic()
            said = (column if isinstance(column, str) else column(self._bar.tasks[0]) for column in self._bar.columns)
            say("  ".join(map(str, said)))

    def _fields(self, event: Event) -> dict[str, Any]:
        if isinstance(event, Extracting):
            rate = event.frames / max(time.monotonic() - self._started, 1e-3)
            return {"clips": event.clips, "of_clips": event.of_clips, "rate": rate}
        if isinstance(event, Training):
            top1 = "" if event.top1 is None else f"  val top-1 {event.top1:.1%}"
            return {"epoch": event.epoch, "loss": event.loss, "top1": top1}
        if isinstance(event, Annotating):
            return {"seconds": event.seconds, "of_seconds": event.of_seconds}
        return {}


def _share(event: Stage) -> tuple[float, float | None]:
    """How much is done, of how much, if that is known."""
    if isinstance(event, Listing):
        return event.clips, None
    if isinstance(event, Extracting):  # a bar forgets its pace when its total changes, as an estimate does
        return event.frames / max(1, event.frames, event.of_frames), 1
    if isinstance(event, Training):
        return event.step, event.steps
    if isinstance(event, Reading | Answering | Signing):
        return event.clips, event.of_clips
    if isinstance(event, Annotating):
        return event.seconds, event.of_seconds
    return event.frames, event.of_frames


def _bar(title: str, state: str) -> "Progress":
    """A bar with a title, what `state` says of the task's fields, time elapsed and time left; a log's has no bar."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = BarColumn() if stderr.is_interactive else TaskProgressColumn("{task.percentage:.0f}%")
    columns = (TextColumn(title), bar, TextColumn(state), TimeElapsedColumn(), TextColumn("left"))
    return Progress(
        *columns,
        TimeRemainingColumn(),
        console=stderr,
        disable=not stderr.is_interactive,
        redirect_stdout=stdout.is_terminal,  # answers stand above the bar, or in the file that they are meant for
    )
