"""What finds keypoints, as far as the other rooms know it: pictures go in, one after the other, keypoints come out."""

from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

import numpy as np

from slr_pose.pose import Setting


class Session(Protocol):
    """An estimator at work on one video. It may remember the pictures before, to follow the signer."""

    def find(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The keypoints in the next picture.

        Args:
            picture: (height, width, 3) uint8 RGB, upright.

        Returns:
            Keypoints (points, 3) float32, as in a `Pose`: x and y in pixels; and confidence (points,) float32, 0 where
            a point was not seen.
        """
        ...


@runtime_checkable
class SeesPeople(Session, Protocol):
    """A session that tells several people apart, and finds the points of body and hands that MediaPipe names."""

    def people(self, picture: np.ndarray) -> np.ndarray:
        """Everybody in a picture, whatever the pictures before.

        Args:
            picture: (height, width, 3) uint8 RGB, upright.

        Returns:
            (people, 3, 2) pixels: the neck, the middle between the hips, and a place on the circle around them that the
            whole body is in.
        """
        ...


class Estimator(Protocol):
    """A way to find keypoints, with its settings.

    It is a value: a small frozen dataclass that can be compared, hashed, and pickled to another process or machine.
    What is large, such as a network, belongs to the session.
    """

    @property
    def identity(self) -> dict[str, Setting]:
        """Name, version and settings. It travels with every pose: where it differs, a video is extracted again."""
        ...

    @property
    def points(self) -> tuple[tuple[str, str], ...]:
        """The (component, point) of each point that it finds, as in a `Pose`."""
        ...

    @property
    def limbs(self) -> tuple[tuple[int, int], ...]:
        """Pairs of points that a drawing links."""
        ...

    def open(self) -> AbstractContextManager[Session]:
        """A session for one video, which is closed at the end of its block. Several threads may have one each."""
        ...
