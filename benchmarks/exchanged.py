"""Are poses of two engines as good, and may a model be asked with those of the other?

    python benchmarks/exchanged.py ONE TWO ONE TWO ...

Manifests in pairs, with the same clips and the same split, and with poses of one engine each, as of

    slr extract-pose videos -o one --engine mediapipe
    slr extract-pose videos -o two --engine litert

A model is trained on each, as by `benchmarks/results.py`, and asked with both. Clips count that have as many frames in
both, of the same size: keypoints may have been found when a video was another file.
"""

from itertools import product
from pathlib import Path

import numpy as np
import typer
from baselines import ours
from trials import Data, Epochs, Jobs, Output, Seeds, Trial, load, run_all, table

from slr_pose.pose import Pose
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.runs import CHECKPOINT


def main(
    data: Data, epochs: Epochs = None, seeds: Seeds = 3, jobs: Jobs = 2, output: Output = Path("runs/baselines")
) -> None:
    right, answers = np.zeros((2, 2), int), 0
    for pair in zip(data[::2], data[1::2], strict=True):
        trials = [Trial("ours", name, ours, 0, seed, (("epochs", epochs),)) for seed in range(seeds) for name in pair]
        run_all(trials, jobs, output)
        splits = [load(name, 0) for name in pair]
        kept = in_both(*splits)
        answers += seeds * len(kept)
        for trial, (asked, split) in product(trials, enumerate(splits)):
            recognizer = Recognizer.load(output / trial.name / CHECKPOINT)
            clips, keypoints = split.clips("val"), split.keypoints("val")
            found = recognizer.probabilities([keypoints[row] for row in kept])["gloss"].argmax(axis=1)
            said = [recognizer.labels["gloss"][label] for label in found]
            right[pair.index(trial.data), asked] += sum(
                clips[row].labels["gloss"] == gloss for row, gloss in zip(kept, said, strict=True)
            )
    rows = [[name, *(f"{100 * count / answers:.1f}" for count in right[row])] for row, name in enumerate("12")]
    print(f"Top-1 of {answers} answers\n\n{table(['learnt from', 'asked with 1', 'asked with 2'], rows)}")


def in_both(one, two) -> list[int]:
    """Which val clips, in the same order in both, have as many frames of the same size."""
    frames = [[(len(pose.keypoints), pose.width, pose.height) for pose in poses(split)] for split in (one, two)]
    return [row for row, (mine, theirs) in enumerate(zip(*frames, strict=True)) if mine == theirs]


def poses(split) -> list[Pose]:
    return [Pose.read(clip.path) for clip in split.clips("val")]


if __name__ == "__main__":
    typer.run(main)
