"""Where the time of a training step goes: `python benchmarks/step.py DATA` (a GPU is used when there is one)."""

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch.nn import functional as F  # noqa: N812
from trials import Data, load, table

from slr_pose.data.batches import Batches, collate
from slr_pose.model.network import SIZES, SignModel
from slr_pose.model.samples import sample_times
from slr_pose.training.augmentation import Augmentation
from slr_pose.training.module import ROW_SAMPLES
from slr_pose.training.reading import reading_loss
from slr_pose.training.recipe import Recipe
from slr_pose.training.sequences import sequences

ROUNDS = 20


def main(
    data: Data,
    size: Annotated[str, typer.Option(help="tiny, base or large.")] = "base",
    threads: Annotated[int | None, typer.Option(help="CPU threads; by default what torch takes.")] = None,
) -> None:
    if threads:
        torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    split = load(data[0], 0)
    training = split.labelled("train")
    glosses = len(split.classes["gloss"])
    model = SignModel(split.skeleton, {"gloss": glosses}, SIZES[size]).to(device).train()
    augmentation = Augmentation(split.skeleton).to(device)
    optimizer = torch.optim.AdamW(model.parameters())
    clips = Recipe().batch_size
    spent: dict[str, list[float]] = {}

    def timed(stage: str, work: Callable):
        start = time.perf_counter()
        result = work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        spent.setdefault(stage, []).append(1000 * (time.perf_counter() - start))
        return result

    def in_rows(keypoints, frames, fps, label):
        """Signs in rows, and what is signed at each of their samples."""
        count, reference = round(clips * Recipe().rows), model.preprocessing.reference
        rows = sequences(reference, keypoints, frames, fps, label, glosses, count, ROW_SAMPLES)
        every = torch.arange(ROW_SAMPLES, device=device, dtype=keypoints.dtype).expand(count, -1)
        return model.preprocessing(augmentation(rows.keypoints, rows.frames)[0], rows.frames, every), rows

    def learn(clips, labels, prepared, rows) -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            loss = F.cross_entropy(model.classify(*clips)["gloss"], labels)
            signs, edges = model.reader(model.embed(*prepared))
            loss = loss + reading_loss(signs, edges, rows.target, rows.edges, prepared[2], smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    for batch in islice(Batches(training.frames, np.ones(len(training)), clips, torch.Generator()), ROUNDS):
        keypoints, frames, fps, labels = timed("read", lambda: collate([training[clip] for clip in batch]))  # noqa: B023
        keypoints, frames, fps, label = (x.to(device) for x in (keypoints, frames, fps, labels["gloss"]))
        times = sample_times(0.0 * frames, frames - 1.0, model.config.frames)
        with torch.no_grad():
            rows = timed("signs in rows", lambda: in_rows(keypoints, frames, fps, label))  # noqa: B023
            keypoints, _ = timed("augmentation", lambda: augmentation(keypoints, frames))  # noqa: B023
            prepared = timed("preprocessing", lambda: model.preprocessing(keypoints, frames, times))  # noqa: B023
        timed("network, backward, optimiser", lambda: learn(prepared, label, *rows))  # noqa: B023
    medians = {stage: sorted(times)[len(times) // 2] for stage, times in spent.items()}
    whole = sum(medians.values())
    rows = [[stage, f"{ms:.1f}", f"{ms / whole:.0%}"] for stage, ms in medians.items()]
    print(f"{clips} clips of {Path(data[0]).name} a step, {1000 * clips / whole:.0f} clips/s on {device}\n")
    print(table(["stage", "ms", "share"], rows))


if __name__ == "__main__":
    typer.run(main)
