"""Makes the model for the eight HamNoSys attributes that comes with the package: `python training/hamnosys_model.py`.

Invents signs, lets as many synthetic signers sign them with the errors that MediaPipe makes, trains the smallest
network on the poses, and exports it to `src/slr_pose/hamnosys/model.onnx`. Nothing of it is anybody's recording.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import slr_pose
from slr_pose.cli.progress import progress
from slr_pose.hamnosys import MODEL, write_names
from slr_pose.signer.invention import invent
from slr_pose.signer.planned_clip import PlannedClip
from slr_pose.signer.synthesis import make
from slr_pose.tables import write_rows

SEED = 0


def main(
    signs: Annotated[
        int, typer.Option(help="Clips, each of another sign by another signer; a tenth validates.")
    ] = 12000,
    epochs: Annotated[int, typer.Option(help="Times that every clip is seen.")] = 30,
    folder: Annotated[Path, typer.Option(help="Where poses and run go.")] = Path("runs/hamnosys-data"),
    output: Annotated[Path, typer.Option("--output", "-o", help="The model.")] = MODEL,
) -> None:
    random = np.random.default_rng(SEED)
    clips = [
        PlannedClip(
            folder, f"sign{number}", ("",), (" ".join(write_names(invent(random))),), number, 0, SEED, pose_only=True
        )
        for number in range(signs)
    ]
    with progress() as show:
        make(clips, on_event=show)
    rows = (
        (clip.file.relative_to(folder), "val" if number % 10 == 0 else "train", *clip.notations)
        for number, clip in enumerate(clips)
    )
    write_rows(folder / "clips.csv", ["path", "split", "hamnosys"], rows)
    with progress() as show:
        trained = slr_pose.train(
            folder / "clips.csv", size="tiny", epochs=epochs, name=f"hamnosys-{signs}", on_event=show
        )
        slr_pose.export_onnx(trained.run, output, on_event=show)


if __name__ == "__main__":
    typer.run(main)
