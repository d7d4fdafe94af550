"""Skeleton layouts: which joints a model sees, how bones link them, and where each comes from in a pose file.

A layout is a TOML file: `skeletons/` beside this file holds ours, and a path names any other. Joints and
parts whose names begin with `left_` and `right_` are each other's mirror image; left is the signer's left.
`skeletons/synonyms.csv` says what other tools call the points.
"""

import csv
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.arrays import ARRAY_SUFFIXES, ArrayLayout, read_array
from slr_pose.pose import Pose

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SHIPPED = Path(__file__).parent / "skeletons"
DEFAULT = "signing_49"
KEYPOINT_SUFFIXES = {".pose", *ARRAY_SUFFIXES}


def _read_synonyms() -> dict[tuple[str, str], tuple[str, str]]:
    with open(SHIPPED / "synonyms.csv", encoding="utf-8", newline="") as file:
        return {
            (row["component"], row["point"]): (row["mediapipe_component"], row["mediapipe_point"])
            for row in csv.DictReader(file)
        }


SYNONYMS = _read_synonyms()  # (component, point) of another tool -> MediaPipe's


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


@dataclass(frozen=True)
class Skeleton:
    """A fixed set of joints.

    Attributes:
        points: (component, point) of a pose file, one a joint.
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
        """
        shipped = SHIPPED / f"{name_or_path}.toml"
        path = shipped if shipped.is_file() else Path(name_or_path)
        if not path.is_file():
            names = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.toml")))
            raise BadInput(f"there is no skeleton '{name_or_path}': name one of {names}, or give a TOML file.")
        try:
            return cls.from_toml(path.read_text(encoding="utf-8"))
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{path} is not a skeleton layout ({error}); compare it with {SHIPPED}.") from error

    @classmethod
    def from_toml(cls, toml: str) -> "Skeleton":
        """Build a skeleton from the text of its TOML file."""
        layout = tomllib.loads(toml)
        joints = [joint for part in layout["parts"] for joint, _ in part["joints"]]
        points = [(part["component"], point) for part in layout["parts"] for _, point in part["joints"]]
        if len(set(joints)) != len(joints):
            raise ValueError("two joints have the same name")

        def index(joint: str) -> int:
            if joint not in joints:
                raise ValueError(f"no part has the joint '{joint}'")
            return joints.index(joint)

        def pairs(rows: list[list[str]]) -> tuple[tuple[int, int], ...]:
            return tuple((index(start), index(end)) for start, end in rows)

        parts = tuple(
            Part(
                name=part["name"],
                joints=tuple(index(joint) for joint, _ in part["joints"]),
                origin=tuple(index(joint) for joint in part["origin"]),
                scale=pairs(part["scale"]),
            )
            for part in layout["parts"]
        )
        array = ArrayLayout.from_table(layout["array"]) if "array" in layout else None
        skeleton = cls(layout["name"], tuple(joints), tuple(points), parts, pairs(layout["bones"]), array, toml)
        if sorted(skeleton.mirror) != list(range(len(joints))):
            raise ValueError("the mirrored joints do not match one to one")
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
    def adjacency(self) -> np.ndarray:
        """Bones and self loops, (joints, joints), normalised as D^-1/2 (A + I) D^-1/2 (Kipf and Welling, 2017)."""
        matrix = np.eye(len(self.joints), dtype=np.float32)
        for start, end in self.bones:
            matrix[start, end] = matrix[end, start] = 1
        degree = matrix.sum(axis=1)
        return matrix / np.sqrt(degree[:, None] * degree[None, :])

    def read(self, path: Path) -> Pose:
        """Read a clip's keypoints, a `.pose` file or an array.

        Raises:
            BadInput: the file cannot be read, or is an array that the layout does not describe.
        """
        path = Path(path)
        return self.pose(read_array(path), path.name) if path.suffix in ARRAY_SUFFIXES else Pose.read(path)

    def pose(self, array: np.ndarray, name: str) -> Pose:
        """The pose that an array holds, (frames, columns) or (frames, points, axes), as `[array]` describes it.

        Raises:
            BadInput: the layout has no `[array]`, or the array is another.
        """
        if self.array is None:
            raise BadInput(
                f"{name} is a keypoint array, whose columns the skeleton {self.name} does not name: train with a"
                f" --skeleton that has an [array] table, as face_hands_43 has in {SHIPPED}."
            )
        return self.array.pose(array, name)

    def select(self, pose: Pose) -> np.ndarray:
        """The keypoints of this skeleton's joints, ready for a model.

        Returns:
            (frames, joints, 4) float32: x, y, z in pixels and the confidence; all 0 where not seen. MediaPipe
            gives z as a fraction of the frame's width.

        Raises:
            BadInput: the pose lacks the points of a whole part.
        """
        column = {SYNONYMS.get(point, point): index for index, point in enumerate(pose.points)}
        for part in self.parts:
            if not any(self.points[joint] in column for joint in part.joints):
                first = " ".join(self.points[part.joints[0]])
                raise BadInput(
                    f"{pose.name} has no {part.name.replace('_', ' ')} ({first}), which the skeleton"
                    f" {self.name} needs; extract its video with `slr extract-pose`."
                )
        selected = np.zeros((len(pose.keypoints), len(self.joints), 4), dtype=np.float32)
        for joint, point in enumerate(self.points):
            if point in column:
                selected[:, joint, :3] = pose.keypoints[:, column[point]]
                selected[:, joint, 3] = pose.confidence[:, column[point]]
        selected[..., 2] *= pose.width
        return selected * (selected[..., 3:] > 0)


def _swap_sides(name: str) -> str:
    for side, other in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(side):
            return other + name.removeprefix(side)
    return name
