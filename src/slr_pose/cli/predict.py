"""`slr predict`, `slr export-onnx` and `slr export-litert`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import slr_pose
from slr_pose import BadInput
from slr_pose.cli.app import AsJson, app
from slr_pose.cli.console import JsonList, complain, say, stderr, stdout, styled, table, title
from slr_pose.cli.progress import Show, progress
from slr_pose.cli.watch import watch
from slr_pose.quiet import quiet_natives

if TYPE_CHECKING:
    from rich.text import Text

    from slr_pose.roads.export import Exported
    from slr_pose.timeline import Entry, Timeline


@app.command()
def predict(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="INPUT", help="Videos, folders of pictures, .pose files, arrays, or folders of them."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Run, checkpoint or ONNX file; by default the newest run. Without one there is no gloss."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Answers per head.")] = 5,
    lexicon: Annotated[
        Path | None,
        typer.Option(help="CSV with columns gloss and hamnosys: rank these signs, which no model was trained on."),
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Answer the video that comes with slr.")] = False,
    as_unicode: Annotated[
        bool, typer.Option("--unicode", help="HamNoSys in characters, too; they need the font HamNoSysUnicode.")
    ] = False,
    camera: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Read signs as they are signed: a camera's number or name, an rtsp, http or tcp address, - for a pipe,"
            " or a file, which is played in real time.",
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep the video of --camera, its poses, and its signs for ELAN."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which sign a video shows, and transcribe its first posture in HamNoSys.

    With --camera, name each sign that is signed before a camera as soon as it has ended; Ctrl-C ends that.
    """
    from slr_pose.media.video import SAMPLE
    from slr_pose.roads.predict import as_answer

    if record and not camera:
        raise BadInput("--record keeps what a camera sees: name it with --camera.")
    if camera:
        if inputs or sample or lexicon or as_unicode:
            raise BadInput("--camera goes with no file, --sample, --lexicon or --unicode: leave one of them out.")
        watch(camera, model, record, top, as_json)
        return
    inputs = [*(inputs or []), *[SAMPLE] * sample]
    if not inputs:
        raise BadInput("name a video, a .pose file, an array or a folder, or try --sample.")
    failed, printed = False, JsonList()
    with progress() as show:
        for file, answer in slr_pose.predict_each(inputs, model, lexicon=lexicon, on_event=show):
            if isinstance(answer, BadInput):
                complain("failed", answer)
                failed = True
            elif as_json:
                printed.print(as_answer(str(file), answer, top))
            else:
                print_timeline(answer, top, as_unicode)
    if as_json:
        printed.end()
    if failed:
        raise typer.Exit(1)


@app.command()
def export_onnx(
    model: Annotated[Path | None, typer.Option(help="Run or checkpoint; by default the newest run.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("model.onnx"),
    int8: Annotated[
        bool, typer.Option("--int8", help="Weights of eight bits: a third of the size, and slightly other answers.")
    ] = False,
) -> None:
    """Export a model to one ONNX file, checked against torch before it is kept."""
    with _exporting() as show:
        done = slr_pose.export_onnx(model, output, int8=int8, on_event=show)
    _say_what_was_exported(done)


@app.command()
def export_litert(
    model: Annotated[Path | None, typer.Option(help="Run or checkpoint; by default the newest run.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("model.tflite"),
) -> None:
    """Export a model to one LiteRT file for phones, checked against torch before it is kept. It takes a minute."""
    with _exporting() as show, quiet_natives():
        done = slr_pose.export_litert(model, output, on_event=show)
    _say_what_was_exported(done)


@contextmanager
def _exporting() -> Iterator[Show]:
    """Something turns meanwhile; a file that answers otherwise than torch ends the program with exit code 1."""
    from slr_pose.recognition.exportable import ExportError

    with progress() as show, stderr.status("Exporting and comparing with torch ..."):
        try:
            yield show
        except ExportError as error:
            complain("error", error)
            raise typer.Exit(1) from error


def _say_what_was_exported(done: "Exported") -> None:
    say(f"{done.file}: {done.file.stat().st_size / 1e6:.1f} MB; greatest difference to torch {done.difference:.0e}.")


def print_timeline(timeline: "Timeline", top: int, as_unicode: bool) -> None:
    """The best labels of each tier, best first; then the attributes in words, and their notation.

    A tier whose best is not sure says so; where nobody knows how sure the answers are, a line does.
    """
    from slr_pose.hamnosys import ATTRIBUTES, most_likely, write, write_names
    from slr_pose.hamnosys.words import in_words

    stdout.print(styled((timeline.name, "bold italic")))
    now = timeline.at(timeline.start_s)
    words = {tier: entry for tier, entry in now.items() if tier not in ATTRIBUTES}
    if words:
        rows = table("", "", "answer", "probability")
        for tier, entry in words.items():
            for rank, (label, share) in enumerate(entry.labels[:top]):
                if rank:
                    rows.add_row("", label, f"{share:.1%}")
                else:
                    rows.add_row(title(tier), _with_doubt(entry), f"{share:.1%}", style="bold")
        stdout.print(rows)
        _say_what_is_not_measured(words)
    attributes = {tier: entry for tier, entry in now.items() if tier in ATTRIBUTES}
    if attributes:
        rows = table("How it begins, in HamNoSys", "", "class", "meaning", "probability")
        meaning = in_words({head: entry.labels[0][0] for head, entry in attributes.items()})
        for head, entry in attributes.items():
            rows.add_row(title(head), _with_doubt(entry), meaning[head], f"{entry.labels[0][1]:.0%}")
        stdout.print(rows)
        _say_what_is_not_measured(attributes)
    if notation := most_likely({head: entry.labels for head, entry in now.items()}):
        stdout.print(f"As names: {' '.join(write_names(notation))}", soft_wrap=True)
        if as_unicode:
            stdout.print(f"In characters (font HamNoSysUnicode): {write(notation)}", soft_wrap=True)


def _with_doubt(entry: "Entry") -> "Text":
    best = entry.labels[0][0]
    if entry.state == "unknown":
        return styled(("no sign that it knows; ", "yellow"), best)
    return styled(best, ("  not sure", "yellow")) if entry.state == "not sure" else styled(best)


def _say_what_is_not_measured(tiers: "dict[str, Entry]") -> None:
    unknown = [title(tier) for tier, entry in tiers.items() if entry.state == "not measured"]
    if unknown:
        which = "these answers" if len(unknown) == len(tiers) else ", ".join(unknown)
        stdout.print(styled((f"How sure {which} may be is not known.", "dim")))
