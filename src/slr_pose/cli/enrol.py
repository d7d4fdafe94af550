"""`slr enrol`, `slr forget` and `slr list`."""

from pathlib import Path
from typing import Annotated

import typer

import slr_pose
from slr_pose import BadInput
from slr_pose.cli.app import AsJson, app
from slr_pose.cli.console import print_json, say, stdout, table
from slr_pose.cli.progress import progress
from slr_pose.text import count

Model = Annotated[
    Path | None, typer.Option(help="Run, checkpoint or ONNX file, which is changed; by default the newest run.")
]


@app.command()
def enrol(
    shown: Annotated[
        list[str],
        typer.Argument(
            metavar="FOLDER|SIGN CLIP",
            help="A gloss and its clips; or a folder of clips, each called after its sign or in a folder of it.",
        ),
    ],
    model: Model = None,
    name: Annotated[
        str | None, typer.Option(help="Begin a run of that name with these signs; the model stays as it is.")
    ] = None,
) -> None:
    """Show a model signs, a clip of each or more: it answers with them at once, without training.

    Where there is no model yet, a new run begins with the one that comes with slr, which knows no sign before.
    """
    sign, *clips = shown
    if not clips and not Path(sign).exists():
        raise BadInput(f"there is no folder {sign}; or to show the sign '{sign}', name its clips behind it.")
    with progress() as show:
        done = slr_pose.enrol({sign: clips} if clips else sign, model, name=name, on_event=show)
    clips_of = ", ".join(f"{gloss} ({found})" for gloss, found in done.clips.items())
    say(f"Enrolled {count(len(done.clips), 'sign')} from {count(sum(done.clips.values()), 'clip')}: {clips_of}")
    known = len(done.info.labels["gloss"]) + len(done.info.enrolled)
    say(f"{done.model} knows {count(known, 'sign')}. Try it: slr predict VIDEO")


@app.command()
def forget(
    signs: Annotated[list[str], typer.Argument(metavar="SIGN", help="Glosses that were enrolled.")],
    model: Model = None,
) -> None:
    """Let a model forget signs that it was shown."""
    with progress() as show:
        done = slr_pose.forget(signs, model, on_event=show)
    say(f"{done.model} has forgotten {', '.join(done.clips)}.")


@app.command("list")
def list_signs(
    model: Annotated[Path | None, typer.Option(help="Run, checkpoint or ONNX file; by default the newest run.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the signs that a model knows: those that it was trained on, and those that it was shown."""
    with progress() as show:
        known = slr_pose.known_signs(model, on_event=show)
    learnt = known.info.labels.get("gloss", [])
    if as_json:
        print_json({"model": str(known.model), "trained": learnt, "enrolled": known.clips})
        return
    rows = table("", "sign", "clips shown")
    for gloss in learnt:
        rows.add_row(gloss, "trained")
    for gloss, clips in known.clips.items():
        rows.add_row(gloss, str(clips))
    stdout.print(rows)
