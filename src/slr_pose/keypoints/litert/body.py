"""Pictures -> the 33 points of the body, followed from one to the next."""

import numpy as np

from slr_pose.keypoints.litert.crop import crop
from slr_pose.keypoints.litert.detector import Detector
from slr_pose.keypoints.litert.networks import Network
from slr_pose.keypoints.litert.region import Region
from slr_pose.keypoints.litert.smoothing import LowPass, OneEuro

POINTS = 33
HIPS, END = 33, 34  # two more points: between the hips, and on a circle round them that the whole body is in
GROWN = 1.25  # the region is larger than that circle
PRESENT = 0.5  # least score of a body
CELLS = 9  # of a heat map, on each side of the square that moves a point
CONFIDENT = 0.5  # how warm one of them must be


class _Smoothing:
    """What the filters remember of a body that is followed."""

    def __init__(self) -> None:
        self.points, self.circle = OneEuro(cutoff=0.05, beta=80), OneEuro(cutoff=0.01, beta=10)
        self.visibility = LowPass(0.1)


class Body:
    """The body in one video.

    V. Bazarevsky et al., "BlazePose: on-device real-time body pose tracking", 2020; MediaPipe's PoseLandmarkCpu. A
    network looks at the region round the body of the picture before; where there was none, a detector finds it.

    Args:
        detector: finds bodies.
        network: gives the points of one, and whether it is a body.
    """

    def __init__(self, detector: Detector, network: Network):
        self._detector, self._network = detector, network
        self._region: Region | None = None
        self._smoothing = _Smoothing()

    def find(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """The body in the next picture, if somebody is seen.

        Args:
            picture: (height, width, 3) uint8.

        Returns:
            Points (33, 3), x, y and z in pixels, and how visible each is, (33,), 0 to 1.
        """
        region = self._region or self._detected(picture)
        seen = self._look(picture, region) if region else None
        if seen is None:
            self._region, self._smoothing = None, _Smoothing()
            return None
        points, visibility = seen
        size = Region.along(points[HIPS], points[END]).side
        hips, end = self._smoothing.circle(points[[HIPS, END]], size)
        self._region = Region.along(hips, end).grown(GROWN)
        return self._smoothing.points(points[:POINTS], size), self._smoothing.visibility(visibility[:POINTS])

    def _detected(self, picture: np.ndarray) -> Region | None:
        found = self._detector(picture)
        return Region.along(*found[0][2:4]).grown(GROWN) if found else None

    def _look(self, picture: np.ndarray, region: Region) -> tuple[np.ndarray, np.ndarray] | None:
        values, presence, _, heat, _ = self._network(crop(picture, region, self._network.size))
        if presence.item() <= PRESENT:
            return None
        found = values.reshape(-1, 5)[: END + 1].astype(float)  # x, y, z, visibility, presence
        points = refined(found[:, :3] / self._network.size, heat)
        return region.to_picture(points), 1 / (1 + np.exp(-found[:, 3]))


def refined(points: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Points, moved to where the network's heat maps are warm around them.

    As MediaPipe's RefineLandmarksFromHeatmapCalculator: to the mean of the cells around, weighted by how warm they are,
    unless all are cold.

    Args:
        points: (points, 3) in sides of the square.
        heat: (rows, columns, points or more) before the logistic function.

    Returns:
        (points, 3) in sides of the square.
    """
    counts = np.array(heat.shape[1::-1])  # columns, rows
    middle = (points[:, :2] * counts).astype(int)
    cells = middle[:, :, None] + np.arange(CELLS) - CELLS // 2  # (points, 2, CELLS)
    there = (cells >= 0) & (cells < counts[:, None])
    columns, rows = cells.clip(0, counts[:, None] - 1).swapaxes(0, 1)
    around = heat[rows[:, :, None], columns[:, None, :], np.arange(len(points))[:, None, None]].astype(float)
    warmth = there[:, 1, :, None] * there[:, 0, None, :] / (1 + np.exp(-around))  # (points, rows, columns)
    moves = (warmth.max(axis=(1, 2)) >= CONFIDENT) & ((middle >= 0) & (middle < counts)).all(axis=1)
    sums = np.stack([warmth.sum(axis=1), warmth.sum(axis=2)], axis=1)[moves]  # (points that move, 2, CELLS)
    moved = points.copy()
    moved[moves, :2] = (sums * cells[moves]).sum(axis=2) / sums.sum(axis=2) / counts
    return moved
