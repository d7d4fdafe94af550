"""Hands that are lost in one frame and seen in the next: how many does looking where they are then find?

    python benchmarks/looking_back.py FOLDER|VIDEO...

The engine goes through the first frames of each clip. Then, from the last to the first, a hand that should be seen and
was not is looked for where it is in the frame after, moved as its wrist does, and is held to what the engine asks of a
hand that it finds anew.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import typer
from engines import Clips, Frames, Places, evenly
from rich.progress import track

from slr_pose.keypoints.litert.arm import Arm
from slr_pose.keypoints.litert.engine import LiteRT
from slr_pose.keypoints.litert.hand import Hand
from slr_pose.keypoints.litert.hands import Hands
from slr_pose.keypoints.litert.region import Region
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


class Back(Hands):
    """The same hands, looked for where they were in the picture before this one alone; pictures come from the last."""

    def __init__(self, hands: Noted):
        vars(self).update(vars(hands))

    def count(self, side: int) -> tuple[int, int, int]:
        """How many hands of a side should be seen, are lost, and are found by looking back."""
        expected, lost, again = 0, 0, 0
        hand = self._hands[side]
        hand.forget()
        for picture, arms, found in reversed(self.noted):
            arm, points = arms[side], found[side]
            height, width = picture.shape[:2]
            if arm.shows_hand(width, height):
                expected += 1
                if points is None:
                    points = self._search(picture, hand, arm, arms[1 - side], found[1 - side])
                    lost, again = lost + 1, again + (points is not None)
            if points is None:
                hand.forget()
            else:
                hand.remember(points, arm)
        return expected, lost, again

    def _places(self, picture: np.ndarray, hand: Hand, arm: Arm) -> Iterator[Region]:
        if region := hand.last_place(arm):
            yield region


def main(places: Places, clips: Clips = 25, frames: Frames = 60) -> None:
    videos, counts = evenly(places, clips), []
    for video in track(videos, "Looking", transient=True):
        with LiteRT().open() as signer:
            signer._hands = hands = Noted(signer._hands)
            for _, picture in islice(read_frames(video), frames):
                signer.find(picture)
        back = Back(hands)
        counts.append([back.count(side) for side in (0, 1)])
    expected, lost, again = np.sum(counts, axis=(0, 1))
    print(
        f"{len(videos)} videos: {expected} hands should be seen, {lost} are lost, {again} of them found by looking back"
    )


if __name__ == "__main__":
    typer.run(main)
