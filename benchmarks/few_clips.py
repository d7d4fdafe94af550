"""Top-1 by the number of training clips per gloss: `python benchmarks/few_clips.py DATA... [--from MODEL]`"""

import functools
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from trials import (
    Data,
    Epochs,
    Folds,
    Jobs,
    Output,
    Seeds,
    Split,
    Trial,
    all_folds,
    run_all,
    table,
    title,
    top_over_seeds,
)

from slr_pose.model.checkpoint import load_model
from slr_pose.model.network import SIZES, SignModel


def few(amount: int, split: Split, seed: int) -> Split:
    """That many training clips of each gloss, drawn by the seed."""
    clips = split.clips("train")
    order = np.random.default_rng(seed).permutation(len(clips))
    glosses = [clips[index].labels["gloss"] for index in order]
    return split.training_part(index for n, index in enumerate(order) if glosses[:n].count(glosses[n]) < amount)


def built(start: Path | None, skeleton, classes: dict[str, int], size: str = "base") -> SignModel:
    """A new network of a size, or one that starts from a model whose glosses are others."""
    if not start:
        return SignModel(skeleton, classes, SIZES[size])
    origin, info = load_model(start)
    model = SignModel(skeleton, classes, replace(origin.config, reads=True))
    unnamed = {head: [f" {number}" for number in range(count)] for head, count in classes.items()}
    model.start_from(origin, unnamed, info.labels)
    return model


def main(
    data: Data,
    start: Annotated[Path | None, typer.Option("--from", help="A trained model to start from, beside none.")] = None,
    clips: Annotated[list[int] | None, typer.Option(help="Training clips per gloss; 0 for all.")] = None,
    epochs: Epochs = None,
    seeds: Seeds = 3,
    folds: Folds = 1,
    jobs: Jobs = 2,
    output: Output = Path("runs/few-clips"),
) -> None:
    amounts, recipe = clips or [1, 2, 5, 10, 0], (("epochs", epochs),)
    starts = {"new": None, f"from {start.parent.name}": start} if start else {"new": None}
    trials = []
    for name in data:
        for amount in amounts:
            for called, origin in starts.items():
                for seed in range(seeds):
                    build = functools.partial(built, origin)
                    select = functools.partial(few, amount) if amount else None
                    trial = Trial(f"{amount or 'all'} {called}", name, build, 0, seed, recipe, (), select)
                    trials += all_folds(trial, folds)
    figures = run_all(trials, jobs, output)

    def cells(name: str, amount: int) -> list[str]:
        row = [title(name), str(amount or "all")]
        for called in starts:
            found = [f for f in figures if f["variant"] == f"{amount or 'all'} {called}" and f["data"] == name]
            row += top_over_seeds(found)
        return row

    columns = [f"{metric}, {called}" for called in starts for metric in ("top-1", "top-5")]
    print(table(["data", "clips per gloss", *columns], [cells(name, amount) for name in data for amount in amounts]))


if __name__ == "__main__":
    typer.run(main)
