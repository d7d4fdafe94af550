"""What it is worth to know which sign often follows which, `slr annotate --glosses`:

    python benchmarks/grammar.py clips.csv --ours runs/signing

A made-up language: four times in five, one of three signs follows each, else any. Its sentences are made of the val
clips of one source, of whoever signs them; the sentences that are known are 50 or 300 others of the same language.
docs/continuous.md has the table.
"""

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from continuous import read, readings_table, shown
from sequences import FEWEST, MOST, VARIANTS, Recording, Sequence, Variant, joined, read_recordings

from slr_pose.pose import Pose
from slr_pose.recognition.bigrams import bigrams
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import Stream
from slr_pose.timeline import Timeline

FOLLOWERS, OFTEN = 3, 0.8  # signs that mostly follow each, and how often one of them does
KNOWN = (50, 300)  # sentences


class Grammar:
    """Which sign follows which; drawn by a seed."""

    def __init__(self, glosses: list[str], seed: int):
        random = np.random.default_rng(seed)
        self.glosses = sorted(glosses)
        self.after = np.full((len(glosses), len(glosses)), (1 - OFTEN) / len(glosses))
        for row in self.after:
            row[random.choice(len(glosses), FOLLOWERS, replace=False)] += OFTEN / FOLLOWERS

    def next(self, before: str | None, there: set[str], random: np.random.Generator) -> str:
        """A sign of those that are there."""
        shares = self.after[self.glosses.index(before)] if before else np.ones(len(self.glosses))
        shares = shares * [gloss in there for gloss in self.glosses]
        return str(random.choice(self.glosses, p=shares / shares.sum()))

    def text(self, sentences: int, seed: int) -> list[list[str]]:
        random, found = np.random.default_rng(seed), []
        for _ in range(sentences):
            found.append([self.next(None, set(self.glosses), random)])
            for _ in range(int(random.integers(FEWEST, MOST + 1)) - 1):
                found[-1].append(self.next(found[-1][-1], set(self.glosses), random))
        return found

    def signed(self, recordings: list[Recording], variant: Variant, sequences: int, seed: int) -> list[Sequence]:
        """Sentences out of the recordings of one source, each of which stands in a sentence once at most."""
        by_source = defaultdict(list)
        for recording in recordings:
            by_source[recording.source].append(recording)
        pools = [pool for pool in by_source.values() if len(pool) >= len(self.glosses)]
        random = np.random.default_rng(seed)
        return [self._sequence(pools[n % len(pools)], variant, f"{variant}-{n}", random) for n in range(sequences)]

    def _sequence(self, pool: list[Recording], variant: Variant, name: str, random: np.random.Generator) -> Sequence:
        left, chosen = list(pool), []
        for _ in range(int(random.integers(FEWEST, MOST + 1))):
            gloss = self.next(chosen[-1].gloss if chosen else None, {recording.gloss for recording in left}, random)
            fitting = [recording for recording in left if recording.gloss == gloss]
            chosen.append(fitting[int(random.integers(len(fitting)))])
            left = [recording for recording in left if recording is not chosen[-1]]
        return joined(chosen, variant, name, random)


def reader(recognizer: Recognizer, following: np.ndarray | None):
    def answer(pose: Pose) -> Timeline:
        keypoints = recognizer.skeleton.select(pose)
        return Stream(recognizer, pose.fps, pose.start_s, following).read(keypoints, pose.name)

    return answer


def main(
    data: Annotated[Path, typer.Argument(help="A manifest of keypoints, as `slr train` takes it.")],
    model: Annotated[Path, typer.Option("--ours", help="A model that reads signing.")],
    sequences: Annotated[int, typer.Option(min=1, help="Of each variant.")] = 30,
    seed: Annotated[int, typer.Option(help="Of the language and its sentences.")] = 0,
) -> None:
    torch.set_num_threads(1)
    recognizer = Recognizer.load(model)
    learnt = recognizer.labels["gloss"]
    met = {recording.signer for recording in read_recordings(data, "train")} - {None}
    unseen = [r for r in read_recordings(data, "val") if r.signer not in met and r.gloss in learnt]
    grammar = Grammar(learnt, seed)
    videos = {variant: shown(grammar.signed(unseen, variant, sequences, seed)) for variant in VARIANTS}
    readers = {"without sentences": reader(recognizer, None)}
    for known in KNOWN:
        readers[f"with {known} sentences"] = reader(recognizer, bigrams(grammar.text(known, seed + 1), learnt))
    answers = {name: {v: read(each, some) for v, some in videos.items()} for name, each in readers.items()}
    print(readings_table(answers)[0])


if __name__ == "__main__":
    typer.run(main)
