"""What a person sees: progress with time left on stderr, tables on stdout."""

import logging
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from slr_pose import BadInput

if TYPE_CHECKING:
    from rich.table import Table

    from slr_pose.evaluation import Evaluation
    from slr_pose.extraction import Job
    from slr_pose.pose import Pose
    from slr_pose.recognizer import Prediction
    from slr_pose.training import Progress

PARTS = {"body": "POSE_LANDMARKS", "left hand": "LEFT_HAND_LANDMARKS", "right hand": "RIGHT_HAND_LANDMARKS"}

stdout, stderr = Console(), Console(stderr=True)


def say(text: str) -> None:
    """A line for the person, beside the output proper."""
    stderr.print(text, highlight=False, soft_wrap=True)


@contextmanager
def quiet(logger_name: str) -> Iterator[None]:
    """Keep a library's remarks and warnings off the terminal; ours say what matters."""
    logger = logging.getLogger(logger_name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def extract(jobs: "list[Job]") -> "tuple[dict[Job, Pose], dict[Job, Exception]]":
    """Extract with progress, the longest first.

    Returns:
        The poses of the jobs that have no file to go to, and what went wrong with the jobs that failed.
    """
    if not jobs:
        return {}, {}
    from slr_pose.extraction import extract_all

    poses, failures, lengths = {}, {}, {}
    for job in jobs:
        try:
            lengths[job] = job.frames()
        except BadInput as error:
            failures[job] = error
    started = time.monotonic()
    clips, frames, seen = 0, 0, Counter()
    bar = _bar("Extracting", "{task.fields[clips]}/{task.fields[of]} clips  {task.fields[rate]:.0f} frames/s")
    try:
        with bar:
            task = bar.add_task("", total=sum(lengths.values()), clips=0, of=len(lengths), rate=0)

            def on_frames(done: int) -> None:
                bar.update(task, completed=done, rate=done / (time.monotonic() - started))

            for job, result in extract_all(sorted(lengths, key=lengths.get, reverse=True), on_frames):
                if isinstance(result, Exception):
                    failures[job] = result
                    continue
                if job.pose is None:
                    poses[job] = result
                clips, frames = clips + 1, frames + len(result.keypoints)
                for part in PARTS:
                    seen[part] += result.seen(PARTS[part]) * len(result.keypoints)
                bar.update(task, clips=clips)
            bar.update(task, completed=sum(lengths.values()))
    except KeyboardInterrupt as interrupt:
        say("Stopped. What is extracted is kept; the same command goes on from there.")
        raise typer.Exit(130) from interrupt
    if clips:
        seconds = time.monotonic() - started
        shares = ", ".join(f"{part} {seen[part] / frames:.0%}" for part in PARTS)
        many = "1 clip" if clips == 1 else f"{clips} clips"
        say(f"{many}, {frames} frames in {seconds:.0f} s, {frames / seconds:.0f} frames/s; seen: {shares}")
    return poses, failures


def _bar(title: str, state: str):
    """A progress bar with a title, what `state` says of the task's fields, time elapsed and time left."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn(title), BarColumn(), TextColumn(state), TimeElapsedColumn(), TextColumn("left"))
    return Progress(*columns, TimeRemainingColumn(), console=stderr)


@contextmanager
def training_progress() -> "Iterator[Callable[[Progress], None]]":
    """A bar over all steps; gives what updates it."""

    def percent(share: float | None) -> str:
        return "-" if share is None else f"{share:.1%}"

    bar = _bar(
        "Epoch {task.fields[epoch]}",
        "loss {task.fields[loss]:.2f}  val top-1 {task.fields[top1]}, best {task.fields[best]}",
    )
    with bar:
        task = bar.add_task("", total=None, epoch=0, loss=0, top1="-", best="-")

        def show(state: "Progress") -> None:
            bar.update(
                task,
                completed=state.step,
                total=state.steps,
                epoch=state.epoch,
                loss=state.loss,
                top1=percent(state.top1),
                best=percent(state.best_top1),
            )

        yield show


@contextmanager
def drawing_progress(frames: int) -> Iterator[Callable[[], None]]:
    """A bar over the frames of a clip; gives what is called after each."""
    with _bar("Drawing", "{task.completed}/{task.total} frames") as bar:
        task = bar.add_task("", total=frames)
        yield lambda: bar.advance(task)


def title(head: str) -> str:
    """A head's name as a person reads it."""
    return head.replace("_", " ")


def print_scores(split: str, result: "Evaluation") -> None:
    """A table a group of clips, with a row a head."""
    for group, heads in result.scores.items():
        table = _table(f"{split}, {group}: % with 95 % interval", "", "n", "top-1", "top-5", "macro-F1")
        for head, found in heads.items():
            table.add_row(title(head), str(found.clips), *found.as_text())
        stdout.print(table)


def print_prediction(answer: "Prediction") -> None:
    """The best labels of each head, best first."""
    table = _table(escape(answer.name), "", "answer", "probability")
    for head, ranked in answer.heads.items():
        for rank, (label, share) in enumerate(ranked):
            table.add_row("" if rank else title(head), escape(label), f"{share:.1%}", style="" if rank else "bold")
    stdout.print(table)


def _table(name: str, *columns: str) -> "Table":
    """A light table; all but its words are figures, and stand to the right."""
    from rich.table import Table

    table = Table(title=name, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="left" if column in ("", "answer") else "right")
    return table
