"""`slr compare`."""

from typing import Annotated

import typer

import slr_pose
from slr_pose.cli.app import AsJson, app
from slr_pose.cli.console import print_json, stdout, table, title
from slr_pose.cli.progress import progress

Sign = Annotated[str, typer.Argument(metavar="SIGN", help="A video, .pose file or array, or a HamNoSys notation.")]


@app.command()
def compare(first: Sign, second: Sign, as_json: AsJson = False) -> None:
    """Say how alike two signs are, and in which HamNoSys attributes of their first postures they differ."""
    from slr_pose.hamnosys.words import in_words

    with progress() as show:
        found = slr_pose.compare(first, second, on_event=show)
    if as_json:
        attributes = {
            head: {"first": each.first[0][0], "second": each.second[0][0], "differ": each.differ}
            for head, each in found.attributes.items()
        }
        alike = {key: getattr(found, key) for key in ("similarity", "of_one_sign", "of_two_signs")}
        print_json({**alike, "attributes": attributes})
        return
    stdout.print(
        f"Alike: {found.similarity:.2f}. Less alike are {found.of_two_signs:.0%} of pairs of two signs, and"
        f" {found.of_one_sign:.0%} of pairs of one sign by two people."
    )
    words = in_words({head: each.first[0][0] for head, each in found.attributes.items()})
    other_words = in_words({head: each.second[0][0] for head, each in found.attributes.items()})
    rows = table("", "", "first", "second", "differ")
    for head, each in sorted(found.attributes.items(), key=lambda pair: -pair[1].differ):
        rows.add_row(title(head), words[head], other_words[head], f"{each.differ:.0%}")
    stdout.print(rows)
