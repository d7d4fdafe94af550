"""`slr train-sentences` and `slr translate`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import slr_pose
from slr_pose.cli.app import AsJson, RunName, Seed, app
from slr_pose.cli.console import print_json, say, stdout, styled, table, warn
from slr_pose.cli.progress import progress
from slr_pose.text import count

if TYPE_CHECKING:
    from slr_pose.translation.info import TranslatorInfo
    from slr_pose.translation.translator import Translation


@app.command()
def train_sentences(
    pairs: Annotated[
        Path,
        typer.Argument(metavar="PAIRS", help="CSV or TSV with columns glosses and text; a manifest with both will do."),
    ],
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Start from a model that makes sentences, a run or its checkpoint."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, max=10**6, help="Times that every pair is seen; by default oftener where pairs are few."),
    ] = None,
    seed: Seed = 0,
    name: RunName = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on where the run of that name, or the newest unfinished one, was stopped."),
    ] = False,
) -> None:
    """Learn to make sentences of glosses, from your own pairs.

    The pairs to learn from go into the model's file, glosses and text: who has the model can read them.
    Ctrl-C ends the training; what was learnt until the last epoch is kept. Whatever stopped it, the same command with
    --resume goes on, and ends with the same model.
    """
    with progress() as show:
        trained = slr_pose.train_sentences(
            pairs, start=start, epochs=epochs, seed=seed, name=name, resume=resume, on_event=show
        )
    print_ways(trained.info)
    if caveat := trained.info.caveat():
        warn(f"{trained.model}: {caveat}; the same command with --resume goes on.")
    say(f'Kept: {trained.model}   Try it: slr translate "{" ".join(trained.example)}"')


@app.command()
def translate(
    sentences: Annotated[
        list[str],
        typer.Argument(
            metavar="GLOSSES",
            help="Glosses of a sentence; several sentences in quotes; a .txt file with one in each line; a .json file,"
            ' [[[["BOOK", 0.7], ["READ", 0.2]], "GOOD"]], with the alternatives at each place of each sentence.',
        ),
    ],
    model: Annotated[Path | None, typer.Option(help="Run, checkpoint or ONNX file; by default the newest run.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a sentence of glosses, and say which share of its words a person's is expected to have, too.

    Glosses that the model does not know stand in brackets.
    """
    from slr_pose.translation.sentences import read_sentences

    with progress() as show:
        found = slr_pose.translate(read_sentences(sentences), model, on_event=show)
    if as_json:
        print_json([asdict(translation) for translation in found])
    else:
        print_translations(found)


def print_ways(info: "TranslatorInfo") -> None:
    """How good each way to a sentence was on the held-out pairs, which is taken, and how far to trust that."""
    pairs, ways = info.training.pairs, info.training.val
    if not ways:
        say("It was stopped before it was measured: nobody knows how good its sentences are.")
        return
    rows = table(f"{count(pairs['val'], 'held-out pair')}", "", "BLEU-4", "chrF")
    for way, scores in ways.items():
        rows.add_row(way, f"{scores['BLEU']:.1f}", f"{scores['chrF']:.1f}")
    stdout.print(rows)
    say(f"Sentences will come from the {' or the '.join(info.by)}.")
    if info.by != ["network"]:
        say("There are few pairs: many sentences will be taken from a pair with like glosses; `slr translate` says so.")
    if not info.confidence:
        say(f"{pairs['val']} held-out pairs are too few to say how sure a sentence is; check each.")


def print_translations(found: "list[Translation]") -> None:
    """What was read and, below it, what was made of it, and how far to trust that."""
    for translation in found:
        stdout.print(styled((" ".join(translation.glosses), "bold")), soft_wrap=True)
        doubt = {True: "", False: "  not sure", None: "  not measured"}[translation.sure]
        confidence = "" if translation.confidence is None else f"  {translation.confidence:.0%}"
        stdout.print(styled(f"  {translation.text}{confidence}", (doubt, "yellow")), soft_wrap=True)
        if translation.nearest:
            stdout.print(styled(f"  as in the pair {' '.join(translation.nearest.glosses)}"), soft_wrap=True)
        if translation.unknown:
            stdout.print(styled(f"  unknown: {', '.join(translation.unknown)}"), soft_wrap=True)
