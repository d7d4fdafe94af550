"""Keypoint arrays (`.npy`, `.npz`) -> Pose, by the `[array]` table of a skeleton layout, which names their columns."""

import math
import os
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.files import open_regular
from slr_pose.pose import FASTEST, MOST_FRAMES, SLOWEST, Pose, measured
from slr_pose.text import first_of

ARRAY_SUFFIXES = {".npy", ".npz"}
AXES = "xyzc"  # c = confidence
MOST_BYTES = 2 << 30  # of all arrays that are read of one file, unpacked: 4 million frames of 128 float32
MOST_ARRAYS = 1_000  # in a file

# MediaPipe's order of the 21 points of a hand.
INDEX_MCP, PINKY_MCP = 5, 17
KNUCKLES, TIPS = [5, 9, 13, 17], [8, 12, 16, 20]

# How much each sign tells which hand it is; chosen on the clips that `sides_swapped` was measured on.
CURL_WEIGHT = 2.0  # the side that the fingers curl to, beside the side of the middle that the hand is on
JUMP_WEIGHT = 30.0  # a hand that moves by one palm between two frames
LONGEST_JUMP = 2.0  # palms; what moves farther may as well be another hand


@dataclass(frozen=True)
class ArrayLayout:
    """What the columns of a keypoint array are.

    Attributes:
        points: the (component, point) names of the points, in the order in which they come.
        columns: (point, axis) of each column, as indices into `points` and `AXES`.
        fps: frames a second.
        width, height: what a coordinate of 1 is in pixels.
        hands: columns of `points` of the left and of the right hand, (2, 21), where the array has its two hands in
            order of detection instead of by side; `None` where the sides are known.
    """

    points: tuple[tuple[str, str], ...]
    columns: tuple[tuple[int, int], ...]
    fps: float
    width: float
    height: float
    hands: tuple[tuple[int, ...], ...] | None

    @classmethod
    def from_table(cls, table: "ArrayTable") -> "ArrayLayout":
        """Build it from the `[array]` table of a layout.

        Raises:
            ValueError: something is not what it must be.
        """
        points: list[tuple[str, str]] = []
        columns: list[tuple[int, int]] = []
        for block in table.columns:
            axes = set(block.axes)
            if not {"x", "y"} <= axes <= set(AXES) or len(axes) < len(block.axes):
                raise ValueError(f"the axes '{block.axes}' are not x, y and perhaps z and c (confidence)")
            for point in block.points:
                columns += [(len(points), AXES.index(axis)) for axis in block.axes]
                points.append((block.component, point))
        if len(set(points)) < len(points):
            raise ValueError("two columns of the array are of the same point")
        hands = None
        if table.in_order_of_detection:
            hands = tuple(
                tuple(index for index, (component, _) in enumerate(points) if component == hand)
                for hand in table.in_order_of_detection
            )
            if [len(hand) for hand in hands] != [21, 21] or hands[0] == hands[1]:
                raise ValueError("in_order_of_detection names two components of MediaPipe's 21 points")
        return cls(tuple(points), tuple(columns), table.fps, table.width, table.height, hands)

    def pose(self, array: NDArray[Any], name: str) -> Pose:
        """The pose that an array holds.

        Args:
            array: (frames, columns) or (frames, points, axes); NaN = not seen.
            name: how messages call this clip.

        Raises:
            BadInput: the array does not have these columns, has too many frames, or shows nobody.
        """
        if array.dtype.kind not in "fiu" or array.ndim not in (2, 3) or math.prod(array.shape[1:]) != len(self.columns):
            raise BadInput(
                f"{name} is an array {array.shape} of {array.dtype}, and the skeleton layout describes"
                f" {len(self.columns)} numbers per frame; describe the columns in its [array] table."
            )
        with np.errstate(over="ignore", invalid="ignore"):  # what float32 has no number for becomes an infinity
            values = array.reshape(len(array), len(self.columns)).astype(np.float32)
        keypoints = np.zeros((len(values), len(self.points), 4), dtype=np.float32)
        keypoints[..., 3] = 1
        for column, (point, axis) in enumerate(self.columns):
            keypoints[:, point, axis] = values[:, column]
        with np.errstate(over="ignore", invalid="ignore"):
            keypoints *= np.array([self.width, self.height, 1, 1], np.float32)
        keypoints[~measured(keypoints[..., :3], keypoints[..., 3])] = 0
        if self.hands:
            keypoints = self._with_sides(keypoints, self.hands)
        return Pose.checked(
            keypoints=keypoints[..., :3],
            confidence=keypoints[..., 3],
            points=self.points,
            fps=self.fps,
            width=self.width,
            height=self.height,
            name=name,
        )

    def _with_sides(self, keypoints: NDArray[np.float32], hands: tuple[tuple[int, ...], ...]) -> NDArray[np.float32]:
        """(frames, points, 4), the hands in order of detection -> the same with the hands where they belong."""
        others = sorted(set(range(len(self.points))).difference(*hands))
        sides = np.array(hands)  # (2, 21)
        x = keypoints[:, others, 0][keypoints[:, others, 3] > 0]
        scale = np.array([1, 1, self.width], np.float32)
        found = np.where(keypoints[:, sides, 3:] > 0, keypoints[:, sides, :3] * scale, np.nan)
        swapped = sides_swapped(found, float(np.median(x)) if len(x) else np.nan)
        there = keypoints.copy()
        there[:, sides] = keypoints[:, sides[::-1]]
        return np.where(swapped[:, None, None], there, keypoints)


class Columns(msgspec.Struct):
    """Columns of an `[array]` table: points of one component, each with the same axes."""

    component: str
    points: Annotated[list[str], Meta(min_length=1)]
    axes: str


class ArrayTable(msgspec.Struct):
    """The `[array]` table of a layout."""

    columns: Annotated[list[Columns], Meta(min_length=1)]
    fps: Annotated[float, Meta(ge=SLOWEST, le=FASTEST)]
    width: Annotated[float, Meta(gt=0, le=100_000)]
    height: Annotated[float, Meta(gt=0, le=100_000)]
    in_order_of_detection: tuple[str, str] | None = None


def read_array(path: Path) -> NDArray[Any]:
    """The array of one clip, (frames, ...): a `.npy` file, or a `.npz` file with one array in it.

    Raises:
        BadInput: there is no such file, it holds something else, or too many frames.
    """

    def the_only_one(shapes: dict[str, tuple[int, ...]]) -> Iterable[str]:
        if len(shapes) != 1:
            names = first_of(list(shapes))
            raise BadInput(f"{path} holds {len(shapes)} arrays ({names}), and a clip is one; save it as .npy.")
        (shape,) = shapes.values()
        if shape[:1] > (MOST_FRAMES,):
            raise BadInput(f"{path} has {shape[0]} frames, and a file may have {MOST_FRAMES}; cut it into parts.")
        return shapes

    return next(iter(load_arrays(path, the_only_one).values()))


def load_arrays(path: Path, choose: Callable[[dict[str, tuple[int, ...]]], Iterable[str]]) -> dict[str, NDArray[Any]]:
    """Arrays of a `.npy` or `.npz` file, by name, of any shape.

    No code in it is run, and no more is unpacked than is asked for.

    Args:
        choose: is given the shape of each array in the file, and says which of them to read.

    Raises:
        BadInput: there is no such file, it is not a whole one, or what is asked for is too much, or neither numbers nor
            text.
    """
    path = Path(path)
    with open_regular(path) as file:
        try:
            members = _members(file)
            headers = {name: _read_header(*open_member()) for name, open_member in members.items()}
            names = list(choose({name: shape for name, (shape, _, _) in headers.items()}))
            size = sum(math.prod(headers[name][0]) * headers[name][2].itemsize for name in names)
            if size > MOST_BYTES:
                raise BadInput(
                    f"{path} holds {size / 1e9:.1f} GB of arrays, and {MOST_BYTES / 1e9:.1f} are read of one file;"
                    " save it as several."
                )
            return {name: _read_numbers(*members[name]()) for name in names}
        except BadInput:
            raise
        except Exception as error:  # the readers meet a damaged file with whatever its bytes provoke
            raise BadInput(f"{path} is not a whole .npy or .npz file of numbers and text; save it again.") from error


def _members(file: IO[bytes]) -> dict[str, Callable[[], tuple[IO[bytes], int]]]:
    """What opens each array of a file, by name, and says how many bytes it has, unpacked."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if file.read(2) != b"PK":  # a zip file, as `.npz` is

        def open_whole() -> tuple[IO[bytes], int]:
            file.seek(0)
            return file, size

        return {"array": open_whole}
    archive = zipfile.ZipFile(file)
    infos = [info for info in archive.infolist() if info.filename.endswith(".npy")]
    if len(infos) > MOST_ARRAYS:
        raise BadInput(f"{file.name} holds {len(infos)} arrays, and {MOST_ARRAYS} are read; save it as several files.")

    def open_member(info: zipfile.ZipInfo) -> tuple[IO[bytes], int]:
        return archive.open(info), info.file_size

    return {info.filename.removesuffix(".npy"): partial(open_member, info) for info in infos}


def _read_header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether it is in Fortran's order, and type of the array in a file of `size` bytes."""
    if np.lib.format.read_magic(file) != (1, 0):  # the others are for headers that are longer than 64 kB
        raise ValueError("not version 1.0 of the format")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"{size} bytes are no {shape} of {dtype}")
    return shape, is_fortran, dtype


def _read_numbers(file: IO[bytes], size: int) -> NDArray[Any]:
    shape, is_fortran, dtype = _read_header(file, size)
    if dtype.kind not in "biufcmMUS":  # the others hold objects, which may be code, or several numbers in one
        raise ValueError(f"{dtype} is neither numbers nor text")
    content = np.frombuffer(file.read(math.prod(shape) * dtype.itemsize), dtype)
    array = content.reshape(shape, order="F" if is_fortran else "C")
    if dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind == "U":
        "".join(array.ravel().tolist()).encode()  # raises where damage has made what is no character
    return array


def sides_swapped(hands: NDArray[Any], middle: float) -> NDArray[np.bool_]:
    """Which frames of a clip have its two hands the wrong way round, when they stand in order of detection.

    Two signs tell a hand's side in a frame: the side of the signer's middle that it is on, and, where there is a z,
    the side of the palm that its fingers curl to. They are summed along the likeliest path through the clip (Viterbi,
    1967), on which a hand does not jump; so a hand keeps its side where the signs are wrong for a while.

    Of the 866 clips of 30 ASL signs, hands shuffled in each frame, 90.0 % of the hands come back to the side that
    MediaPipe's body says (82.5 % by position alone, frame by frame; 84.0 % by curl alone); 91.5 % where the two
    hands do not lie on top of each other; 92.0 % of the hands that are alone in their frame.

    Args:
        hands: (frames, 2, 21, 3) x, y and z in pixels, in MediaPipe's order of points; NaN = not seen.
        middle: x of the signer's face or body in pixels; NaN = unknown.

    Returns:
        (frames,) True where `hands[:, 0]` is the signer's right hand, or `hands[:, 1]` the left one.
    """
    hands = hands.astype(float)  # products of four lengths are beyond float32
    seen = np.isfinite(hands).all(axis=(2, 3))  # (frames, 2)
    if not seen.any():
        return np.zeros(len(hands), dtype=bool)
    hands = np.where(seen[..., None, None], hands, 0)
    palm = np.median(np.linalg.norm(hands[:, :, 9] - hands[:, :, 0], axis=-1)[seen])
    place = hands[..., :2].mean(axis=2) / max(palm, 1e-6)  # (frames, 2, 2) in palms
    beside = np.nan_to_num(np.tanh((place[..., 0] - middle / max(palm, 1e-6)) / 2))
    curl = (hands[:, :, TIPS] - hands[:, :, KNUCKLES]).mean(axis=2)
    across = np.cross(hands[:, :, PINKY_MCP] - hands[:, :, 0], hands[:, :, INDEX_MCP] - hands[:, :, 0])
    length = np.linalg.norm(across, axis=-1) * np.linalg.norm(curl, axis=-1)
    curled = (across * curl).sum(axis=-1) / np.maximum(length, 1e-6)
    left = np.where(seen, beside + CURL_WEIGHT * curled, 0)  # (frames, 2) > 0: a left hand
    kept = left[:, 0] - left[:, 1]
    return _likeliest_path(np.stack([kept, -kept], axis=1), *_jumps(place, seen)).astype(bool)


def _jumps(place: NDArray[Any], seen: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
    """What it costs, (frames - 1,), that the hands keep their order after a frame, and that they change it."""

    def cost(before: int, after: int) -> NDArray[Any]:
        jump = np.linalg.norm(place[1:, after] - place[:-1, before], axis=-1).clip(max=LONGEST_JUMP)
        both, one = seen[1:, after] & seen[:-1, before], seen[1:, after] ^ seen[:-1, before]
        return JUMP_WEIGHT * np.where(both, jump, np.where(one, LONGEST_JUMP / 2, 0))

    return cost(0, 0) + cost(1, 1), cost(0, 1) + cost(1, 0)


def _likeliest_path(score: NDArray[Any], stay: NDArray[Any], change: NDArray[Any]) -> NDArray[np.int_]:
    """The state, 0 or 1, of each frame that maximises the (frames, 2) scores less what each step costs."""
    best, other = score[0].tolist()
    came_from = []  # of each frame but the first: the state before, where it is 0, and where it is 1
    for (first, second), stays, changes in zip(score[1:].tolist(), stay.tolist(), change.tolist(), strict=True):
        came_from.append((int(other - changes > best - stays), int(other - stays > best - changes)))
        best, other = max(best - stays, other - changes) + first, max(best - changes, other - stays) + second
    path = [int(other > best)]
    for before in reversed(came_from):
        path.append(before[path[-1]])
    return np.array(path[::-1])
