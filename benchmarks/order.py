"""How well signing is read by what was told the order of signs alone, of people and in orders that it never saw:

    python benchmarks/order.py clips.csv

Sequences of `sequences.py` out of the train clips, in new random orders each time, are written as keypoints with a
manifest whose column `glosses` says what is signed, and nothing when; `slr train` learns from that. It is asked to read
the sequences of the val clips that `continuous.py` asks others to read. docs/continuous.md has the table.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import torch
import typer
from continuous import ours, read, readings_table, shown
from sequences import VARIANTS, Recording, Sequence, in_a_row, read_recordings

import slr_pose
from slr_pose.cli.progress import progress
from slr_pose.data.signing import LONGEST_SENTENCE_S
from slr_pose.files import write_whole
from slr_pose.recognition.recognizer import Recognizer

VALIDATING = 100  # seed of the sequences that validate; those that are reported have other orders


def sentences(recordings: list[Recording], seeds: range) -> Iterator[Sequence]:
    """Each recording about once a seed and variant; without those that are too long to learn from."""
    for seed in seeds:
        for variant in VARIANTS:
            yield from (some for some in in_a_row(recordings, variant, seed) if some.seconds <= LONGEST_SENTENCE_S)


def write(folder: Path, parts: dict[str, list[Sequence]]) -> Path:
    """The keypoints of each split's sequences, and a manifest with what is signed in them, in order."""
    folder.mkdir(parents=True)
    rows = []
    for split, some in parts.items():
        for number, sequence in enumerate(some):
            name = f"{split}-{number}.pose"
            sequence.pose().write(folder / name)
            glosses = " ".join(piece.recording.gloss for piece in sequence.pieces)
            rows.append((name, glosses, sequence.signer or "", split))
    with write_whole(folder / "sentences.csv") as partial_file, partial_file.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "glosses", "signer", "split"), *rows])
    return folder / "sentences.csv"


def main(
    data: Annotated[Path, typer.Argument(help="A manifest of keypoints, as `slr train` takes it.")],
    passes: Annotated[int, typer.Option(min=1, help="Orders in which each train clip stands, per variant.")] = 4,
    epochs: Annotated[int | None, typer.Option(min=1, help="By default as `slr train`.")] = None,
    size: Annotated[str, typer.Option(help="As `slr train`.")] = "base",
    seed: Annotated[int, typer.Option(help="Of the training, and of the sequences that are read.")] = 0,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the sentences.")] = Path("sentences"),
) -> None:
    torch.set_num_threads(1)
    training = read_recordings(data, "train")
    met = {recording.signer for recording in training} - {None}
    unseen = [recording for recording in read_recordings(data, "val") if recording.signer not in met]
    if not (manifest := output / "sentences.csv").exists():
        validating = sentences(unseen, range(VALIDATING, VALIDATING + 1))
        manifest = write(output, {"train": list(sentences(training, range(passes))), "val": list(validating)})
    with progress() as show:
        trained = slr_pose.train(manifest, size=size, epochs=epochs, seed=seed, name=f"order-{seed}", on_event=show)
    reader = ours(Recognizer.load(trained.model))
    answers = {variant: read(reader, shown(in_a_row(unseen, variant, seed))) for variant in VARIANTS}
    print(readings_table({"told the order of signs alone": answers})[0])


if __name__ == "__main__":
    typer.run(main)
