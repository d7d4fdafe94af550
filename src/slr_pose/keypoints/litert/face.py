"""Pictures -> the 468 points of a body's face, followed from one to the next."""

import numpy as np

from slr_pose.keypoints.litert.crop import crop
from slr_pose.keypoints.litert.detector import Detector
from slr_pose.keypoints.litert.networks import Network
from slr_pose.keypoints.litert.region import Region, angle_of
from slr_pose.keypoints.litert.tracking import Tracking

PRESENT = 0.0  # least score of a face, before the logistic function, of which it is half
HEAD = slice(0, 11)  # the body's points of nose, eyes, ears and mouth
BODY_EYES, FACE_EYES, DETECTED_EYES = (5, 2), (33, 263), (0, 1)  # from the right eye to the left one
NEAR = Tracking(turn=15, place=0.1, size=0.3, margin=0.1)


class Face:
    """The face in one video.

    Y. Kartynnik et al., "Real-time facial surface geometry from monocular video on mobile GPUs", 2019; MediaPipe's
    FaceLandmarksFromPoseCpu. The body says about where the face is; a detector looks there, and says where exactly.
    Where the face of the picture before is about there, the region round it is taken instead.

    Args:
        detector: finds faces.
        network: gives the points of one, and whether it is a face.
    """

    def __init__(self, detector: Detector, network: Network):
        self._detector, self._network = detector, network
        self._before: np.ndarray | None = None

    def find(self, picture: np.ndarray, body: np.ndarray) -> np.ndarray | None:
        """The face in the next picture, if it is seen.

        Args:
            picture: (height, width, 3) uint8.
            body: (33, 2 or more) the points of the body, in pixels.

        Returns:
            Points (468, 3), x, y and z in pixels.
        """
        before, self._before = self._before, None
        head = _between_eyes(body, BODY_EYES, body[HEAD], grown=3)
        if found := self._detector(picture, head):
            region = _between_eyes(found[0][2:], DETECTED_EYES, found[0][2:], grown=2, up=0.1)
            if before is not None:
                followed = _between_eyes(before, FACE_EYES, before, grown=1.5)
                region = followed if NEAR.follows(followed, before, region) else region
            self._before = self._look(picture, region)
        return self._before

    def forget(self) -> None:
        """Nobody was in the last picture."""
        self._before = None

    def _look(self, picture: np.ndarray, region: Region) -> np.ndarray | None:
        values, presence = self._network(crop(picture, region, self._network.size))
        if presence.item() <= PRESENT:
            return None
        return region.to_picture(values.reshape(-1, 3).astype(float) / self._network.size)


def _between_eyes(points: np.ndarray, eyes: tuple[int, int], inside: np.ndarray, grown: float, up: float = 0) -> Region:
    """The square round some points, turned as the line from the right eye to the left one."""
    across, down = (points[eyes[1]] - points[eyes[0]])[:2]
    return Region.round(inside, angle_of(down, -across), grown, up, upright=True)
