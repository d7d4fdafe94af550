"""How many recordings are known again after they were encoded again: `python benchmarks/doubles.py VIDEO...`.

Each video is written anew in several ways, as sites and editors do, and `slr check` is asked about both together.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

import slr_pose
from slr_pose.media.encoding import write_video
from slr_pose.media.video import probe, read_frames

# What is done to a video: its sides are scaled, every so many pictures are kept, a share of it is cut off in front.
WAYS = {
    "half as wide and high": (0.5, 1, 0.0),
    "0.7 as wide and high, every second picture": (0.7, 2, 0.0),
    "without the first 15 %": (1.0, 1, 0.15),
}


def encoded_again(video: Path, copy: Path, scale: float, step: int, cut: float) -> None:
    """Write a video anew."""
    pictures = [picture for _, picture in read_frames(video)]

    def scaled() -> Iterator[np.ndarray]:
        for picture in pictures[int(cut * len(pictures)) :: step]:
            height, width = (int(scale * side) // 2 * 2 for side in picture.shape[:2])
            yield np.asarray(Image.fromarray(picture).resize((width, height)))

    write_video(copy, scaled(), probe(video).fps / step)


def main(videos: Annotated[list[Path], typer.Argument(metavar="VIDEO...")]) -> None:
    """Encode videos again, and count those that are found."""
    for way, settings in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            for part in ("original", "copy"):
                (Path(folder) / part).mkdir()
            for video in videos:
                (Path(folder) / "original" / video.name).write_bytes(video.read_bytes())
                encoded_again(video, Path(folder) / "copy" / f"{video.stem}.mp4", *settings)
            checked = slr_pose.check(folder)
        pairs = [sorted(checked.signs.clips[sign].path.stem for sign in found.signs) for found in checked.findings]
        found = sum(len(names) == 2 and names[0] == names[1] for names in pairs)
        print(
            f"{way}: {found} of {len(videos)} found, {sum(len(set(names)) > 1 for names in pairs)} others taken for one"
        )


if __name__ == "__main__":
    typer.run(main)
