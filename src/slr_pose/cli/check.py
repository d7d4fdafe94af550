"""`slr check`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import slr_pose
from slr_pose.cli.app import AsJson, app
from slr_pose.cli.console import print_json, say, stdout, styled
from slr_pose.cli.progress import progress
from slr_pose.cli.train import Layout, Tiers

if TYPE_CHECKING:
    from slr_pose.roads.check import Checked

SHOWN = 3  # findings of a kind that the terminal shows; the page and the JSON have more


@app.command()
def check(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Manifest, folder or .npz, as train takes it.")],
    model: Annotated[
        Path | None,
        typer.Option(
            help="Run, checkpoint or ONNX file to ask about labels; by default a quick recogniser learns them."
        ),
    ] = None,
    head: Annotated[list[str] | None, typer.Option("--head", help="A further column that is to be learnt.")] = None,
    tier: Tiers = None,
    skeleton: Layout = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="An HTML page of it with its clips: a file, or a folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What is wrong with a data set, before a night is spent on it. Nothing is changed.

    Clips that are there twice, labels that are probably wrong, signers and glosses on the wrong side of a split,
    glosses that look the same or have few clips, hands that are not seen, odd lengths and frame rates. Videos are
    extracted on first use.
    """
    with progress() as show:
        checked = slr_pose.check(
            data, model=model, heads=head or [], tiers=tier or [], skeleton=skeleton, output=output, on_event=show
        )
    if as_json:
        print_json(checked.as_dict())
    else:
        print_checked(checked)
    if checked.page:
        say(f"Report: {checked.page}")


def print_checked(checked: "Checked") -> None:
    """A few findings of each kind, and below them what to do about it."""
    from slr_pose.checks.finding import KINDS
    from slr_pose.text import count, first_few

    found = checked.of_kinds()
    if not found:
        say(f"{count(checked.clips, 'clip')}, and nothing was found.")
        return
    for kind, findings in found.items():
        stdout.print(styled((f"{len(findings)} × {KINDS[kind].title}", "bold")))
        for text in first_few([finding.text for finding in findings], SHOWN):
            stdout.print(f"  {text}", soft_wrap=True)
        stdout.print(styled((f"  {KINDS[kind].advice}", "dim")), soft_wrap=True)
