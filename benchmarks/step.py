"""Where the time of a training step goes: `python benchmarks/step.py DATA` (a GPU is used when there is one)."""

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch.nn import functional as F  # noqa: N812
from trials import Data, load, table

from slr_pose.data.batches import Batches, collate
from slr_pose.model.network import SIZES, SignModel
from slr_pose.training.augmentation import Augmentation
from slr_pose.training.recipe import Recipe

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
    model = SignModel(split.skeleton, {"gloss": len(split.classes["gloss"])}, SIZES[size]).to(device).train()
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

    def learn(positions, presence, labels) -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            loss = F.cross_entropy(model.classify(positions, presence)["gloss"], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    for batch in islice(Batches(training.frames, clips, torch.Generator()), ROUNDS):
        keypoints, frames, labels = timed("read", lambda: collate([training[clip] for clip in batch]))  # noqa: B023
        keypoints, frames, label = (x.to(device) for x in (keypoints, frames, labels["gloss"]))
        with torch.no_grad():
            keypoints, window = timed("augmentation", lambda: augmentation(keypoints, frames))  # noqa: B023
            prepared = timed("preprocessing", lambda: model.preprocessing(keypoints, frames, window))  # noqa: B023
        timed("network, backward, optimiser", lambda: learn(*prepared, label))  # noqa: B023
    medians = {stage: sorted(times)[len(times) // 2] for stage, times in spent.items()}
    whole = sum(medians.values())
    rows = [[stage, f"{ms:.1f}", f"{ms / whole:.0%}"] for stage, ms in medians.items()]
    print(f"{clips} clips of {Path(data[0]).name} a step, {1000 * clips / whole:.0f} clips/s on {device}\n")
    print(table(["stage", "ms", "share"], rows))


if __name__ == "__main__":
    typer.run(main)
