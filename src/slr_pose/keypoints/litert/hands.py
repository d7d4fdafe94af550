"""Pictures -> both hands of a body: each on its own arm, and looked for again where it was lost."""

from collections.abc import Iterator

import numpy as np

from slr_pose.keypoints.litert.arm import Arm
from slr_pose.keypoints.litert.detector import Detector
from slr_pose.keypoints.litert.hand import Hand, region_of_palm
from slr_pose.keypoints.litert.networks import Network
from slr_pose.keypoints.litert.region import Region

AROUND, AHEAD = 5.0, 2.4  # hands that go into the square in which palms are detected, and into that before an arm


class Hands:
    """Both hands in one video: what MediaPipe's graph finds, and more.

    The graph loses hands that are in view, where the body's network guesses wrist and fingers wrong. So a hand that
    should be seen is looked for again: where it was last, moved as its wrist did; where a palm is detected around the
    wrist; and where the forearm points. It counts if it is on its own arm, and not the other hand. Of hands that the
    graph puts on the other arm, or finds twice, one goes.

    Args:
        finder, network: as of each `Hand`.
        palms: detects palms.
    """

    def __init__(self, finder: Network, network: Network, palms: Detector):
        self._hands = [Hand(finder, network) for _ in range(2)]
        self._palms = palms

    def find(self, picture: np.ndarray, arms: list[Arm]) -> list[np.ndarray | None]:
        """The hands in the next picture that are seen.

        Args:
            picture: (height, width, 3) uint8.
            arms: the body's, in that picture, in the order in which the hands are to be.

        Returns:
            Points (21, 3) of each, x, y and z in pixels.
        """
        height, width = picture.shape[:2]
        found = [hand.find(picture, arm) for hand, arm in zip(self._hands, arms, strict=True)]
        for side in (0, 1):
            if is_wrong(found[side], found[1 - side], arms[side], arms[1 - side]):
                found[side] = None
        for side, hand in enumerate(self._hands):
            if found[side] is None and arms[side].shows_hand(width, height) and hand.is_to_be_searched():
                found[side] = self._search(picture, hand, arms[side], arms[1 - side], found[1 - side])
        for hand, points, arm in zip(self._hands, found, arms, strict=True):
            hand.remember(points, arm)
        return found

    def forget(self) -> None:
        """Nobody was in the last picture."""
        for hand in self._hands:
            hand.forget()

    def _search(
        self, picture: np.ndarray, hand: Hand, arm: Arm, other_arm: Arm, other: np.ndarray | None
    ) -> np.ndarray | None:
        for region in self._places(picture, hand, arm):
            points = hand.look(picture, region)
            if points is not None and arm.has(points, other_arm) and (other is None or not arm.is_one(points, other)):
                return points
        return None

    def _places(self, picture: np.ndarray, hand: Hand, arm: Arm) -> Iterator[Region]:
        """Where a hand may be, the surest first; each is worked out when those before were in vain."""
        if region := hand.last_place(arm):
            yield region
        ahead = arm.ahead(AHEAD)
        if palms := self._palms(picture, Region(ahead.x, ahead.y, ahead.side * AROUND / AHEAD)):
            places = [region_of_palm(palm) for palm in palms]
            yield min(places, key=lambda place: (place.x - ahead.x) ** 2 + (place.y - ahead.y) ** 2)
        yield ahead


def is_wrong(hand: np.ndarray | None, other: np.ndarray | None, arm: Arm, other_arm: Arm) -> bool:
    """Whether what was found for an arm, (21, 2 or more) pixels, is the hand of the other one.

    Args:
        other: what was found for the other arm.
    """
    if hand is None:
        return False
    if other is not None and arm.is_one(hand, other):
        return arm.distance(hand) > other_arm.distance(hand)
    return arm.is_others(hand, other_arm)
