"""`slr extract-pose` and `slr view`."""

from collections import Counter
from collections.abc import Collection, Iterable
from heapq import nsmallest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import slr_pose
from slr_pose.cli.app import app
from slr_pose.cli.completion import engines
from slr_pose.cli.console import complain, say, stdout, styled, table
from slr_pose.cli.progress import progress
from slr_pose.text import count

if TYPE_CHECKING:
    from slr_pose.keypoints.batch import Outcome

MANY = 30  # rows of a table; what has more is shown in part


@app.command()
def extract_pose(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="VIDEO|FOLDER", help="Videos, folders of pictures, or folders of them; also of s3:// or gs://."
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Folder for the .pose files, or an address; by default beside each video."),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="What finds the keypoints: litert, which is the default, or mediapipe.",
            autocompletion=engines,
        ),
    ] = None,
    face: Annotated[bool, typer.Option("--face", help="Find the 468 points of the face, too.")] = False,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast", help="Look at about 15 frames a second: 1.8 times as fast; top-5 lost 0.6 points, top-1 none."
        ),
    ] = False,
    person: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Follow the Nth person from the left; by default, of several, the one who signs."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Extract again what is there already.")] = False,
    shard: Annotated[
        str | None,
        typer.Option(metavar="K/N", help="Extract a share alone, such as 3/16: a cluster has a job for each."),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Extract on a Ray cluster: host:port, or auto for the one around here."),
    ] = None,
) -> None:
    """Find body and hand keypoints in videos, and write them as .pose files."""
    with progress() as show:
        done = slr_pose.extract(
            inputs,
            output,
            engine=engine,
            face=face,
            fast=fast,
            person=person,
            force=force,
            shard=shard,
            ray=ray,
            on_event=show,
        )
    failures = done.failures
    if failures and len(done.outcomes) + len(done.done) == 1:
        raise next(iter(failures))
    if done.outcomes:
        print_extraction(done.outcomes)
    if done.report:
        say(f"Report: {done.report}")
    for error in failures:
        complain("failed", error)
    if failures:
        say(f"{len(failures)} of {count(len(done.outcomes), 'video')} failed; what went wrong is in the report.")
        raise typer.Exit(1)


@app.command()
def view(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", help="Video, folder of pictures or .pose file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=".mp4, .gif, or .png for a sheet of frames; by default CLIP-skeleton.mp4."),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(help=".eaf, or .json, of what is signed, to stand below; by default the .eaf beside CLIP."),
    ] = None,
) -> None:
    """Draw what the extraction saw: the skeleton over its video, or on white, joints that were not seen in grey.

    Of an annotated clip, the gloss stands below as it is signed, and a strip of the seconds around it.
    """
    with progress() as show:
        drawn = slr_pose.draw(clip, output, annotations=annotations, on_event=show)
    where = f"over {drawn.video.name}" if drawn.video else "on white"
    below = f", the signs of {drawn.annotations.name} below" if drawn.annotations else ""
    say(f"{drawn.file}: {drawn.frames} frames {where}{below}.")


def print_extraction(outcomes: "Collection[Outcome]") -> None:
    """A table with a row for each clip, and a line about lost hands; of many clips, those that lost most of a hand."""
    from slr_pose.keypoints.batch import HANDS, PARTS

    clips = many = 0
    lost: Counter[str] = Counter()
    for clip in outcomes:
        if not clip.error:
            hands = clip.lost_hands()
            clips, many = clips + 1, many + bool(hands)
            lost.update(hands)
    shown: Iterable[Outcome] = (clip for clip in outcomes if not clip.error)
    name = ""
    if clips > MANY:
        shown = nsmallest(MANY, shown, key=lambda clip: min(clip.seen[hand] for hand in HANDS))
        name = f"The {MANY} of {clips} clips in which a hand was lost most"
    rows = table(name, "clip", "seconds", "frames/s", *PARTS)
    for clip in shown:
        rate = f"{clip.frames / clip.work_s:.0f}" if clip.work_s else "-"
        shares = [
            styled((f"! {clip.seen[part]:.0%}", "yellow")) if name in clip.lost_hands() else f"{clip.seen[part]:.0%}"
            for name, part in PARTS.items()
        ]
        rows.add_row(clip.job.video.name, f"{clip.frames / clip.fps:.1f}", rate, *shares)
    stdout.print(rows)
    if lost:
        which = ", ".join(f"{hand} {times}" for hand, times in sorted(lost.items()))
        say(
            ("!", "yellow"),
            f" {many} of {count(clips, 'clip')} show a hand in under half of the frames ({which})."
            " Unless it is at rest out of view, recognition will miss it; `slr view CLIP` shows where.",
        )
