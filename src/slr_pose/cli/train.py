"""`slr train` and `slr evaluate`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import slr_pose
from slr_pose.cli.app import AsJson, RunName, Seed, app
from slr_pose.cli.completion import logs, sizes, skeletons, splits
from slr_pose.cli.console import be_silent, print_json, say, stdout, table, title, warn
from slr_pose.cli.progress import progress

if TYPE_CHECKING:
    from slr_pose.evaluation.clips import Evaluation
    from slr_pose.roads.evaluate import Measured


Tiers = Annotated[
    list[str] | None,
    typer.Option("--tier", help="A tier of .eaf files with glosses; by default those with the usual names."),
]
Layout = Annotated[str | None, typer.Option(help="Layout of joints: a name or a TOML file.", autocompletion=skeletons)]


@app.command()
def train(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="CSV or TSV manifest, a folder with a folder for each gloss or with .eaf files beside its videos,"
            " the folder of a public data set, or one .npz.",
        ),
    ],
    head: Annotated[list[str] | None, typer.Option("--head", help="A further column of the manifest to learn.")] = None,
    tier: Tiers = None,
    size: Annotated[
        str | None, typer.Option(help="tiny, base or large; base by default.", autocompletion=sizes)
    ] = None,
    skeleton: Layout = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Start from a trained model, a run or its checkpoint; by default from the one of slr; none: nothing.",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, max=10**6, help="Times that every clip is seen; by default oftener where clips are few."),
    ] = None,
    seed: Seed = 0,
    name: RunName = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on where the run of that name, or the newest unfinished one, was stopped."),
    ] = False,
    log: Annotated[
        str | None,
        typer.Option(help="wandb or mlflow: keep its curves there, too, on this machine.", autocompletion=logs),
    ] = None,
) -> None:
    """Train a recogniser on labelled clips. Videos are extracted on first use.

    Ctrl-C ends the training; what was learnt until the last epoch is kept. Whatever stopped it, the same command with
    --resume goes on, and ends with the same model.

    All GPUs of the machine are used, or of many machines, where torchrun or Slurm starts it on each.
    """
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # before torch is there, which warns of what is meant so
    from slr_pose.evaluation.clips import unmeasured
    from slr_pose.training.ranks import is_first

    if not is_first():
        be_silent()
    with progress() as show:
        trained = slr_pose.train(
            data,
            heads=head or [],
            tiers=tier or [],
            size=size,
            skeleton=skeleton,
            start=start,
            epochs=epochs,
            seed=seed,
            name=name,
            resume=resume,
            log=log,
            on_event=show,
        )
    print_scores("val clips", trained.evaluation)
    if sentence := unmeasured(trained.info):
        say(sentence)
    if caveat := trained.info.caveat():
        warn(f"{trained.run}: {caveat}; the same command with --resume goes on.")
    kept = trained.info.training
    say(f"Kept the averaged weights of epoch {kept.epoch} of {kept.epochs}: {trained.model}")
    say(f"Report: {trained.report}   Try it: slr {'predict' if trained.info.names else 'annotate'} VIDEO")


@app.command()
def evaluate(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Manifest, folder or .npz, as train takes it.")],
    split: Annotated[
        str | None,
        typer.Option(help="train, val, test or all; by default test, or val if none.", autocompletion=splits),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Run, checkpoint or ONNX file; by default the newest run.")] = None,
    tier: Tiers = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="An HTML page of it with its clips: a file, or a folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model on labelled clips: top-1, top-5 and macro-F1 of each head, unseen signers apart.

    On annotated videos: word error rate, segments, named segments and false alarms of reading them.
    """
    with progress() as show:
        measured = slr_pose.evaluate(data, model, split=split, tiers=tier or [], output=output, on_event=show)
    if as_json:
        print_json(measured.as_dict())
    else:
        print_measured(measured)
    if unknown := measured.evaluation.unknown:
        say(f"{unknown} labels are unknown to the model; they count as wrong.")
    if measured.page:
        say(f"Report: {measured.page}")


def print_measured(measured: "Measured") -> None:
    """The scores of signs, each for itself, and of reading signing."""
    print_scores(f"{measured.split} clips", measured.evaluation)
    if score := measured.reading:
        rows = table(f"{measured.split}, {score.minutes:.1f} minutes of signing: % with 95 % interval", "", "")
        rows.show_header = False
        rows.add_row("signs", str(score.signs))
        for name, figure in zip(score.columns, score.as_text(), strict=True):
            rows.add_row(name, figure)
        stdout.print(rows)
    if measured.sentence_wer is not None:
        stdout.print(f"WER of sentences without times: {measured.sentence_wer:.1%}")


def print_scores(split: str, result: "Evaluation") -> None:
    """A table for each group of clips, with a row for each head; one table where all are of unseen signers."""
    from slr_pose.evaluation.clips import Score

    for group, heads in result.told().items():
        rows = table(f"{split}, {group}: % with 95 % interval", "", "n", *Score.columns)
        for head, found in heads.items():
            rows.add_row(title(head), str(found.clips), *found.as_text())
        stdout.print(rows)
