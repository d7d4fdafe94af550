"""A picture -> where bodies, palms or faces are in it."""

import numpy as np

from slr_pose.keypoints.litert.crop import crop
from slr_pose.keypoints.litert.networks import Network
from slr_pose.keypoints.litert.region import Region

SURE = 0.5  # least score
OVERLAP = 0.3  # intersection over union of two boxes, more of which makes them one


class Detector:
    """A detector of MediaPipe: a network that says for each of many places whether something is there, and where.

    W. Liu et al., "SSD: single shot multibox detector", 2016; V. Bazarevsky et al., "BlazeFace: sub-millisecond neural
    face detection on mobile GPUs", 2019. As MediaPipe's SsdAnchorsCalculator and TensorsToDetectionsCalculator: all
    anchors are as large as the picture.

    Args:
        network: gives (anchors, 4 + 2 * points) centre, size and points of a box, and (anchors, 1) scores.
        strides: pixels between the centres of its grids; two anchors are at each centre.
        signed: whether it wants colors from -1 to 1, or from 0 to 1.
    """

    def __init__(self, network: Network, strides: tuple[int, ...], signed: bool):
        self._network, self._signed = network, signed
        self._anchors = anchors(network.size, strides)

    def __call__(self, picture: np.ndarray, region: Region | None = None) -> list[np.ndarray]:
        """What is found, best first.

        Args:
            picture: (height, width, 3) uint8.
            region: where to look; by default everywhere.

        Returns:
            Each box, its top left and bottom right corner, and its points, (2 + points, 2) pixels.
        """
        height, width = picture.shape[:2]
        region = region or Region(width / 2, height / 2, max(width, height))
        seen = crop(picture, region, self._network.size, black_outside=True)
        values, scores = self._network(2 * seen - 1 if self._signed else seen)
        score = 1 / (1 + np.exp(-scores[:, 0].clip(-100, 100).astype(float)))
        sure = score >= SURE
        places = values[sure].astype(float).reshape(-1, values.shape[1] // 2, 2) / self._network.size
        centre, half, points = places[:, :1], places[:, 1:2] / 2, places[:, 2:]
        boxes = np.concatenate([centre - half, centre + half, points], axis=1) + self._anchors[sure, None]
        return [region.to_picture(box) for box in _merged(boxes, score[sure])]


def anchors(size: int, strides: tuple[int, ...]) -> np.ndarray:
    """The centres of a detector's grids, (anchors, 2), in sides of the picture; grids of one stride go together."""
    grids = []
    for stride in sorted(set(strides)):
        count = size // stride
        row, column = np.divmod(np.arange(count**2), count)
        centres = (np.stack([column, row], axis=1) + 0.5) / count
        grids.append(np.repeat(centres, 2 * strides.count(stride), axis=0))
    return np.concatenate(grids)


def _merged(boxes: np.ndarray, score: np.ndarray) -> list[np.ndarray]:
    """Boxes that overlap become one, their mean weighted by score, the best first.

    As MediaPipe's NonMaxSuppressionCalculator. A box is its first two points; the others go with it.
    """
    merged = []
    order = np.argsort(-score, kind="stable")
    while len(order):
        same = _overlap(boxes[order], boxes[order[0]]) > OVERLAP
        same[0] = True  # what has no area overlaps nothing
        group, order = order[same], order[~same]
        merged.append(np.average(boxes[group], axis=0, weights=score[group]))
    return merged


def _overlap(boxes: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes, (boxes, 2 or more, 2), and one, (2 or more, 2)."""
    shared = (np.minimum(boxes[:, 1], box[1]) - np.maximum(boxes[:, 0], box[0])).clip(0).prod(axis=1)
    areas = [(each[..., 1, :] - each[..., 0, :]).prod(axis=-1) for each in (boxes, box)]
    return shared / np.maximum(sum(areas) - shared, 1e-12)
