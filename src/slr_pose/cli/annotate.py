"""`slr annotate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import slr_pose
from slr_pose.cli.app import AsJson, app
from slr_pose.cli.console import print_json, say, stdout, styled, table, warn
from slr_pose.cli.progress import progress

if TYPE_CHECKING:
    from rich.text import Text

    from slr_pose.timeline import Entry, Timeline


@app.command()
def annotate(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="A video, a folder of pictures, or keypoints.")],
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", help="A file to write: .eaf, .srt, .vtt, .json, .csv or .tsv; may be repeated."),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Run, checkpoint or ONNX file; by default the newest run.")] = None,
    sentences: Annotated[
        bool, typer.Option("--sentences", help="Also make a sentence of each phrase, as `slr translate` does.")
    ] = False,
    translator: Annotated[
        Path | None, typer.Option(help="Run, checkpoint or ONNX file for --sentences; by default the newest run.")
    ] = None,
    glosses: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A text, a sentence of glosses a line: a sign follows as it does there."),
    ] = None,
    by_sign: Annotated[
        bool, typer.Option("--by-sign", help="A subtitle for each sign; by default for each phrase.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Name the signs of a video of any length, with the times from when to when each is signed.

    What an annotator corrected in an .eaf file stays in it. Stopped, the same command goes on where it was.
    """
    from slr_pose.media.timeline_file import check_timeline_file, write_timeline
    from slr_pose.roads.annotate import reader

    for path in output or []:
        check_timeline_file(path, video)
    with progress() as show:
        recognizer = reader(model, show)
        timeline = slr_pose.annotate(
            video, recognizer, glosses=glosses, sentences=translator or sentences, on_event=show
        )
    if as_json:
        print_json({"input": str(video), **timeline.as_dict(top=5)})
    elif not output:
        print_signs(timeline)
    for path in output or []:
        known = recognizer.labels["gloss"]
        write_timeline(path, timeline, video, vocabulary=known, by_sign=by_sign, remark=warn)
        say(f"{path}: {_count(timeline)}.")


def print_signs(timeline: "Timeline") -> None:
    """A row for each sign: from when to when, what it is, and how sure; and the sentences that they make."""
    from slr_pose.timeline import SENTENCE

    signs = timeline.tiers["gloss"]
    if not signs:
        stdout.print(f"{timeline.name}: no sign was read in {timeline.end_s - timeline.start_s:.1f} s.")
        return
    rows = table(timeline.name, "from", "to", "answer", "probability")
    for entry in signs:
        share = f"{entry.best[1]:.0%}" if entry.best else ""
        rows.add_row(clock(entry.start_s), clock(entry.end_s), named(entry), share)
    stdout.print(rows)
    if spoken := timeline.tiers.get(SENTENCE):
        rows = table("", "from", "to", "sentence", "probability")
        for entry in spoken:
            share = "" if entry.state == "not measured" else f"{entry.labels[0][1]:.0%}"
            rows.add_row(clock(entry.start_s), clock(entry.end_s), named(entry), share)
        stdout.print(rows)
    if any(entry.state == "not measured" for entry in signs):
        stdout.print(styled(("How sure these answers are is not known.", "dim")))


def named(entry: "Entry") -> "Text":
    """What a sign is, as a line of a table says it."""
    if not entry.best:
        return styled(("a sign that the model does not know", "dim"))
    best = entry.best[0]
    return styled(best, ("  not sure", "yellow")) if entry.state == "not sure" else styled(best)


def _count(timeline: "Timeline") -> str:
    from slr_pose.text import count

    signs = timeline.tiers["gloss"]
    unknown = sum(entry.state == "unknown" for entry in signs)
    return count(len(signs), "sign") + (f", {unknown} of them unknown" if unknown else "")


def clock(time_s: float) -> str:
    """Minutes and seconds, and hours where there are any."""
    minutes, seconds = divmod(round(time_s, 2), 60)
    hours, minutes = divmod(int(minutes), 60)
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{seconds:05.2f}"
