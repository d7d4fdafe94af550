"""`slr serve`."""

from pathlib import Path
from typing import Annotated

import typer

import slr_pose
from slr_pose.cli.app import app
from slr_pose.cli.console import say
from slr_pose.cli.progress import progress


@app.command()
def serve(
    model: Annotated[
        Path | None,
        typer.Option(help="Run, checkpoint or ONNX file; by default the newest run. Without one there is no gloss."),
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 is anywhere.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8000,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Requests worked on at a time; by default one a core.")
    ] = None,
    largest: Annotated[float, typer.Option(min=0.001, metavar="MB", help="What a request may have.")] = 100,
    longest: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="What a request may take.")] = 60,
) -> None:
    """Answer videos, .pose files and keypoints over HTTP, and streams of keypoints by WebSocket, until Ctrl-C.

    What is held then is still answered. Nothing of what is sent is kept.
    """
    with progress() as show:
        slr_pose.serve(
            model, host=host, port=port, workers=workers, largest=largest, longest=longest, on_event=show
        ).run()
    say("Ended.")
