"""Pictures -> the 21 points of one hand of a body, followed from one to the next."""

import numpy as np

from slr_pose.keypoints.litert.arm import Arm
from slr_pose.keypoints.litert.crop import crop
from slr_pose.keypoints.litert.networks import Network
from slr_pose.keypoints.litert.region import Region, angle_of
from slr_pose.keypoints.litert.tracking import Tracking

VISIBLE = 0.1  # how visible the wrist must be
IN_VIEW = 0.3  # share of the region that must be in the picture: with less, no look in 919 of asl30 has found a hand
PRESENT = 0.5  # least score of a hand
DEPTH = 0.4  # the share of the depths that the network gives
PALM = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]  # the points that say where a hand is, whatever its fingers do
REMEMBERED = 8  # pictures for which it is remembered where the hand was
RARELY = 8  # how many pictures are between two searches for a hand, at most
FOLLOWED = Tracking(turn=40, place=0.2, size=0.4, margin=0.05)


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
        self._last: tuple[np.ndarray, np.ndarray] | None = None  # the hand and the wrist when it was last seen
        self._unseen = 0  # in how many pictures since

    def find(self, picture: np.ndarray, arm: Arm) -> np.ndarray | None:
        """The hand in the next picture, if it is seen where the body says.

        Args:
            picture: (height, width, 3) uint8.
            arm: the body's, in that picture.

        Returns:
            Points (21, 3), x, y and z in pixels.
        """
        height, width = picture.shape[:2]
        around = region_of_arm(arm)
        if arm.visibility <= VISIBLE or around.share_in(width, height) < IN_VIEW:
            return None
        region = self._found(picture, around)
        if self._last and self._unseen == 0 and FOLLOWED.follows(region_of(self._last[0]), self._last[0], region):
            region = region_of(self._last[0])
        return self.look(picture, region)

    def look(self, picture: np.ndarray, region: Region) -> np.ndarray | None:
        """The hand in a region, (21, 3) pixels, if one is seen there; whosever it is."""
        values, presence, *_ = self._network(crop(picture, region, self._network.size))
        if presence.item() <= PRESENT:
            return None
        points = values.reshape(-1, 3).astype(float) / self._network.size
        points[:, 2] /= DEPTH
        return region.to_picture(points)

    def is_to_be_searched(self) -> bool:
        """Whether it is time to look for it again; the longer it was not seen, the more rarely."""
        unseen = self._unseen + 1
        return unseen & (unseen - 1) == 0 or unseen % RARELY == 0  # 1, 2, 4, 8, 16, ...

    def last_place(self, arm: Arm) -> Region | None:
        """The region round it when it was last seen, moved as the arm's wrist has moved since."""
        if not self._last or self._unseen >= REMEMBERED:
            return None
        points, wrist = self._last
        region, (across, down) = region_of(points), arm.wrist - wrist
        return Region(region.x + across, region.y + down, region.side, region.turn)

    def remember(self, points: np.ndarray | None, arm: Arm) -> None:
        """What was found in the last picture, (21, 3) pixels, and the arm in it."""
        if points is None:
            self._unseen += 1
        else:
            self._last, self._unseen = (points, arm.wrist), 0

    def forget(self) -> None:
        """Nobody was in the last picture."""
        self._last, self._unseen = None, 0

    def _found(self, picture: np.ndarray, region: Region) -> Region:
        (ends,) = self._finder(crop(picture, region, self._finder.size))
        centre, wrist = region.to_picture(ends.reshape(2, 2).astype(float) / self._finder.size)
        return Region.along(centre, wrist, upwards=False).grown(1, up=0.1)


def region_of_arm(arm: Arm) -> Region:
    """About where a hand is, by the fingers that the body's network guesses.

    As MediaPipe's HandDetectionsFromPoseToRectsCalculator: round the knuckle of the middle finger.
    """
    return Region.along(arm.knuckle, arm.wrist, upwards=False).grown(2.7, up=0.1)


def region_of(points: np.ndarray) -> Region:
    """The square round a hand, (21, 2 or more) in pixels, its fingers up.

    As MediaPipe's HandLandmarksToRectCalculator.
    """
    knuckles = (points[5] + 2 * points[9] + points[13]) / 4
    return Region.round(points[PALM], angle_of(*(knuckles - points[0])[:2]), grown=2, up=0.1)


def region_of_palm(found: np.ndarray) -> Region:
    """The square round a hand whose palm was detected, (2 + 7, 2) in pixels: a box, and points from the wrist on.

    As MediaPipe's PalmDetectionDetectionToRoi.
    """
    first, last, wrist, _, knuckle = found[:5]
    x, y = (first + last) / 2
    return Region(float(x), float(y), float((last - first).max()), angle_of(*(knuckle - wrist))).grown(2.6, up=0.5)
