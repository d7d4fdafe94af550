"""Glosses that have few clips, which are seen oftener or not: `python benchmarks/rare.py DATA... [--rare 1 --rare 10]`

Of a data set with about as many clips of each gloss, some train: of the most frequent gloss all, of the rarest one, and
of those between a number that falls evenly on a scale of logarithms. Which gloss is how rare, the seed draws. All clips
that are held out are asked.
"""

import functools
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from few_clips import built
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

from slr_pose.training.recipe import Recipe


def some_rare(split: Split, seed: int) -> Split:
    """The training clips of a long tail of glosses."""
    clips, random = split.clips("train"), np.random.default_rng(seed)
    glosses = [clip.labels["gloss"] for clip in clips]
    names = split.classes["gloss"]
    most = max(glosses.count(name) for name in names)
    left = dict(zip(random.permutation(names), np.geomspace(most, 1, len(names)).round(), strict=True))
    chosen = []
    for index in random.permutation(len(clips)):
        if left[glosses[index]] > 0:
            left[glosses[index]] -= 1
            chosen.append(int(index))
    return split.training_part(chosen)


def main(
    data: Data,
    rare: Annotated[list[int] | None, typer.Option(help="Up to how many clips a gloss is rare; 1 for none.")] = None,
    start: Annotated[Path | None, typer.Option("--from", help="A trained model to start from.")] = None,
    size: Annotated[str, typer.Option(help="Of a network that starts from none.")] = "base",
    epochs: Epochs = None,
    seeds: Seeds = 3,
    folds: Folds = 1,
    jobs: Jobs = 2,
    output: Output = Path("runs/rare"),
) -> None:
    amounts, build = rare or [1, Recipe().rare], functools.partial(built, start, size=size)
    called = f"from {start.parent.name}" if start else size
    trials = []
    for name in data:
        for amount in amounts:
            recipe = (("epochs", epochs), ("rare", amount))
            for seed in range(seeds):
                trials += all_folds(Trial(f"{called} {amount}", name, build, 0, seed, recipe, (), some_rare), folds)
    figures = run_all(trials, jobs, output)
    rows = []
    for name in data:
        for amount in amounts:
            found = [f for f in figures if f["variant"] == f"{called} {amount}" and f["data"] == name]
            rows.append([title(name), str(amount), *top_over_seeds(found, ("top1", "top5", "macro_f1"))])
    print(table(["data", "rare up to", "top-1", "top-5", "macro-F1"], rows))


if __name__ == "__main__":
    typer.run(main)
