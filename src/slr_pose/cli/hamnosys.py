"""`slr synthesize`, `slr hamnosys` and `slr export-sigml`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import slr_pose
from slr_pose import BadInput
from slr_pose.cli.app import AsJson, app
from slr_pose.cli.console import print_json, say, stdout, table, title
from slr_pose.cli.progress import progress
from slr_pose.text import count

if TYPE_CHECKING:
    from slr_pose.hamnosys.notation import Notation

SIGNS = "HamNoSys, in Unicode or the names of its symbols, or a CSV with columns gloss and hamnosys"


@app.command()
def synthesize(
    signs: Annotated[
        list[str] | None,
        typer.Argument(metavar="SIGNS", help=f"{SIGNS}; by default twelve made-up signs."),
    ] = None,
    signers: Annotated[int, typer.Option(min=1, help="How many signers sign each.")] = 1,
    clips: Annotated[int, typer.Option(min=1, help="How many times each of them does.")] = 1,
    sentence: Annotated[
        list[str] | None,
        typer.Option(help='Sign "KITE CANDLE" in a row, glosses or notations, instead of each alone; several times.'),
    ] = None,
    sentences: Annotated[int, typer.Option(min=0, help="So many sentences of 4 to 8 signs in random order.")] = 0,
    idle: Annotated[
        int, typer.Option(min=0, help="So many clips of each signer who rests, scratches, folds the arms; no sign.")
    ] = 0,
    pace: Annotated[
        float | None,
        typer.Option(
            help="Seconds a sign of a sentence, with the way to it; by default each sentence has its own, from 0.38,"
            " conversation, to 0.65, weather news.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same signers and clips.")] = 0,
    pose_only: Annotated[
        bool, typer.Option("--pose-only", help="No videos: keypoints as MediaPipe would find them, thousands a minute.")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the clips and their manifest.")] = Path(
        "signs"
    ),
) -> None:
    """Let synthetic signers sign HamNoSys: videos with their exact poses, and a manifest to train on."""
    from slr_pose.signer.synthesis import MADE_UP
    from slr_pose.signer.synthesis import synthesize as let_sign

    wanted = " ".join(signs) if signs else MADE_UP
    with progress() as show:
        made = let_sign(
            wanted,
            output,
            signers=signers,
            clips=clips,
            seed=seed,
            pose_only=pose_only,
            sentence=sentence or (),
            sentences=sentences,
            idle=idle,
            pace=pace,
            on_event=show,
        )
    what = f"{count(made.signs, 'sign')}, {count(signers, 'signer')}, {count(len(made.clips), 'clip')}"
    say(f"{what}: {made.manifest}   Try it: slr train {made.manifest}")


@app.command()
def hamnosys(
    notation: Annotated[list[str], typer.Argument(metavar="NOTATION", help="Unicode HamNoSys, or names of symbols.")],
    as_json: AsJson = False,
) -> None:
    """Explain a HamNoSys notation: in words, its attributes, names and code points of its symbols."""
    from slr_pose.hamnosys import parse

    found = parse(" ".join(notation))
    if as_json:
        print_json(_notation_as_json(found))
    else:
        print_notation(found)


@app.command()
def export_sigml(
    signs: Annotated[list[str], typer.Argument(metavar="SIGNS", help=f"{SIGNS}.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("signs.sigml"),
) -> None:
    """Write HamNoSys as SiGML, which signing avatars play."""
    with progress() as show:
        done = slr_pose.export_sigml(" ".join(signs), output, on_event=show)
    say(f"{count(done.signs, 'sign')}: {done.file}")


def print_notation(notation: "Notation") -> None:
    """A HamNoSys notation in words, sign by sign; the eight attributes; its symbols."""
    from slr_pose.hamnosys import write_names
    from slr_pose.hamnosys.attributes import read
    from slr_pose.hamnosys.symbols import SYMBOLS
    from slr_pose.hamnosys.words import actions, describe, in_words

    tables = []
    for number, sign in enumerate(notation.signs, start=1):
        rows = describe(sign)
        two = any(other for *_, other in rows)
        of = f", sign {number} of {len(notation.signs)}" if len(notation.signs) > 1 else ""
        tables.append(table(f"It begins{of}", "", "hand", *["other hand"] * two))
        for part, hand, other in rows:
            tables[-1].add_row(part, hand, *[other] * two)
        if sign.steps:
            tables.append(table("Then", "", ""))
            for step, words in enumerate(actions(sign.steps), start=1):
                tables[-1].add_row(str(step), words)
    try:
        attributes = read(notation).attributes
    except BadInput as error:
        say(("No attributes:", "yellow"), f" {error}")
    else:
        tables.append(table("Attributes of the beginning", "", "class", "meaning"))
        meanings = in_words(attributes)
        for head, name in attributes.items():
            tables[-1].add_row(title(head), name, meanings[head])
    tables.append(table("Symbols", "", "symbol", "code point", "kind", "meaning"))
    for number, name in enumerate(write_names(notation), start=1):
        symbol = SYMBOLS[name]
        tables[-1].add_row(str(number), name, f"U+{ord(symbol.character):04X}", symbol.kind, symbol.meaning)
    for number, each in enumerate(tables):
        stdout.print(*[""] * bool(number), each, sep="\n")


def _notation_as_json(notation: "Notation") -> dict:
    from slr_pose.hamnosys import write, write_names
    from slr_pose.hamnosys.attributes import read
    from slr_pose.hamnosys.words import actions, describe

    signs = [
        {
            "begins": [{"part": part, "hand": hand, "other_hand": other} for part, hand, other in describe(sign)],
            "then": actions(sign.steps),
        }
        for sign in notation.signs
    ]
    try:
        attributes = asdict(read(notation))
    except BadInput:  # no handshape, direction or palm at the beginning
        attributes = None
    return {"notation": write(notation), "names": write_names(notation), "attributes": attributes, "signs": signs}
