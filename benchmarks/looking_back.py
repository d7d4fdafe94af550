"""Hands that are lost in one frame and seen in the next: how many does looking where they are then find?

    python benchmarks/looking_back.py FOLDER|VIDEO...

The engine goes through the first frames of each clip. Then, from the last to the first, a hand that should be seen and
was not is looked for where it is in the frame after, moved as its wrist does, and is held to what the engine asks of a
hand that it finds anew.
"""

from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.progress import track

from slr_pose.keypoints.litert.arm import Arm
from slr_pose.keypoints.litert.engine import LiteRT
from slr_pose.keypoints.litert.hand import region_of
from slr_pose.keypoints.litert.hands import Hands
from slr_pose.keypoints.litert.region import Region
from slr_pose.media.folder import clips_of
from slr_pose.media.video import read_frames


class Noted(Hands):
    """Hands that keep what they found: the picture, both arms, and the points of both hands."""

    def __init__(self, hands: Hands):
        vars(self).update(vars(hands))
        self.noted: list[tuple[np.ndarray, list[Arm], list[np.ndarray | None]]] = []

    def find(self, picture: np.ndarray, arms: list[Arm]) -> list[np.ndarray | None]:
        found = super().find(picture, arms)
        self.noted.append((picture, arms, found))
        return found

    def back(self, side: int) -> tuple[int, int, int]:
        """How many hands of a side should be seen, are lost, and are found by looking back."""
        expected, lost, again = 0, 0, 0
        after: tuple[np.ndarray, Arm] | None = None
        for picture, arms, found in reversed(self.noted):
            arm, other_arm, hand, other = arms[side], arms[1 - side], found[side], found[1 - side]
            height, width = picture.shape[:2]
            if arm.shows_hand(width, height):
                expected += 1
                lost += hand is None
                if hand is None and after:
                    hand = self._look(picture, arm, after)
                    if hand is not None and (
                        not arm.has(hand, other_arm) or (other is not None and arm.is_one(hand, other))
                    ):
                        hand = None
                    again += hand is not None
            after = None if hand is None else (hand, arm)
        return expected, lost, again

    def _look(self, picture: np.ndarray, arm: Arm, after: tuple[np.ndarray, Arm]) -> np.ndarray | None:
        region, (across, down) = region_of(after[0]), arm.wrist - after[1].wrist
        return self._hands[0].look(picture, Region(region.x + across, region.y + down, region.side, region.turn))


def main(
    places: Annotated[list[Path], typer.Argument(metavar="FOLDER|VIDEO...", help="Videos, or folders of them.")],
    clips: Annotated[int, typer.Option(help="So many of them, evenly.")] = 25,
    frames: Annotated[int, typer.Option(help="The first so many of each.")] = 60,
) -> None:
    videos = [clip for place in places for clip in clips_of(place, keypoints=False).clips]
    videos = videos[:: max(1, len(videos) // clips)][:clips]
    counts = []
    for video in track(videos, "Looking", transient=True):
        with LiteRT().open() as signer:
            signer._hands = hands = Noted(signer._hands)
            for _, picture in islice(read_frames(video), frames):
                signer.find(picture)
        counts.append([hands.back(side) for side in (0, 1)])
    expected, lost, again = np.sum(counts, axis=(0, 1))
    print(
        f"{len(videos)} videos: {expected} hands should be seen, {lost} are lost, {again} of them found by looking back"
    )


if __name__ == "__main__":
    typer.run(main)
