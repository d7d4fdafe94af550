"""What the benchmarks of recognition share: their options, the trainings they are made of, and tables over seeds.

A trial is one training of one variant on one split with one seed, on one core, in a process of its own. Its figures are
written down as soon as it ends; the same command goes on where it was stopped, and prints its table from what is there.
"""

import functools
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

from slr_pose.cli.progress import progress
from slr_pose.data.batches import LabelledClips, signs_of
from slr_pose.data.clip import Clip
from slr_pose.data.labels import class_names
from slr_pose.data.manifest import read_dataset
from slr_pose.data.signing import Signing
from slr_pose.data.store import Store
from slr_pose.roads.clips import read_clips
from slr_pose.skeleton import DEFAULT, Skeleton

FOLDS, FOLD_SEED = 5, 7  # of a data set that names no validation clips

Data = Annotated[
    list[str],
    typer.Argument(metavar="DATA[=SKELETON]...", help="What `slr train` takes, e.g. dgs30.npz=face_hands_43."),
]
Seeds = Annotated[int, typer.Option(min=1, help="Trainings of each variant, with seeds 0, 1, ...")]
Folds = Annotated[
    int, typer.Option(min=1, max=FOLDS, help="How many of the five folds, where DATA names no val clips.")
]
Epochs = Annotated[int | None, typer.Option(min=1, help="By default as `slr train`.")]
Jobs = Annotated[int, typer.Option(min=1, help="Trainings at a time, one core each.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder for models and figures.")]


class Split(NamedTuple):
    """One split of a data set; `rows` are those of the store. All splits of a data set share one."""

    skeleton: Skeleton
    classes: dict[str, list[str]]
    store: Store
    rows: dict[str, list[int]]

    def clips(self, part: str) -> list[Clip]:
        """The clips that train, or that validate."""
        return [self.store.clips[row] for row in self.rows[part]]

    def keypoints(self, part: str) -> list[np.ndarray]:
        """(frames, joints, 4) of each of them."""
        return [self.store[row] for row in self.rows[part]]

    def labelled(self, part: str) -> LabelledClips:
        """The same, to learn from."""
        return LabelledClips(self.store, self.rows[part], self.classes)

    def training_part(self, chosen: Iterable[int]) -> "Split":
        """The same with some of the training clips only."""
        return self._replace(rows={**self.rows, "train": [self.rows["train"][index] for index in chosen]})


@dataclass(frozen=True)
class Trial:
    """One training. `build` and `select` are functions that a worker process can import.

    Attributes:
        variant: what it is called in the table.
        data: as the user named it.
        build: makes the network from the skeleton and the number of classes of each head.
        recipe: what differs from the recipe of `slr train`.
        augmentation: constants of `slr_pose.training.augmentation` that differ.
        select: picks the training clips, by (split, seed).
    """

    variant: str
    data: str
    build: Callable
    fold: int = 0
    seed: int = 0
    recipe: tuple[tuple[str, float], ...] = ()
    augmentation: tuple[tuple[str, float], ...] = ()
    select: Callable | None = None

    @property
    def name(self) -> str:
        """Tells it from all other trials of a benchmark, and is good for a folder."""
        epochs = dict(self.recipe).get("epochs")
        parts = [title(self.data), f"fold{self.fold}", self.variant, f"seed{self.seed}"]
        return "_".join([*parts, *([f"epochs{epochs}"] if epochs else [])]).replace(" ", "-").replace("/", "-")


def all_folds(trial: Trial, folds: int) -> list[Trial]:
    """A trial for each fold of its data set, one where the data set has a split."""
    return [replace(trial, fold=fold) for fold in range(folds if _is_unsplit(trial.data) else 1)]


def run_all(trials: list[Trial], jobs: int, output: Path) -> list[dict]:
    """Run what has not been run, and return the figures of all."""
    for data in dict.fromkeys(trial.data for trial in trials):
        load(data, 0)
    output.mkdir(parents=True, exist_ok=True)
    figures = {trial.name: output / trial.name / "figures.json" for trial in trials}
    pending = [trial for trial in trials if not figures[trial.name].exists()]
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "left", TimeRemainingColumn())
    with (
        Progress("trainings", *columns, console=Console(stderr=True)) as bar,
        ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool,
    ):
        task = bar.add_task("", total=len(trials), completed=len(trials) - len(pending))
        os.environ["OMP_NUM_THREADS"] = "1"
        for done in as_completed([pool.submit(_run, trial, output / trial.name) for trial in pending]):
            done.result()
            bar.advance(task)
    return [json.loads(figures[trial.name].read_text()) for trial in trials]


def table(columns: list[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values: Iterable[float]) -> str:
    """Mean and standard deviation, `88.1 ± 0.6`."""
    values = np.array(list(values))
    return f"{values.mean():.1f}" + (f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else "")


def percent_over_seeds(figures: list[dict], metric: str) -> str:
    """Mean over seeds and its spread, in percent, where a seed's value is its mean over folds; `-` without figures."""
    seeds = sorted({figure["seed"] for figure in figures if metric in figure})
    by_seed = [[100 * f[metric] for f in figures if f["seed"] == seed and metric in f] for seed in seeds]
    return spread(np.mean(values) for values in by_seed) if seeds else "-"


def top_over_seeds(figures: list[dict], metrics: tuple[str, ...] = ("top1", "top5")) -> list[str]:
    """Top-1 and top-5, or other metrics, of the unseen signers where there are such."""
    group = "unseen signers" if any("unseen signers top1" in figure for figure in figures) else "all clips"
    return [percent_over_seeds(figures, f"{group} {metric}") for metric in metrics]


def title(data: str) -> str:
    """What a table calls a data set, and the layout that it is seen through, where one is named."""
    named, _, layout = data.partition("=")
    path = Path(named)
    name = path.parent.resolve().name if path.stem == "clips" else path.stem
    return f"{name} {Path(layout).stem}" if layout else name


@functools.lru_cache
def load(data: str, fold: int) -> Split:
    """A split of a data set: its own, or one of five stratified, shuffled folds. Videos are extracted on first use."""
    path, _, layout = data.partition("=")
    clips, skeleton = read_dataset(Path(path)), Skeleton.load(layout or DEFAULT)
    if _is_unsplit(data):
        from sklearn.model_selection import StratifiedKFold

        glosses = [clip.labels["gloss"] for clip in clips]
        folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=FOLD_SEED).split(clips, glosses))
        held_out = set(folds[fold][1])
        clips = [replace(clip, split="val" if i in held_out else "train") for i, clip in enumerate(clips)]
    with progress() as show:
        store = read_clips(clips, skeleton, show)
    rows = {part: [row for row, clip in enumerate(store.clips) if clip.split == part] for part in ("train", "val")}
    return Split(skeleton, class_names([store.clips[row] for row in rows["train"]]), store, rows)


def _is_unsplit(data: str) -> bool:
    return all(clip.split is None for clip in read_dataset(Path(data.partition("=")[0])))


def _run(trial: Trial, folder: Path) -> None:
    import logging
    import shutil
    import warnings

    import torch
    from safetensors import safe_open
    from safetensors.torch import load_file

    from slr_pose.evaluation.clips import evaluate
    from slr_pose.files import write_whole
    from slr_pose.info import TrainingInfo
    from slr_pose.model.checkpoint import read_info
    from slr_pose.recognition.recognizer import Recognizer, runner
    from slr_pose.runs import CHECKPOINT, finish
    from slr_pose.training import augmentation
    from slr_pose.training.recipe import Recipe
    from slr_pose.training.trainer import train

    torch.set_num_threads(1)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    for constant, value in trial.augmentation:
        if not hasattr(augmentation, constant):
            sys.exit(f"the augmentation has no {constant}")
        setattr(augmentation, constant, value)
    split = load(trial.data, trial.fold)
    if trial.select:
        split = trial.select(split, trial.seed)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    counts = {head: len(names) for head, names in split.classes.items()}
    training, validation = split.labelled("train"), split.labelled("val")
    signing = Signing(split.store, [], [])  # there are signs alone
    build = functools.partial(trial.build, split.skeleton, counts)
    recipe = Recipe(seed=trial.seed, **dict(trial.recipe))
    about = TrainingInfo(signers=sorted({clip.signer for clip in split.clips("train") if clip.signer}))
    seconds = train(build, training, validation, signing, signing, split.skeleton, split.classes, recipe, folder, about)
    finish(folder)
    network, checkpoint = build(), folder / CHECKPOINT
    network.load_state_dict(load_file(checkpoint))  # as it is: batch normalisation counts in whole numbers
    with safe_open(checkpoint, framework="pt") as file:
        info = read_info(checkpoint, file.metadata())
    recognizer = Recognizer(info, runner(network.eval()))
    result = evaluate(recognizer, signs_of(split.store, split.rows["val"]))
    figures = {"variant": trial.variant, "data": trial.data, "fold": trial.fold, "seed": trial.seed}
    figures |= {"clips": {part: len(rows) for part, rows in split.rows.items()}, "seconds": seconds}
    figures["parameters"] = sum(weight.numel() for weight in network.parameters())
    for group, scores in result.scores.items():
        score = scores["gloss"]
        for metric in ("top1", "top5", "macro_f1", "calibration_error", "sure", "sure_top1"):
            if (value := getattr(score, metric)) is not None:  # how sure answers are is not known of few clips
                figures[f"{group} {metric}"] = value
        figures[f"{group} clips"] = score.clips
    with write_whole(folder / "figures.json") as partial:
        partial.write_text(json.dumps(figures, indent=1))
