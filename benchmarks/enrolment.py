"""How well signs are told that a model was only shown: `python benchmarks/enrolment.py clips.csv [--model MODEL]`.

Of each gloss that the model was not trained on, a few train clips are drawn and enrolled; the val clips are answered.
`--lexicon LEXICON` does so with a sign of synthetic signers for each notation: one signer shows it, another signs it.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from sklearn.metrics import roc_auc_score
from trials import load, spread, table

from slr_pose.cli.progress import progress
from slr_pose.data.clip import Clip
from slr_pose.hamnosys.lexicon import read_lexicon
from slr_pose.info import EMBEDDING, READ
from slr_pose.model.checkpoint import START
from slr_pose.pose import Pose
from slr_pose.recognition.enrolment import Prototypes, directions, enrolled
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.signer.planned_clip import plan
from slr_pose.signer.synthesis import make

LEFT_OUT = 3  # one gloss of as many is not shown, to see whether its clips are called unknown


def drawn(glosses: np.ndarray, wanted: list[str], clips: int, random: np.random.Generator) -> list[int]:
    """That many rows of each of the glosses."""
    order = random.permutation(len(glosses))
    return [row for gloss in wanted for row in [row for row in order if glosses[row] == gloss][:clips]]


def of_data_set(data: str, recognizer: Recognizer, amounts: list[int], draws: int) -> Iterator[list[str]]:
    """A row of the table for each number of clips."""
    split, info = load(data, 0), recognizer.info
    found = {part: recognizer.probabilities(split.keypoints(part)) for part in ("train", "val")}
    glosses = {part: np.array([clip.labels[READ] for clip in split.clips(part)]) for part in found}
    seen = {clip.signer for clip in split.clips("train")}
    unseen = np.array([clip.signer not in seen for clip in split.clips("val")])
    true = glosses["val"][unseen]
    trained = info.labels[READ]
    new = [gloss for gloss in split.classes[READ] if gloss not in trained]
    named, asked = (found["val"][name][unseen] for name in (READ, EMBEDDING))
    for amount in amounts:
        figures = []
        for draw in range(draws):
            random = np.random.default_rng(draw)
            rows = drawn(glosses["train"], new, amount or len(glosses["train"]), random)
            shown = enrolled(info, [str(glosses["train"][row]) for row in rows], found["train"][EMBEDDING][rows])
            prototypes = Prototypes(shown)
            ranking = np.array(prototypes.glosses)[np.argsort(-prototypes.together(named, asked)[0], axis=1)]
            right = ranking[:, :5] == true[:, None]
            is_new = np.isin(true, new)
            part = set(random.permutation(new)[len(new) // LEFT_OUT :])
            some = [row for row in rows if glosses["train"][row] in part]
            fewer = enrolled(info, [str(glosses["train"][row]) for row in some], found["train"][EMBEDDING][some])
            _, known = Prototypes(fewer).together(named[is_new], asked[is_new])
            auroc = roc_auc_score(np.isin(true[is_new], list(part)), known)
            of_trained = right[~is_new, 0].mean() if not is_new.all() else np.nan
            figures.append([right[is_new, 0].mean(), right[is_new].any(axis=1).mean(), of_trained, auroc])
        columns = [100 * np.array(column) for column in zip(*figures, strict=True)]
        cells = ["-" if np.isnan(column).any() else spread(column) for column in columns]
        yield [str(amount or "all"), str(is_new.sum()), *cells]


def of_lexicon(lexicon: Path, recognizer: Recognizer, seed: int) -> str:
    """Mean reciprocal rank of a second signer's signs among all that the first one has shown."""
    notations, _ = read_lexicon(lexicon)
    with tempfile.TemporaryDirectory() as folder:
        signs = {notation: [notation] for variants in notations.values() for notation in variants}
        planned = plan(signs, Path(folder), 2, 1, seed, pose_only=True)
        with progress() as show:
            make(planned, on_event=show)
        found = [
            recognizer.probabilities([recognizer.skeleton.select(Pose.read(clip.file))])[EMBEDDING][0]
            for clip in planned
        ]
    shown, asked = np.array(found[::2]), np.array(found[1::2])  # of each sign by the first signer, and by the second
    info = enrolled(recognizer.info, list(signs), shown)
    started = time.perf_counter()
    prototypes = Prototypes(info)
    loaded_s = time.perf_counter() - started
    started = time.perf_counter()
    similarity = np.concatenate([prototypes.similarity(one[None]) for one in asked])
    each_ms = 1000 * (time.perf_counter() - started) / len(asked)
    own = np.diagonal(similarity)[:, None]
    ranks = 1 + (similarity > own).sum(axis=1)
    return (
        f"{len(signs)} signs: MRR {np.mean(1 / ranks):.3f}, top-1 {np.mean(ranks == 1):.1%}, among the first ten"
        f" {np.mean(ranks <= 10):.1%}; {each_ms:.1f} ms a clip beside the network, {loaded_s:.1f} s to begin"
    )


def of_pairs(data: str, recognizer: Recognizer) -> str:
    """How alike pairs of train clips are, in deciles: of one sign by two people, and of two signs."""
    split = load(data, 0)
    clips = split.clips("train")
    found = directions(recognizer.probabilities(split.keypoints("train"))[EMBEDDING], recognizer.info)
    alike = found @ found.T
    glosses, signers = (np.array([of(clip) for clip in clips]) for of in (_gloss, _signer))
    same, other = glosses[:, None] == glosses, signers[:, None] != signers
    deciles = [np.quantile(alike[pairs & other], np.linspace(0, 1, 11)).round(2) for pairs in (same, ~same)]
    return "\n".join(
        f"{what}: {', '.join(map(str, each))}" for what, each in zip(("one sign", "two signs"), deciles, strict=True)
    )


def _gloss(clip: Clip) -> str:
    return clip.labels[READ]


def _signer(clip: Clip) -> str:
    return clip.signer or clip.name


def main(
    data: Annotated[str | None, typer.Argument(help="What `slr train` takes, with a split.")] = None,
    model: Annotated[Path, typer.Option(help="By default the one that comes with slr.")] = START,
    clips: Annotated[list[int] | None, typer.Option(help="Clips of each gloss that are shown; 0 for all.")] = None,
    draws: Annotated[int, typer.Option(help="Times that they are drawn.")] = 10,
    lexicon: Annotated[Path | None, typer.Option(help="CSV with columns gloss and hamnosys.")] = None,
    seed: Annotated[int, typer.Option(help="Of the synthetic signers.")] = 77,
) -> None:
    recognizer = Recognizer.load(model)
    if data:
        columns = ["clips of each sign", "val clips", "top-1", "top-5", "trained signs, top-1", "AUROC, shown or not"]
        print(table(columns, of_data_set(data, recognizer, clips or [1, 2, 5, 0], draws)))
        print(of_pairs(data, recognizer))
    if lexicon:
        print(of_lexicon(lexicon, recognizer, seed))


if __name__ == "__main__":
    typer.run(main)
