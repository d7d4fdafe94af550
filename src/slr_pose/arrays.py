"""Keypoint arrays (`.npy`, `.npz`) -> Pose, by the `[array]` table of a skeleton layout, which names their columns."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.pose import Pose

ARRAY_SUFFIXES = {".npy", ".npz"}
AXES = "xyzc"  # c = confidence

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
    width: int
    height: int
    hands: tuple[tuple[int, ...], ...] | None

    @classmethod
    def from_table(cls, table: dict) -> "ArrayLayout":
        """Build it from the `[array]` table of a layout.

        Raises:
            KeyError, ValueError: something is missing, or is not what it must be.
        """
        points, columns = [], []
        for block in table["columns"]:
            if not set(block["axes"]) <= set(AXES) or not {"x", "y"} <= set(block["axes"]):
                raise ValueError(f"the axes '{block['axes']}' are not x, y and perhaps z and c (confidence)")
            for point in block["points"]:
                columns += [(len(points), AXES.index(axis)) for axis in block["axes"]]
                points.append((block["component"], point))
        hands = None
        if "in_order_of_detection" in table:
            hands = tuple(
                tuple(index for index, (component, _) in enumerate(points) if component == hand)
                for hand in table["in_order_of_detection"]
            )
            if [len(hand) for hand in hands] != [21, 21]:
                raise ValueError("in_order_of_detection names two components of MediaPipe's 21 points")
        return cls(tuple(points), tuple(columns), table["fps"], table["width"], table["height"], hands)

    def pose(self, array: np.ndarray, name: str) -> Pose:
        """The pose that an array holds.

        Args:
            array: (frames, columns) or (frames, points, axes); NaN = not seen.
            name: how messages call this clip.

        Raises:
            BadInput: the array does not have these columns, or no frame.
        """
        if array.dtype.kind not in "fiu" or array.ndim not in (2, 3) or array[:1].size != len(self.columns):
            raise BadInput(
                f"{name} is an array {array.shape} of {array.dtype}, and the skeleton layout describes"
                f" {len(self.columns)} numbers a frame; describe the columns in its [array] table."
            )
        values = array.reshape(len(array), -1).astype(np.float32)
        keypoints = np.zeros((len(values), len(self.points), 4), dtype=np.float32)
        keypoints[..., 3] = 1
        points, axes = np.transpose(self.columns)
        keypoints[:, points, axes] = values
        seen = np.isfinite(keypoints).all(axis=-1) & (keypoints[..., 3] > 0)
        keypoints = np.where(seen[..., None], keypoints, 0) * np.float32([self.width, self.height, 1, 1])
        if self.hands:
            keypoints = self._with_sides(keypoints)
        return Pose(
            keypoints=keypoints[..., :3],
            confidence=keypoints[..., 3].clip(0, 1),
            points=self.points,
            fps=self.fps,
            width=self.width,
            height=self.height,
            name=name,
        )

    def _with_sides(self, keypoints: np.ndarray) -> np.ndarray:
        """(frames, points, 4), the hands in order of detection -> the same with the hands where they belong."""
        hands, others = np.array(self.hands), sorted(set(range(len(self.points))).difference(*self.hands))
        x = keypoints[:, others, 0][keypoints[:, others, 3] > 0]
        here, there = np.arange(len(self.points)), np.arange(len(self.points))
        there[hands] = hands[::-1]
        scale = np.float32([1, 1, self.width])
        found = np.where(keypoints[:, hands, 3:] > 0, keypoints[:, hands, :3] * scale, np.nan)
        swapped = sides_swapped(found, float(np.median(x)) if len(x) else np.nan)
        return np.take_along_axis(keypoints, np.where(swapped[:, None], there, here)[..., None], axis=1)


def read_array(path: Path) -> np.ndarray:
    """The array of one clip: a `.npy` file, or a `.npz` file with one array in it.

    Raises:
        BadInput: there is no such file, or it holds something else.
    """
    arrays = load_arrays(path)
    if len(arrays) != 1:
        raise BadInput(f"{path} holds {len(arrays)} arrays ({', '.join(arrays)}), and a clip is one; save it as .npy.")
    return next(iter(arrays.values()))


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a `.npy` or `.npz` file, by name. No code in it is run.

    Raises:
        BadInput: there is no such file, or it is not a whole one.
    """
    try:
        content = np.load(path, allow_pickle=False)
        return {"array": content} if isinstance(content, np.ndarray) else dict(content)
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}.") from error
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path} is not a whole .npy or .npz file of numbers and text; save it again.") from error


def sides_swapped(hands: np.ndarray, middle: float) -> np.ndarray:
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


def _jumps(place: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What it costs, (frames - 1,), that the hands keep their order after a frame, and that they change it."""

    def cost(before: int, after: int) -> np.ndarray:
        jump = np.linalg.norm(place[1:, after] - place[:-1, before], axis=-1).clip(max=LONGEST_JUMP)
        both, one = seen[1:, after] & seen[:-1, before], seen[1:, after] ^ seen[:-1, before]
        return JUMP_WEIGHT * np.where(both, jump, np.where(one, LONGEST_JUMP / 2, 0))

    return cost(0, 0) + cost(1, 1), cost(0, 1) + cost(1, 0)


def _likeliest_path(score: np.ndarray, stay: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The state, 0 or 1, of each frame that maximises the (frames, 2) scores less what each step costs."""
    best, came_from = score[0], np.zeros(score.shape, dtype=int)
    for frame in range(1, len(score)):
        steps = best - np.array([[stay[frame - 1], change[frame - 1]], [change[frame - 1], stay[frame - 1]]])
        came_from[frame] = steps.argmax(axis=1)
        best = steps.max(axis=1) + score[frame]
    path = [int(best.argmax())]
    for before in came_from[:0:-1]:
        path.append(before[path[-1]])
    return np.array(path[::-1])
