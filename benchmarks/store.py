"""What many clips cost: `python benchmarks/store.py` loads and trains on 1,000, 10,000 and 100,000 pose files.

The files are hard links to a few hundred different ones, which are opened and read one by one all the same. Each row is
a process of its own, with a cache of its own that is removed behind it: 100,000 clips take 5 GB there.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch.utils.data import DataLoader
from trials import table

from slr_pose.data.batches import Batches, LabelledClips, collate
from slr_pose.data.labels import class_names
from slr_pose.data.manifest import read_dataset
from slr_pose.data.split import clip_ids, split_clips
from slr_pose.data.store import load
from slr_pose.model.network import SIZES, SignModel
from slr_pose.pose import Pose
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.training.module import SIGNS, Training
from slr_pose.training.recipe import Recipe

DIFFERENT = 400  # files
GLOSSES = 200
FRAMES = 60  # of a clip in the middle; most have 30 to 120, as those of 30 ASL signs from the web
STEPS = 60


def main(
    counts: Annotated[list[int] | None, typer.Argument(help="How many clips.")] = None,
    size: Annotated[str, typer.Option(help="Of the network.")] = "tiny",
) -> None:
    columns = ["clips", "first load s", "again s", "split, identities s", "epoch of reading s", "ms a step"]
    columns += ["waiting for data", "memory MB", "with mapped pages MB"]
    rows = []
    with tempfile.TemporaryDirectory(prefix="slr-bench-") as folder:
        originals = write_originals(Path(folder) / "originals")
        for count in counts or (1000, 10_000, 100_000):
            place = Path(folder) / str(count)
            manifest = write_manifest(place, originals, count)
            environment = {**os.environ, "XDG_CACHE_HOME": str(place / "cache")}
            command = [sys.executable, __file__, "--measure", str(manifest), size]
            found = json.loads(subprocess.check_output([*command, "first"], env=environment))
            found |= json.loads(subprocess.check_output([*command, "again"], env=environment))
            rows.append([f"{count:,}", *(found[name] for name in columns[1:])])
            for store in (place / "cache").rglob("*.npy"):
                store.unlink()
    print(table(columns, rows))


def write_originals(folder: Path) -> list[Path]:
    """Poses of a signer who is seen in every frame, somewhere, of as many frames as people's clips have."""
    skeleton, draw = Skeleton.load("mediapipe_75"), np.random.default_rng(0)
    for number in range(DIFFERENT):
        frames = int(np.clip(draw.lognormal(np.log(FRAMES), 0.45), 15, 250))
        keypoints = draw.normal(300, 60, (frames, len(skeleton.points), 3)).astype(np.float32)
        confidence = np.ones(keypoints.shape[:2], np.float32)
        pose = Pose(keypoints, confidence, skeleton.points, fps=25.0, width=640, height=480)
        pose.write(folder / f"{number}.pose")
    return sorted(folder.iterdir())


def write_manifest(folder: Path, originals: list[Path], count: int) -> Path:
    lines = ["path,gloss,signer"]
    for number in range(count):
        place = Path("clips") / str(number // 1000) / f"{number}.pose"
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        os.link(originals[number % len(originals)], folder / place)
        lines.append(f"{place},gloss {number % GLOSSES},signer {number % 37}")
    (folder / "clips.csv").write_text("\n".join(lines))
    return folder / "clips.csv"


def measure(manifest: Path, size: str, when: str) -> dict[str, str]:
    """The figures of one process: of the first that loads the clips, or of another, which trains on them as well."""
    peak = Peak()
    skeleton, clips = Skeleton.load(DEFAULT), read_dataset(manifest)
    store, seconds = timed(lambda: load(clips, skeleton, lambda jobs: []))
    if when == "first":
        return {"first load s": f"{seconds:.1f}"}

    def split() -> tuple[list, dict]:
        clips, _ = split_clips(store.clips, 0)
        rows = {part: [row for row, clip in enumerate(clips) if clip.split == part] for part in ("train", "val")}
        clip_ids(*([clips[row] for row in chosen] for chosen in rows.values()), None)
        return rows["train"], class_names([clips[row] for row in rows["train"]])

    (rows, classes), split_s = timed(split)
    training = LabelledClips(store, rows, classes)
    loader = DataLoader(
        training,
        batch_sampler=Batches(training.frames, np.ones(len(training)), Recipe().batch_size, torch.Generator()),
        collate_fn=collate,
    )
    waits, steps = learn(loader, SignModel(skeleton, {"gloss": GLOSSES}, SIZES[size]), skeleton)
    _, epoch_s = timed(lambda: [None for _ in loader])
    wait, step = statistics.median(waits), statistics.median(steps)
    return {
        "again s": f"{seconds:.1f}",
        "split, identities s": f"{split_s:.1f}",
        "epoch of reading s": f"{epoch_s:.1f}",
        "ms a step": f"{1000 * (wait + step):.0f}",
        "waiting for data": f"{wait / (wait + step):.1%}",
        "memory MB": f"{peak.anonymous / 1024:.0f}",
        "with mapped pages MB": f"{peak.resident / 1024:.0f}",
    }


def learn(loader: DataLoader, model: SignModel, skeleton: Skeleton) -> tuple[list[float], list[float]]:
    """Seconds that each of some steps waits for its batch, and that it takes with it."""
    training = Training(model.train(), skeleton, Recipe(), STEPS)
    optimizer = training.configure_optimizers()["optimizer"]
    waits, steps, batches = [], [], chain.from_iterable(repeat(loader))
    for _ in range(STEPS):
        batch, waited = timed(lambda: next(batches))

        def step(batch=batch) -> None:
            optimizer.zero_grad()
            training.training_step({SIGNS: batch}, 0).backward()
            optimizer.step()
            training.on_train_batch_end()

        waits.append(waited)
        steps.append(timed(step)[1])
    return waits, steps


def timed(work: Callable) -> tuple:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


class Peak(threading.Thread):
    """The most memory that this process has had, in KB: its own, and with the pages of files that it maps."""

    def __init__(self):
        super().__init__(daemon=True)
        self.anonymous = self.resident = 0
        self.start()

    def run(self) -> None:
        while True:
            lines = Path("/proc/self/status").read_text().splitlines()
            status = dict(line.split(":", 1) for line in lines)
            self.anonymous = max(self.anonymous, int(status["RssAnon"].split()[0]))
            self.resident = max(self.resident, int(status["VmRSS"].split()[0]))
            time.sleep(0.02)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Path(sys.argv[2]), *sys.argv[3:])))
    else:
        typer.run(main)
