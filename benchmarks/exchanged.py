"""Are poses of two engines as good, and may a model be asked with those of the other?

    python benchmarks/exchanged.py ONE TWO ONE TWO ...

Manifests in pairs, with the same clips and the same split, and with poses of one engine each, as of

    slr extract-pose videos -o one --engine mediapipe
    slr extract-pose videos -o two --engine litert

A model is trained on each, as by `benchmarks/results.py`, and asked with both. Clips count that have as many frames in
both, of the same size: keypoints may have been found when a video was another file.
"""

from pathlib import Path

import numpy as np
import typer
from baselines import ours
from trials import Data, Epochs, Jobs, Output, Seeds, Split, Trial, load, run_all, table

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
        glosses = [splits[0].clips("val")[row].labels["gloss"] for row in kept]
        keypoints = [[split.keypoints("val")[row] for row in kept] for split in splits]
        for trial in trials:
            recognizer = Recognizer.load(output / trial.name / CHECKPOINT)
            for asked, clips in enumerate(keypoints):
                found = recognizer.probabilities(clips)["gloss"].argmax(axis=1)
                said = np.take(recognizer.labels["gloss"], found)
                right[pair.index(trial.data), asked] += (said == glosses).sum()
    rows = [[name, *(f"{100 * count / answers:.1f}" for count in right[row])] for row, name in enumerate("12")]
    print(f"Top-1 of {answers} answers\n\n{table(['learnt from', 'asked with 1', 'asked with 2'], rows)}")


def in_both(one: Split, two: Split) -> list[int]:
    """Which val clips, in the same order in both, have as many frames of the same size."""
    poses = [[Pose.read(clip.path) for clip in split.clips("val")] for split in (one, two)]
    frames = [[(len(pose.keypoints), pose.width, pose.height) for pose in part] for part in poses]
    return [row for row, (mine, theirs) in enumerate(zip(*frames, strict=True)) if mine == theirs]


if __name__ == "__main__":
    typer.run(main)
