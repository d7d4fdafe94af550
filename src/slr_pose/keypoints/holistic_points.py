"""The points that MediaPipe's networks find, whichever engine runs them."""

import functools
from dataclasses import dataclass

from slr_pose.skeleton import Skeleton


@dataclass(frozen=True)
class HolisticPoints:
    """The points of the layout `mediapipe_75` or, with the face, `mediapipe_543`.

    Attributes:
        face: find the points of the face, too.
    """

    face: bool = False

    @property
    def layout(self) -> Skeleton:
        """The layout that it fills."""
        return _layout("mediapipe_543" if self.face else "mediapipe_75")

    @property
    def points(self) -> tuple[tuple[str, str], ...]:
        """The (component, point) of each point, as in a `Pose`."""
        return self.layout.points

    @property
    def limbs(self) -> tuple[tuple[int, int], ...]:
        """Pairs of points that a drawing links."""
        return self.layout.bones


@functools.cache
def _layout(name: str) -> Skeleton:
    return Skeleton.load(name)
