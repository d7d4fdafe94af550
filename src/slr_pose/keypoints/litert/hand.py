"""Pictures -> the 21 points of one hand of a body, followed from one to the next."""

import numpy as np

from slr_pose.keypoints.litert.crop import crop
from slr_pose.keypoints.litert.networks import Network
from slr_pose.keypoints.litert.region import Region, angle_of
from slr_pose.keypoints.litert.tracking import Tracking

VISIBLE = 0.1  # how visible the wrist must be
PRESENT = 0.5  # least score of a hand
DEPTH = 0.4  # the share of the depths that the network gives
PALM = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]  # the points that say where a hand is, whatever its fingers do
NEAR = Tracking(turn=40, place=0.2, size=0.4, margin=0.05)


class Hand:
    """One hand in one video.

    I. Grishchenko, V. Bazarevsky, "MediaPipe Holistic: simultaneous face, hand and pose prediction, on device", 2020;
    MediaPipe's HandLandmarksFromPoseCpu. The body says about where the hand is; a small network looks there, and says
    where exactly. Where the hand of the picture before is about there, the region round it is taken instead.

    Args:
        finder: gives the centre of a hand, and a point on the circle round it.
        network: gives its points, and whether it is a hand.
    """

    def __init__(self, finder: Network, network: Network):
        self._finder, self._network = finder, network
        self._before: np.ndarray | None = None

    def find(self, picture: np.ndarray, arm: np.ndarray, visibility: float) -> np.ndarray | None:
        """The hand in the next picture, if it is seen.

        Args:
            picture: (height, width, 3) uint8.
            arm: (3, 2 or more) the body's wrist, little finger and index finger, in pixels.
            visibility: of the wrist.

        Returns:
            Points (21, 3), x, y and z in pixels.
        """
        before, self._before = self._before, None
        if visibility > VISIBLE:
            region = self._found(picture, region_of_arm(arm))
            if before is not None and NEAR.follows(region_of(before), before, region):
                region = region_of(before)
            self._before = self._look(picture, region)
        return self._before

    def forget(self) -> None:
        """Nobody was in the last picture."""
        self._before = None

    def _found(self, picture: np.ndarray, region: Region) -> Region:
        (ends,) = self._finder(crop(picture, region, self._finder.size))
        centre, wrist = region.to_picture(ends.reshape(2, 2).astype(float) / self._finder.size)
        return Region.along(centre, wrist, upwards=False).grown(1, up=0.1)

    def _look(self, picture: np.ndarray, region: Region) -> np.ndarray | None:
        values, presence, *_ = self._network(crop(picture, region, self._network.size))
        if presence.item() <= PRESENT:
            return None
        points = values.reshape(-1, 3).astype(float) / self._network.size
        points[:, 2] /= DEPTH
        return region.to_picture(points)


def region_of_arm(arm: np.ndarray) -> Region:
    """About where a hand is, by the body's wrist, little finger and index finger, (3, 2 or more) in pixels.

    As MediaPipe's HandDetectionsFromPoseToRectsCalculator: round the knuckle of the middle finger, which is guessed.
    """
    wrist, little, index = arm[:, :2]
    return Region.along((2 * index + little) / 3, wrist, upwards=False).grown(2.7, up=0.1)


def region_of(points: np.ndarray) -> Region:
    """The square round a hand, (21, 2 or more) in pixels, its fingers up.

    As MediaPipe's HandLandmarksToRectCalculator.
    """
    knuckles = (points[5] + 2 * points[9] + points[13]) / 4
    return Region.round(points[PALM], angle_of(*(knuckles - points[0])[:2]), grown=2, up=0.1)
