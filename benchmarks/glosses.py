"""What many glosses cost: `python benchmarks/glosses.py` scores simulated answers, looks for wrong labels, and trains,
saves and exports.

The answers of the evaluation are simulated, 70 % of them right, and come a few clips at a time, as of a network; the
keypoints of its clips are all the same ones. Everything else is as in `slr evaluate`. The signs of the check are points
about one for each gloss, one in a hundred with a wrong label. Each row is a process of its own.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from store import Peak, timed
from trials import table

from slr_pose.checks.likeness import NUMBERS
from slr_pose.data.batches import Batch, Signs
from slr_pose.data.clip import Clip
from slr_pose.evaluation.clips import _macro_f1, evaluate
from slr_pose.evaluation.marks import Marks
from slr_pose.info import ModelConfig, ModelInfo, Prototype, TrainingInfo
from slr_pose.model.checkpoint import save_checkpoint
from slr_pose.model.network import SIZES, SignModel
from slr_pose.recognition.export import export_onnx
from slr_pose.recognition.recognizer import BATCH, Recognizer
from slr_pose.roads.check import _by_others, _wrong_labels
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.training.module import SIGNS, Training
from slr_pose.training.recipe import Recipe

RIGHT = 0.7  # of the simulated answers
WRONG = 0.01  # of the simulated labels
STEPS, FRAMES = 12, 65

Counts = Annotated[list[str] | None, typer.Argument(metavar="GLOSSESxCLIPS...", help="E.g. 2400x100000.")]


def main(
    counts: Counts = None,
    size: Annotated[list[str] | None, typer.Option(help="Of the networks that are trained.")] = None,
    without_export: Annotated[bool, typer.Option("--without-export", help="Write no ONNX files.")] = False,
) -> None:
    pairs = [tuple(map(int, each.split("x"))) for each in counts or ["100x10000", "2400x100000", "20000x1000000"]]
    columns = ["evaluate s", "ms a clip", "macro-F1 and interval s", "memory MB", "KB a clip"]
    rows = [[f"{glosses:,}", f"{clips:,}", *measured("scores", glosses, clips)] for glosses, clips in pairs]
    print(table(["glosses", "clips", *columns], rows), flush=True)
    columns = ["labels s", "ms a clip", "memory MB", "wrong labels found"]
    rows = [[f"{glosses:,}", f"{clips:,}", *measured("labels", glosses, clips)] for glosses, clips in pairs]
    print(table(["glosses", "clips", *columns], rows), flush=True)
    columns = ["ms a step", "memory MB", "answer, ms a clip", "checkpoint MB", "ONNX MB"]
    what = "network" if without_export else "exported"
    rows = [
        [name, f"{glosses:,}", *measured(what, name, glosses, clips)]
        for name in size or ["tiny", "base"]
        for glosses, clips in pairs
    ]
    print(table(["size", "glosses", *columns], rows))


def measured(*what: str | int) -> list[str]:
    """The figures of a process of its own."""
    found: list[str] = json.loads(subprocess.check_output([sys.executable, __file__, "--measure", *map(str, what)]))
    return found


def info_of(glosses: int, clips: int, config: ModelConfig) -> ModelInfo:
    """What travels with a model of that many glosses and clips."""
    names = [f"gloss number {number}" for number in range(glosses)]
    seen = {"train": b"01234567" * clips, "val": b""}
    prototypes = {name: Prototype(16, bytes(2 * config.width)) for name in names}
    return ModelInfo(
        skeleton=Skeleton.load(DEFAULT).toml,
        labels={"gloss": names},
        model=config,
        training=TrainingInfo(clip_ids=seen),
        centre=bytes(4 * config.width),
        prototypes=prototypes,
    )


def scores(glosses: int, clips: int) -> list[str]:
    """Seconds and memory of an evaluation whose answers are simulated."""
    info, random = info_of(glosses, 1, SIZES["tiny"]), np.random.default_rng(0)
    names, joints = info.labels["gloss"], len(info.layout().joints)
    labels = random.integers(0, glosses, clips)
    answers = np.where(random.random(clips) < RIGHT, labels, random.integers(0, glosses, clips))
    others = random.random((BATCH, glosses), dtype=np.float32)
    others *= np.linspace(0.1, 0.9, BATCH, dtype=np.float32)[:, None] / others.sum(axis=1, keepdims=True)
    left, asked = 1 - others.sum(axis=1), 0

    def run(keypoints: np.ndarray, frames: np.ndarray, times: np.ndarray) -> dict[str, np.ndarray]:
        nonlocal asked
        rows, found = np.arange(len(frames)), others[: len(frames)].copy()
        found[rows, answers[asked : asked + len(frames)]] += left[: len(frames)]
        asked += len(frames)
        return {"gloss": found}

    labelled = [{"gloss": name} for name in names]
    shown = [Clip(Path("a.pose"), labelled[label]) for label in labels.tolist()]
    signs = Signs(shown, [np.ones((2, joints, 4), np.float32)] * clips, [25.0] * clips, list(range(clips)))
    peak = Peak()
    time.sleep(0.1)
    before = peak.anonymous
    found, seconds = timed(lambda: evaluate(Recognizer(info, run), signs))
    assert abs(found.scores["all clips"]["gloss"].top1 - RIGHT) < 0.05
    ones = np.ones(clips)
    (_, interval), f1_s = timed(lambda: _macro_f1(Marks(labels, answers, ones, ones, ones, ones), 0))
    assert interval[0] < interval[1]
    taken = (peak.anonymous - before) / 1024
    return [
        f"{seconds:.1f}",
        f"{1000 * seconds / clips:.2f}",
        f"{f1_s:.1f}",
        f"{taken:.0f}",
        f"{1024 * taken / clips:.2f}",
    ]


def wrong_labels(glosses: int, clips: int) -> list[str]:
    """Seconds and memory of the look for wrong labels of `slr check`, and the share of them that it finds."""
    random = np.random.default_rng(0)
    labels = random.integers(0, glosses, clips)
    points = random.normal(0, 1, (clips, NUMBERS)).astype(np.float32)
    points += random.normal(0, 1, (glosses, NUMBERS)).astype(np.float32)[labels]
    wrong = random.random(clips) < WRONG
    labels[wrong] = random.integers(0, glosses, wrong.sum())
    shown = [
        Clip(Path("a.pose"), {"gloss": f"{label}"}, signer=f"{row % 37}") for row, label in enumerate(labels.tolist())
    ]
    signs = Signs(shown, [np.ones((2, 1, 4), np.float32)] * clips, [25.0] * clips, list(range(clips)))
    peak = Peak()
    time.sleep(0.1)
    before = peak.anonymous
    found, seconds = timed(lambda: _wrong_labels(signs, _by_others(signs, points)))
    listed = np.array([finding.signs[0] for finding in found])
    taken = (peak.anonymous - before) / 1024
    share = wrong[listed].sum() / wrong.sum()
    return [f"{seconds:.1f}", f"{1000 * seconds / clips:.2f}", f"{taken:.0f}", f"{share:.0%}"]


def network(size: str, glosses: int, clips: int, exported: bool) -> list[str]:
    """What a network of that many glosses takes to train, to answer, and on the disk; on a GPU where there is one."""
    skeleton, device = Skeleton.load(DEFAULT), "cuda" if torch.cuda.is_available() else "cpu"
    peak, random = Peak(), np.random.default_rng(0)
    training = Training(SignModel(skeleton, {"gloss": glosses}, SIZES[size]).train(), skeleton, Recipe(), STEPS).to(
        device
    )
    keypoints = random.normal(300, 60, (BATCH, FRAMES, len(skeleton.joints), 4)).astype(np.float32)
    keypoints[..., 3] = 1
    labels = {"gloss": torch.from_numpy(random.integers(0, glosses, BATCH)).to(device)}
    frames = torch.full((BATCH,), FRAMES, device=device)
    batch: Batch = (torch.from_numpy(keypoints).to(device), frames, torch.full((BATCH,), 25.0, device=device), labels)
    optimizer = training.configure_optimizers()["optimizer"]

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            loss = training.training_step({SIGNS: batch}, 0)
        loss.backward()
        optimizer.step()
        training.on_train_batch_end()
        loss.item()

    took = [timed(step)[1] for _ in range(STEPS)]
    memory = torch.cuda.max_memory_allocated() >> 20 if device == "cuda" else peak.anonymous >> 10
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, file = Path(folder) / "model.safetensors", Path(folder) / "model.onnx"
        weights = {name: weight.cpu().contiguous() for name, weight in training.learnt.state_dict().items()}
        save_checkpoint(checkpoint, weights, info_of(glosses, clips, SIZES[size]))
        recognizer = Recognizer.load(checkpoint)
        some = [keypoints[0]] * (8 * BATCH)
        answer = [timed(lambda: sum(1 for _ in recognizer.answers(some)))[1] for _ in range(3)]
        if exported:
            export_onnx(checkpoint, file)
        sizes = [f"{each.stat().st_size / 1e6:.1f}" if each.exists() else "-" for each in (checkpoint, file)]
    return [f"{1000 * statistics.median(took):.0f}", f"{memory}", f"{1000 * min(answer) / len(some):.2f}", *sizes]


if __name__ == "__main__":
    if sys.argv[1:3] == ["--measure", "scores"]:
        print(json.dumps(scores(*map(int, sys.argv[3:]))))
    elif sys.argv[1:3] == ["--measure", "labels"]:
        print(json.dumps(wrong_labels(*map(int, sys.argv[3:]))))
    elif sys.argv[1:2] == ["--measure"]:
        print(json.dumps(network(sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[2] == "exported")))
    else:
        typer.run(main)
