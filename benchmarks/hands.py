"""How often `slr annotate` says rightly which hands sign, the times of each sign given:

    python benchmarks/hands.py lexicon.csv --clips clips.csv --types asllex_attributes.csv

Of sentences that synthetic signers sign, seven signs of a lexicon each, with MediaPipe's errors; and of clips of real
signers, whether one hand signs or both, beside the SignType of ASL-LEX for their glosses. docs/elan.md has the figures.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_args

import numpy as np
import typer
from sequences import read_recordings

from slr_pose.hamnosys import parse
from slr_pose.hamnosys.lexicon import read_lexicon
from slr_pose.recognition.hands import hands_of
from slr_pose.signer.choreography import Pace
from slr_pose.signer.noise import as_extracted
from slr_pose.signer.performance import perform, rehearse
from slr_pose.signer.person import Signer
from slr_pose.signer.sentences import PAUSES, SIGN_S
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.timeline import Hand

SENTENCES, SIGNS = 80, 7

Answer = tuple[str, bool]  # what it is about, and whether it is right


def main(
    lexicon: Path,
    clips: Annotated[Path | None, typer.Option(help="Manifest of clips with their keypoints.")] = None,
    types: Annotated[Path | None, typer.Option(help="Table with gloss and SignType.2.0, of ASL-LEX.")] = None,
) -> None:
    report(of_sentences(lexicon))
    for split in ("train", "val") if clips and types else ():
        report((f"{split}, {kind}", right) for kind, right in of_clips(clips, types, split))


def report(answers: Iterator[Answer]) -> None:
    right: Counter[str] = Counter()
    all_: Counter[str] = Counter()
    for about, is_right in answers:
        right[about] += is_right
        all_[about] += 1
    for about, number in sorted(all_.items()):
        print(f"| {about} | {number} | {100 * right[about] / number:.1f} |")


def of_sentences(lexicon: Path) -> Iterator[Answer]:
    """Each sign of a sentence: whether the hands are those that the signer signs with."""
    notations = [parse(notation) for variants in read_lexicon(lexicon)[0].values() for notation in variants]
    skeleton = Skeleton.load(DEFAULT)
    for number in range(SENTENCES):
        random = np.random.default_rng([number, 1])
        signs = [notations[place] for place in random.integers(len(notations), size=SIGNS)]
        signer, pace = Signer.draw(number), Pace(random.uniform(*SIGN_S), PAUSES)
        performance = perform(signs, signer, number, pace=pace)
        truth = rehearse(signs, signer, number, pace)
        keypoints = skeleton.select(as_extracted(performance.pose(), random))
        for times_s, signing in zip(truth.signs, truth.hands, strict=True):
            first, last = np.round(times_s * performance.fps).astype(int)
            expected = tuple(hand for hand, signs in zip(get_args(Hand), signing, strict=True) if signs)
            found = hands_of(skeleton, keypoints[first : last + 1])
            yield f"synthetic, {len(expected)}-handed", found == expected


def of_clips(clips: Path, types: Path, split: str) -> Iterator[Answer]:
    """The active part of each clip: whether as many hands sign as the gloss has."""
    with open(types, encoding="utf-8", newline="") as file:
        kinds = {row["gloss"]: row["SignType.2.0"] for row in csv.DictReader(file)}
    for recording in read_recordings(clips, split):
        if kind := kinds.get(recording.gloss):
            frames = slice(*(round(time_s * recording.fps) for time_s in recording.active))
            keypoints = np.concatenate([recording.positions, recording.confidence[..., None]], axis=-1)[frames]
            number = 1 if kind == "OneHanded" else 2
            yield f"{number}-handed", len(hands_of(recording.skeleton, keypoints)) == number


if __name__ == "__main__":
    typer.run(main)
