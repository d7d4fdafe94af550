"""How often each of the eight HamNoSys attributes is right: by geometry, by the model in the package, by both together,
as `slr predict` answers, and by other models.

    python benchmarks/hamnosys.py CLIPS.csv
    python benchmarks/hamnosys.py asl30/clips.csv --asl-lex asl30/asllex_attributes.csv --split val
    python benchmarks/hamnosys.py dgs30.npz --skeleton face_hands_43 --lexicon lexicon.csv

The labels are in the manifest's columns, or come by the gloss: from a lexicon (columns gloss and hamnosys; of several
notations, what all agree in), or from a table of ASL-LEX 2.0 (Sehyr, Caselli, Cohen-Goldberg and Emmorey 2021), which
`asllex.csv` translates. ASL-LEX is coarser: there a label is several classes, and an answer is right if it is one of
them. What it calls otherwise than HamNoSys has no label.
"""

import csv
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from sklearn.metrics import f1_score, recall_score
from trials import table

from slr_pose import BadInput
from slr_pose.data.clip import Clip
from slr_pose.data.manifest import read_dataset
from slr_pose.files import write_whole
from slr_pose.hamnosys import ATTRIBUTES, MODEL, read_attributes
from slr_pose.hamnosys.attributes import DIRECTION, PALM
from slr_pose.hamnosys.geometry import attribute_probabilities
from slr_pose.hamnosys.lexicon import rank
from slr_pose.hamnosys.orientation import finger_vectors
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.pose import Pose
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.transcriber import joined
from slr_pose.skeleton import Skeleton

Labels = dict[str, frozenset[str]]  # head -> classes, any of which is right
PROGRESS = Console(stderr=True)
RANKS = ("", "top-1", "top-5")
METRICS = ("accuracy", "balanced", "macro-F1", "mean angle")


def own_labels(clip: Clip) -> Labels:
    """The attributes in the manifest."""
    return {head: frozenset([clip.labels[head]]) for head in ATTRIBUTES if head in clip.labels}


def labels_of_lexicon(path: Path) -> dict[str, Labels]:
    """Gloss -> the attributes in which all its notations agree."""
    found: dict[str, Labels] = {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            labels = {head: frozenset([name]) for head, name in read_attributes(row["hamnosys"]).items()}
            before = found.setdefault(row["gloss"], labels)
            found[row["gloss"]] = {head: label for head, label in labels.items() if before.get(head) == label}
    return found


def labels_of_asl_lex(path: Path) -> dict[str, Labels]:
    """Gloss -> what ASL-LEX says of it, as classes of HamNoSys."""
    with open(Path(__file__).with_name("asllex.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(path, encoding="utf-8-sig", newline="") as file:
        return {
            signs["gloss"]: {
                row["head"]: frozenset(row["classes"].split()) for row in rows if signs[row["column"]] == row["value"]
            }
            for signs in csv.DictReader(file)
        }


def write_manifest(path: Path, clips: list[Clip], labels: list[Labels]) -> None:
    """What `slr train` reads; a label of several classes stays empty."""
    with write_whole(path) as partial, open(partial, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["path", "signer", "split", *ATTRIBUTES])
        table.writeheader()
        for clip, found in zip(clips, labels, strict=True):
            classes = {head: next(iter(names)) for head, names in found.items() if len(names) == 1}
            place = {"path": clip.path.relative_to(path.parent), "signer": clip.signer, "split": clip.split}
            table.writerow({**place, **classes})


def by_model(path: Path, poses: list[Pose]) -> dict[str, np.ndarray]:
    """Head -> (clips, classes), of the heads that a model has."""
    model = Recognizer.load(path)
    probabilities = model.probabilities([model.skeleton.select(pose) for pose in poses])
    return {head: probabilities[head] for head in ATTRIBUTES if model.labels.get(head) == ATTRIBUTES[head]}


def by_package(poses: list[Pose], measured: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """The model in the package, and what `slr predict` makes of it and geometry; nothing for poses of other points."""
    try:
        return beside_geometry("model", "both", MODEL, poses, measured)
    except BadInput:
        return {}


def beside_geometry(
    name: str, both: str, path: Path, poses: list[Pose], measured: dict[str, np.ndarray]
) -> dict[str, dict[str, np.ndarray]]:
    """A model, and where it has all heads, what `slr predict` makes of geometry and the one that comes with it."""
    learnt = by_model(path, poses)
    together = {both: joined(measured, learnt)} if learnt.keys() >= ATTRIBUTES.keys() else {}
    return {name: learnt, **together}


def by_geometry(poses: list[Pose]) -> dict[str, np.ndarray]:
    """Head -> (clips, classes)."""
    found = [attribute_probabilities(pose) for pose in track(poses, "geometry", console=PROGRESS)]
    return {head: np.stack([clip[head] for clip in found]) for head in ATTRIBUTES}


def scores(head: str, probabilities: np.ndarray, labels: list[frozenset[str]]) -> list[str]:
    """What `METRICS` names. Classes that some label has together are one."""
    groups = sorted(set(labels), key=sorted)
    names = ATTRIBUTES[head]
    group = [next((n for n, some in enumerate(groups) if name in some), -1) for name in names]
    together = np.stack([probabilities[:, np.equal(group, n)].sum(axis=1) for n in range(len(groups))], axis=1)
    others = probabilities[:, np.equal(group, -1)]
    answer = np.where(others.max(axis=1, initial=0) > together.max(axis=1), -1, together.argmax(axis=1))
    truth = np.array([groups.index(label) for label in labels])
    seen = list(range(len(groups)))
    found = [
        np.mean(answer == truth),
        recall_score(truth, answer, labels=seen, average="macro", zero_division=0),
        f1_score(truth, answer, labels=seen, average="macro", zero_division=0),
    ]
    return [f"{100 * value:.1f}" for value in found] + [mean_angle(head, probabilities.argmax(axis=1), labels)]


def ranking(answers: dict, clips: list[Clip], signs: dict[str, Labels]) -> list[list[str]]:
    """How far up the gloss of each clip stands among those of the lexicon, which no answer was trained on."""
    variants = {gloss: [labels] for gloss, labels in signs.items()}
    rows = [["chance", "", *(f"{100 * min(1, top / len(signs)):.1f}" for top in (1, 5))]]
    for name, found in answers.items():
        places = []
        for index, clip in enumerate(clips):
            shares = {head: list(zip(ATTRIBUTES[head], found[head][index], strict=True)) for head in found}
            places.append([gloss for gloss, _ in rank(shares, variants)].index(clip.labels["gloss"]))
        tops = [f"{100 * np.mean(np.array(places) < top):.1f}" for top in (1, 5)]
        rows.append([name, f"{len(clips)} clips, {len(signs)} glosses", *tops])
    return rows


def mean_angle(head: str, answers: np.ndarray, labels: list[frozenset[str]]) -> str:
    """Mean angle between answer and label, in degrees; of a palm, about the fingers."""
    if head not in (DIRECTION, PALM):
        return ""
    truth = np.array([ATTRIBUTES[head].index(next(iter(label))) for label in labels])
    if head == PALM:
        steps = np.abs(answers - truth) % 8
        return f"{45 * np.minimum(steps, 8 - steps).mean():.0f}°"
    vectors = finger_vectors()
    return f"{np.degrees(np.arccos((vectors[answers] * vectors[truth]).sum(axis=1).clip(-1, 1))).mean():.0f}°"


def main(
    data: Annotated[Path, typer.Argument(help="What `slr train` takes, its videos extracted.")],
    asl_lex: Annotated[Path | None, typer.Option(help="A table of ASL-LEX 2.0, by gloss.")] = None,
    lexicon: Annotated[Path | None, typer.Option(help="A table with columns gloss and hamnosys.")] = None,
    skeleton: Annotated[str, typer.Option(help="The layout that describes keypoint arrays.")] = "mediapipe_75",
    split: Annotated[str, typer.Option(help="train, val or test; by default all clips.")] = "",
    model: Annotated[list[Path] | None, typer.Option(help="A trained model, to stand beside geometry.")] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Write the labels there, beside DATA, to train on; no table.")
    ] = None,
) -> None:
    by_gloss = labels_of_asl_lex(asl_lex) if asl_lex else labels_of_lexicon(lexicon) if lexicon else None
    clips = [clip for clip in read_dataset(data) if not split or clip.split == split]
    labels = [by_gloss.get(clip.labels["gloss"], {}) if by_gloss else own_labels(clip) for clip in clips]
    clips, labels = zip(*[(clip, found) for clip, found in zip(clips, labels, strict=True) if found], strict=True)
    if manifest:
        write_manifest(manifest, clips, labels)
        return
    layout = Skeleton.load(skeleton)
    files = PoseFiles()
    kept = [files.of(clip.job(default_estimator())) if clip.is_video else None for clip in clips]
    read = track(zip(clips, kept, strict=True), "reading", len(clips), console=PROGRESS)
    poses = [clip.read(layout, file) for clip, file in read]
    measured = by_geometry(poses)
    answers = {"geometry": measured} | by_package(poses, measured)
    for path in model or []:
        name = f"{path.parent.name}/{path.stem}"
        answers |= beside_geometry(name, f"{name}, both", path, poses, measured)
    if by_gloss:
        signs = {gloss: found for gloss, found in by_gloss.items() if found}
        print(table(["glosses ranked by their attributes", *RANKS], ranking(answers, clips, signs)) + "\n")
    rows = []
    for head in ATTRIBUTES:
        chosen = [index for index, found in enumerate(labels) if head in found]
        if chosen:
            truth = [labels[index][head] for index in chosen]
            most = max(truth.count(label) for label in set(truth)) / len(truth)
            row = [head, str(len(chosen)), str(len(set(truth))), f"{100 * most:.1f}"]
            for found in answers.values():
                row += scores(head, found[head][chosen], truth) if head in found else ["-"] * len(METRICS)
            rows.append(row)
    prefixes = ["" if len(answers) == 1 else f"{name}: " for name in answers]
    columns = ["head", "clips", "classes", "majority", *[f"{name}{m}" for name in prefixes for m in METRICS]]
    print(table(columns, rows))


if __name__ == "__main__":
    typer.run(main)
