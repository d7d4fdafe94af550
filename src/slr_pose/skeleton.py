"""Skeleton layouts: which joints a model sees, how bones link them, and where each comes from in a pose file.

A layout is a TOML file: `skeletons/`, at the top of the repository, holds ours, and a path names any other. Joints and
parts whose names begin with `left_` and `right_` are each other's mirror image; left is the signer's left.
`skeletons/synonyms.csv` says what other tools call the points.
"""

import csv
import os
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec.toml
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.files import open_regular
from slr_pose.media.arrays import ARRAY_SUFFIXES, ArrayLayout, ArrayTable, read_array
from slr_pose.media.landmarks import FPS, LANDMARK_SUFFIX, SIZE, read_landmarks
from slr_pose.pose import FARTHEST, MOST_POINTS, Pose

LOW = 1.15  # shoulders' distances below the shoulders; a hand above that is active
LOW_BELOW_FACE = 5.2  # lengths of a hand below the nose, about the same place, for layouts without shoulders
_PACKAGE = Path(__file__).resolve().parent
_INSTALLED, _IN_CLONE = _PACKAGE / "skeletons", _PACKAGE.parents[1] / "skeletons"
SHIPPED = _INSTALLED if _INSTALLED.is_dir() else _IN_CLONE
DEFAULT = "signing_49"
LONGEST_CLIP = 100_000  # frames, more than an hour at 25 a second; what is that long shows many signs
LARGEST_LAYOUT = 1 << 20  # bytes of a TOML file; ours have under 25,000


def _read_synonyms() -> dict[tuple[str, str], tuple[str, str]]:
    with open(SHIPPED / "synonyms.csv", encoding="utf-8", newline="") as file:
        return {
            (row["component"], row["point"]): (row["mediapipe_component"], row["mediapipe_point"])
            for row in csv.DictReader(file)
        }


SYNONYMS = _read_synonyms()  # (component, point) of another tool -> MediaPipe's

Name = Annotated[str, Meta(min_length=1, max_length=100)]


class PartTable(msgspec.Struct):
    """A `[[parts]]` table of a layout: joints with their points in a pose file, and the names of some of the joints."""

    name: Name
    component: Name
    origin: Annotated[list[Name], Meta(min_length=1)]
    scale: Annotated[list[tuple[Name, Name]], Meta(min_length=1)]
    joints: Annotated[list[tuple[Name, Name]], Meta(min_length=1)]


class LayoutTable(msgspec.Struct):
    """What the TOML file of a layout holds."""

    name: Name
    bones: list[tuple[Name, Name]]
    parts: Annotated[list[PartTable], Meta(min_length=1)]
    array: ArrayTable | None = None


@dataclass(frozen=True)
class Part:
    """Joints that move together and are normalised together: the body, a hand.

    Attributes:
        name: `body`, `left_hand`, `right_hand`, ...
        joints: indices into the skeleton's joints.
        origin: joints whose mean is the zero of the part's own frame.
        scale: pairs of joints whose distance is the part's unit of length.
    """

    name: str
    joints: tuple[int, ...]
    origin: tuple[int, ...]
    scale: tuple[tuple[int, int], ...]

    @property
    def is_hand(self) -> bool:
        """Whether it is one of the hands."""
        return self.name in ("left_hand", "right_hand")

    @property
    def low(self) -> float:
        """Of the body: how far below its origin, in its units of length, a hand is that does not sign."""
        return LOW if {joint for pair in self.scale for joint in pair} <= set(self.joints) else LOW_BELOW_FACE


@dataclass(frozen=True)
class Skeleton:
    """A fixed set of joints.

    Attributes:
        points: (component, point) of a pose file, one per joint.
        array: what the columns of a keypoint array are, if the layout says so.
        toml: the whole description, which travels inside every model.
    """

    name: str
    joints: tuple[str, ...]
    points: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    bones: tuple[tuple[int, int], ...]
    array: ArrayLayout | None
    toml: str

    @classmethod
    def load(cls, name_or_path: str) -> "Skeleton":
        """Load a shipped layout by name, or any layout by the path of its TOML file.

        Raises:
            BadInput: there is no such layout, or the file does not describe one.

        >>> Skeleton.load("signing_33").joints[:3]
        ('nose', 'left_shoulder', 'right_shoulder')
        """
        names = sorted(file.stem for file in SHIPPED.glob("*.toml"))
        path = SHIPPED / f"{name_or_path}.toml" if name_or_path in names else Path(name_or_path)
        if not os.path.lexists(path):
            raise BadInput(f"there is no skeleton '{path}': name one of {', '.join(names)}, or give a TOML file.")
        with open_regular(path) as file:
            toml = file.read(LARGEST_LAYOUT + 1)
        try:
            return cls.from_toml(toml.decode())
        except ValueError as error:
            reason = error if isinstance(error, BadInput) else "it is not text in UTF-8; save it as such."
            raise BadInput(f"{path}: {reason}") from error

    @classmethod
    def from_toml(cls, toml: str) -> "Skeleton":
        """Build a skeleton from the text of its TOML file.

        Raises:
            BadInput: it does not describe one.
        """
        try:
            if len(toml) > LARGEST_LAYOUT:
                raise ValueError(f"it is longer than {LARGEST_LAYOUT} characters")
            return cls._from_table(msgspec.toml.decode(toml, type=LayoutTable), toml)
        except RecursionError as error:
            raise BadInput(
                f"this is not a skeleton layout (it is nested too deeply); compare it with {SHIPPED}."
            ) from error
        except ValueError as error:
            raise BadInput(f"this is not a skeleton layout ({error}); compare it with {SHIPPED}.") from error

    @classmethod
    def _from_table(cls, layout: LayoutTable, toml: str) -> "Skeleton":
        joints = [joint for part in layout.parts for joint, _ in part.joints]
        points = [(part.component, point) for part in layout.parts for _, point in part.joints]
        index = {joint: place for place, joint in enumerate(joints)}
        if len(joints) > MOST_POINTS:
            raise ValueError(f"it has {len(joints)} joints, and {MOST_POINTS} are the most")
        if len(index) != len(joints):
            raise ValueError("two joints have the same name")
        if len({part.name for part in layout.parts}) != len(layout.parts):
            raise ValueError("two parts have the same name")

        def number(joint: str) -> int:
            if joint not in index:
                raise ValueError(f"no part has the joint '{joint}'")
            return index[joint]

        def numbers(pairs: list[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
            return tuple((number(start), number(end)) for start, end in pairs)

        parts = tuple(
            Part(
                name=part.name,
                joints=tuple(number(joint) for joint, _ in part.joints),
                origin=tuple(map(number, part.origin)),
                scale=numbers(part.scale),
            )
            for part in layout.parts
        )
        bones = numbers(layout.bones)
        for start, end in bones:
            if start == end:
                raise ValueError(f"a bone joins '{joints[start]}' with itself")
        array = ArrayLayout.from_table(layout.array) if layout.array else None
        skeleton = cls(layout.name, tuple(joints), tuple(points), parts, bones, array, toml)
        if sorted(skeleton.mirror) != list(range(len(joints))):
            raise ValueError("the mirrored joints do not match one to one")
        if left := skeleton.part("left_hand"):  # is read as a right one
            right = skeleton.part("right_hand")
            if not right or {skeleton.mirror[joint] for joint in left.joints} != set(right.joints):
                raise ValueError("the part 'left_hand' needs a 'right_hand' that is its mirror image")
        return skeleton

    def part(self, name: str) -> Part | None:
        """The part of that name, if the layout has it."""
        return next((part for part in self.parts if part.name == name), None)

    @cached_property
    def mirror(self) -> list[int]:
        """Where each joint goes when left and right change places: (joints,), its own inverse."""
        swapped = [_swap_sides(joint) for joint in self.joints]
        missing = [joint for joint in swapped if joint not in self.joints]
        if missing:
            raise ValueError(f"the joint '{missing[0]}' is missing beside its mirror image")
        return [self.joints.index(joint) for joint in swapped]

    @cached_property
    def adjacency(self) -> NDArray[np.float32]:
        """Bones and self loops, (joints, joints), normalised as D^-1/2 (A + I) D^-1/2 (Kipf and Welling, 2017)."""
        matrix = np.eye(len(self.joints), dtype=np.float32)
        for start, end in self.bones:
            matrix[start, end] = matrix[end, start] = 1
        degree = matrix.sum(axis=1)
        matrix /= np.sqrt(degree[:, None] * degree[None, :])
        return matrix

    def read(self, path: Path) -> Pose:
        """Read a clip's keypoints, a `.pose` file, an array or a table of landmarks.

        Raises:
            BadInput: the file cannot be read, is an array that the layout does not describe, or shows nobody.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == LANDMARK_SUFFIX:
            points, keypoints = _all_points(), read_landmarks(path)
            seen = np.ones(keypoints.shape[:2])  # NaN is not
            return Pose.checked(keypoints, seen, points=points, fps=FPS, name=path.name, width=SIZE, height=SIZE)
        return self.pose(read_array(path), path.name) if suffix in ARRAY_SUFFIXES else Pose.read(path)

    def pose(self, array: NDArray[Any], name: str) -> Pose:
        """The pose that an array holds, (frames, columns) or (frames, points, axes), as `[array]` describes it.

        Raises:
            BadInput: the layout has no `[array]`, the array is another, or it shows nobody.
        """
        if self.array is None:
            raise BadInput(
                f"{name} is a keypoint array, whose columns the skeleton {self.name} does not name: train with a"
                f" --skeleton that has an [array] table, as face_hands_43 has in {SHIPPED}."
            )
        return self.array.pose(array, name)

    def select(self, pose: Pose) -> NDArray[np.float32]:
        """The keypoints of this skeleton's joints, ready for a model.

        Returns:
            (frames, joints, 4) float32: x, y, z in pixels and the confidence; all 0 where not seen. MediaPipe
            gives z as a fraction of the frame's width.

        Raises:
            BadInput: the pose lacks the points of a whole part, shows none of the joints in any frame, or is too long.
        """
        if len(pose.keypoints) > LONGEST_CLIP:
            raise BadInput(
                f"{pose.name} has {len(pose.keypoints)} frames, and a clip of a sign may have {LONGEST_CLIP}; cut it"
                " into parts, with start and end in a manifest."
            )
        column = {SYNONYMS.get(point, point): index for index, point in enumerate(pose.points)}
        for part in self.parts:
            if not any(self.points[joint] in column for joint in part.joints):
                first = " ".join(self.points[part.joints[0]])
                face = " --face" * (part.name == "face")
                raise BadInput(
                    f"{pose.name} has no {part.name.replace('_', ' ')} ({first}), which the skeleton"
                    f" {self.name} needs; extract its video with `slr extract-pose{face}`."
                )
        columns = [column.get(point, 0) for point in self.points]
        selected = np.empty((len(pose.keypoints), len(self.joints), 4), dtype=np.float32)
        selected[..., :3] = np.take(pose.keypoints, columns, axis=1)
        selected[..., 3] = np.take(pose.confidence, columns, axis=1) * [point in column for point in self.points]
        if not selected[..., 3].any():
            raise BadInput(
                f"{pose.name} shows none of the joints of the skeleton {self.name} in any frame; leave it out, or"
                " extract its video again."
            )
        selected[..., 2] = (selected[..., 2] * pose.width).clip(-FARTHEST, FARTHEST)
        selected *= selected[..., 3:] > 0
        return selected


def _swap_sides(name: str) -> str:
    for side, other in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(side):
            return other + name.removeprefix(side)
    return name


@cache
def _all_points() -> tuple[tuple[str, str], ...]:
    """Those of MediaPipe, in the order in which `read_landmarks` gives them."""
    return Skeleton.load("mediapipe_543").points
