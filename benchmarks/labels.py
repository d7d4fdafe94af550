"""How well wrong labels are found: `python benchmarks/labels.py DATA`, with `--model RUN` of trained models beside.

Some labels are changed at random, so it is known which are wrong, and `slr check`'s quick recogniser, and each model on
the clips that it was not trained on, are asked which. What was wrong before counts as right, so the figures are a
little too low. `--known NAME`, of a clip that somebody knows to carry a wrong label: at which place of all that were
asked it stands, without any change.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from slr_pose.checks.labels import out_of_fold
from slr_pose.checks.likeness import likeness
from slr_pose.data.batches import Signs, signs_of
from slr_pose.data.manifest import read_dataset
from slr_pose.data.split import trained_on
from slr_pose.evaluation.marks import mark
from slr_pose.evaluation.suspicion import odds_of, suspects
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.roads.clips import read_clips
from slr_pose.skeleton import DEFAULT, Skeleton

QUICK = "quick recogniser"
Answers = tuple[
    np.ndarray, np.ndarray, list[str]
]  # probabilities (clips, classes), labels (clips,), names of the clips


def changed(labels: np.ndarray, share: float, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which a share is another class, and which these are."""
    random = np.random.default_rng(seed)
    is_wrong = np.zeros(len(labels), dtype=bool)
    is_wrong[random.choice(len(labels), round(share * len(labels)), replace=False)] = True
    others = (labels + random.integers(1, classes, len(labels))) % classes
    return np.where(is_wrong, others, labels), is_wrong


def confident_joint(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(clips,) which are wrong by the thresholds of confident learning: the mean of each class over its clips."""
    classes = range(probabilities.shape[1])
    of_class = [probabilities[labels == number, number] for number in classes]
    confident = probabilities >= [share.mean() if len(share) else np.inf for share in of_class]
    likeliest = np.where(confident, probabilities, 0).argmax(axis=1)
    return confident.any(axis=1) & (likeliest != labels)


def figures(probabilities: np.ndarray, labels: np.ndarray, is_wrong: np.ndarray) -> list[float]:
    """Precision among as many as are wrong, and twice as many found; how many are listed, and precision and recall of
    them; the same of the confident joint."""
    order, number = np.argsort(odds_of(mark(probabilities, labels))), int(is_wrong.sum())
    found = [is_wrong[order[:number]].mean(), is_wrong[order[: 2 * number]].sum() / number]
    listed = np.zeros(len(labels), dtype=bool)
    listed[suspects(mark(probabilities, labels))] = True
    for chosen in (listed, confident_joint(probabilities, labels)):
        found += [chosen.sum() / len(labels), is_wrong[chosen].mean() if chosen.any() else 0.0]
        found += [is_wrong[chosen].sum() / number]
    return found


def by_others(points: np.ndarray, labels: np.ndarray, signers: list[str | None]) -> np.ndarray:
    """The quick recogniser's answers to all clips (clips, classes)."""
    found = np.full((len(labels), labels.max() + 1), 1 / (labels.max() + 1))
    for rows, _, probabilities in out_of_fold(points, labels, signers):
        found[rows] = probabilities
    return found


def of_model(recognizer: Recognizer, signs: Signs) -> Answers:
    """A model's answers to the clips that it was not trained on."""
    met = set(map(id, trained_on(signs.clips, recognizer.info.training)))
    rows = [row for row, clip in enumerate(signs.clips) if id(clip) not in met]
    names = recognizer.labels["gloss"]
    labels = np.array([names.index(signs.clips[row].labels["gloss"]) for row in rows])
    found = recognizer.probabilities([signs.keypoints[row] for row in rows])["gloss"]
    return found, labels, [signs.clips[row].path.stem for row in rows]


def main(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="What `slr train` takes.")],
    model: Annotated[list[Path] | None, typer.Option(help="Runs or checkpoints of it.")] = None,
    known: Annotated[list[str] | None, typer.Option(help="Part of the name of a clip with a wrong label.")] = None,
    share: Annotated[list[float] | None, typer.Option(help="Of the labels that are changed.")] = None,
    seeds: int = 3,
) -> None:
    """Change labels at random, and see which are found."""
    skeleton = Skeleton.load(DEFAULT)
    store = read_clips(read_dataset(data), skeleton, lambda event: None)
    signs = signs_of(store, range(len(store)))
    points, signers = likeness(skeleton, signs), [clip.signer for clip in signs.clips]
    names = sorted({clip.labels["gloss"] for clip in signs.clips})
    labels = np.array([names.index(clip.labels["gloss"]) for clip in signs.clips])
    models = {str(path): of_model(Recognizer.load(path), signs) for path in model or []}

    columns = ("asked", "changed", "precision at k", "found in 2 k", "listed", "precision", "recall")
    rows = Table(*columns, "joint: listed", "precision", "recall")
    for part in share or (0.03, 0.1):
        found: dict[str, list[list[float]]] = {}
        for seed in range(seeds):
            noisy, is_wrong = changed(labels, part, len(names), seed)
            probabilities = by_others(points, noisy, signers)
            found.setdefault(QUICK, []).append(figures(probabilities, noisy, is_wrong))
            for answers, truth, _ in models.values():
                noisy, is_wrong = changed(truth, part, answers.shape[1], seed)
                found.setdefault("trained models", []).append(figures(answers, noisy, is_wrong))
        for asked, each in found.items():
            rows.add_row(asked, f"{part:.0%}", *(f"{100 * value:.0f}" for value in np.mean(each, axis=0)))
    Console().print(rows)

    probabilities = by_others(points, labels, signers)
    asked_of = {QUICK: (probabilities, labels, [clip.path.stem for clip in signs.clips]), **models}
    for asked, (answers, truth, stems) in asked_of.items():
        order = np.argsort(odds_of(mark(answers, truth))).tolist()
        places = {name: [place + 1 for place, row in enumerate(order) if name in stems[row]] for name in known or []}
        listed, right = len(suspects(mark(answers, truth))), (answers.argmax(axis=1) == truth).mean()
        print(f"{asked}: of {len(truth)} clips {right:.1%} right, {listed} listed;", places)


if __name__ == "__main__":
    typer.run(main)
