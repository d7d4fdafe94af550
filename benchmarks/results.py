"""What `slr train` with no option reaches: `python benchmarks/results.py DATA...` trains it with several seeds.

Beside each seed's own figures: what averaging the seeds' probabilities would add, and the calibration error where the
temperature was found on other signers than it is measured on. Folds that a data set does not name are ours, see trials.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import typer
from baselines import ours
from scipy.special import softmax
from sklearn.model_selection import GroupKFold
from trials import (
    Data,
    Epochs,
    Folds,
    Jobs,
    Output,
    Seeds,
    Trial,
    all_folds,
    load,
    percent_over_seeds,
    run_all,
    table,
    title,
)

from slr_pose.evaluation.clips import score
from slr_pose.evaluation.marks import mark
from slr_pose.model.calibration import temperature
from slr_pose.recognition.export import export_onnx
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.runs import CHECKPOINT

GROUPS = ("unseen signers", "all clips")


def answers(trial: Trial, folder: Path) -> tuple[np.ndarray, np.ndarray, list]:
    """Probabilities (clips, classes) on the val clips, their labels, and the clips."""
    split = load(trial.data, trial.fold)
    recognizer = Recognizer.load(folder / trial.name / CHECKPOINT)
    clips, names = split.clips("val"), split.classes["gloss"]
    labels = np.array([names.index(clip.labels["gloss"]) for clip in clips])
    return recognizer.probabilities(split.keypoints("val"))["gloss"], labels, clips


def ensemble(found: list[tuple]) -> tuple[float, float]:
    """Top-1 and top-5 of the mean of the seeds' probabilities."""
    mean = np.mean([probabilities for probabilities, _, _ in found], axis=0)
    together = score(mark(mean, found[0][1]))
    return together.top1, together.top5


def honest_calibration_error(probabilities: np.ndarray, labels: np.ndarray, clips: list) -> float:
    """With temperatures of up to five groups of signers, each found on the others."""
    logits = np.log(probabilities.clip(1e-12))  # a temperature that is in them only scales what is found here
    calibrated = np.zeros_like(probabilities)
    signers = [clip.signer or str(number) for number, clip in enumerate(clips)]
    for fitted, measured in GroupKFold(min(5, len(set(signers)))).split(logits, labels, signers):
        calibrated[measured] = softmax(logits[measured] / temperature(logits[fitted], labels[fitted]), axis=1)
    return score(mark(calibrated, labels)).calibration_error


def latency_ms(checkpoint: Path) -> float:
    """Fastest of 200 answers of the exported file to a clip of 64 frames, on one core."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        export_onnx(checkpoint, file)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(file.read_bytes(), options, providers=["CPUExecutionProvider"])
    joints = session.get_inputs()[0].shape[2]
    random = np.random.default_rng(0)
    clip = random.uniform(0, 300, (1, 64, joints, 4)).astype(np.float32)
    clip[..., 3] = 1
    samples = np.linspace(0, 63, 32, dtype=np.float32)[None]
    times = []
    for _ in range(200):
        start = time.perf_counter()
        session.run(None, {"keypoints": clip, "frames": np.array([64]), "times": samples})
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def main(
    data: Data,
    epochs: Epochs = None,
    seeds: Seeds = 3,
    folds: Folds = 5,
    jobs: Jobs = 2,
    output: Output = Path("runs/baselines"),
) -> None:
    recipe = (("epochs", epochs),)
    rows, more = [], []
    for name in data:
        trials = [t for seed in range(seeds) for t in all_folds(Trial("ours", name, ours, 0, seed, recipe), folds)]
        figures = run_all(trials, jobs, output)
        for group in GROUPS:
            found = [f for f in figures if f"{group} top1" in f]
            if found:
                metrics = ("top1", "top5", "macro_f1", "calibration_error", "sure", "sure_top1")
                clips = sum(f[f"{group} clips"] for f in found if f["seed"] == 0)
                spreads = [percent_over_seeds(found, f"{group} {metric}") for metric in metrics]
                rows.append([title(name), group, str(clips), *spreads])
        by_fold = [[answers(t, output) for t in trials if t.fold == fold] for fold in {t.fold for t in trials}]
        together = 100 * np.mean([ensemble(found) for found in by_fold], axis=0)
        honest = [100 * honest_calibration_error(*found) for fold in by_fold for found in fold]
        minutes = [f["seconds"] / 60 for f in figures]
        more.append(
            [
                title(name),
                f"{together[0]:.1f} / {together[1]:.1f}" if seeds > 1 else "-",
                f"{np.mean(honest):.1f}",
                f"{figures[0]['parameters'] / 1e6:.2f}",
                f"{min(minutes):.1f} to {max(minutes):.1f}",
                f"{latency_ms(output / trials[0].name / CHECKPOINT):.1f}",
            ]
        )
    columns = ["top-1", "top-5", "macro-F1", "calibration error", "sure", "right when sure"]
    print(table(["data", "clips of", "clips", *columns], rows), end="\n\n")
    columns = ["top-1 / top-5 of the seeds together", "calibration error, other signers' temperature"]
    print(table(["data", *columns, "M parameters", "minutes on one core", "ms a clip"], more))


if __name__ == "__main__":
    typer.run(main)
