"""`slr export-web` and `slr serve-web`."""

from pathlib import Path
from typing import Annotated

import typer

import slr_pose
from slr_pose.cli.app import app
from slr_pose.cli.console import say, stderr
from slr_pose.cli.progress import progress


@app.command()
def export_web(
    model: Annotated[Path | None, typer.Option(help="Run, checkpoint or ONNX file; by default the newest run.")] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder to write: a new one, or an earlier page.")
    ] = Path("site"),
) -> None:
    """Write a web page that reads signing from a camera or a video in the browser; nothing leaves the device."""
    with progress() as show, stderr.status("Exporting ..."):
        site = slr_pose.export_web(model, output, on_event=show)
    say(f"{site.folder}: {site.size / 1e6:.0f} MB, for any web server; here: slr serve-web {site.folder}")


@app.command()
def serve_web(
    folder: Annotated[Path, typer.Argument(help="What slr export-web wrote.")] = Path("site"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8000,
) -> None:
    """Open that page on this machine, until Ctrl-C."""
    import webbrowser

    from slr_pose.roads.serve_web import HOST, web_server

    with web_server(folder, port) as server:
        address = f"http://{HOST}:{server.server_port}/"  # the server's own name for it may be that of a network
        say(f"{address}  (Ctrl-C ends it)")
        webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("Ended.")
