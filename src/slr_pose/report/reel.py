"""The clips of a page: their skeletons, as its player draws them, and the videos under them where it can find them."""

import base64
import os
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from slr_pose.data.batches import Signs
from slr_pose.data.clip import Clip
from slr_pose.media.folder import is_pose
from slr_pose.pose import Pose
from slr_pose.report.page import as_json
from slr_pose.skeleton import Skeleton
from slr_pose.view import COLORS, video_of

SMOOTH = 25.0  # frames a second that are drawn, at most
MOST_FRAMES = 250  # of a clip that are drawn; of a longer one every second, or third
UNSEEN = 65535  # both coordinates of a joint that was not seen
STEPS = 60000  # of a coordinate, from half the box before it to half the box behind it


class Shown(NamedTuple):
    """A clip where it stands in the page.

    Attributes:
        number: in the page's data.
        name: of its file, with its times where it is a part of it.
        file: the same, with the folders.
        words: what is said of it.
    """

    number: int
    name: str
    file: str
    words: str


@dataclass
class Reel:
    """Collects the clips that a page shows; each is in it once, however often it is shown.

    Attributes:
        skeleton: of their keypoints.
        signs: those that may be shown.
        folder: where the page will lie, to which the paths of videos are relative.
    """

    skeleton: Skeleton
    signs: Signs
    folder: Path
    _numbers: dict[int, int] = field(default_factory=dict)

    def show(self, row: int, words: str) -> Shown:
        """Let a clip be in the page, with some words below it."""
        file = self.signs.clips[row].title
        return Shown(self._numbers.setdefault(row, len(self._numbers)), Path(file).name, file, words)

    def data(self) -> Markup | None:
        """What the player reads, as JSON; `None` where the page shows no clip."""
        if not self._numbers:
            return None
        bones = [[start, end, self._ink(end)] for start, end in self.skeleton.bones]
        return as_json(
            {"bones": bones, "colors": list(map(list, COLORS.values())), "clips": list(map(self._clip, self._numbers))}
        )

    def _ink(self, joint: int) -> int:
        """Which of the colors a joint's part has."""
        part = next((part.name for part in self.skeleton.parts if joint in part.joints), "body").replace("_", " ")
        return list(COLORS).index(part) if part in COLORS else 0

    def _clip(self, row: int) -> dict[str, Any]:
        keypoints, fps = self.signs.keypoints[row], self.signs.fps[row]
        step = ceil(max(1.0, fps / SMOOTH, len(keypoints) / MOST_FRAMES))
        keypoints = keypoints[::step]
        box = _box(keypoints)
        video, start_s = _video(self.signs.clips[row], self.folder)
        return {
            "fps": fps / step,
            "frames": len(keypoints),
            "box": [round(float(side), 3) for side in box],
            "joints": _packed(keypoints, box),
            **({"video": video, "start": start_s} if video else {}),
        }


def _box(keypoints: NDArray[np.float32]) -> NDArray[Any]:
    """Left, top, width and height of where a clip's joints are, (frames, joints, 4), but for a few that fly about."""
    places = keypoints[keypoints[..., 3] > 0][:, :2]
    if not len(places):
        return np.array([0.0, 0.0, 1.0, 1.0])
    low, high = np.percentile(places, [1, 99], axis=0)
    margin = 0.08 * max(*(high - low), 1e-3)
    return np.concatenate([low - margin, high - low + 2 * margin])


def _packed(keypoints: NDArray[np.float32], box: NDArray[Any]) -> str:
    """(frames, joints, 4) -> x and y of each joint, uint16, in base64."""
    share = (keypoints[..., :2] - box[:2]) / box[2:]  # 0 to 1 within the box
    steps = np.round((share.clip(-0.5, 1.5) + 0.5) / 2 * STEPS)
    steps[keypoints[..., 3] <= 0] = UNSEEN
    return base64.b64encode(steps.astype("<u2").tobytes()).decode()


def _video(clip: Clip, folder: Path) -> tuple[str | None, float]:
    """Where a page in that folder finds a clip's video, if it is there, and when the clip begins in it."""
    video, start_s = clip.path if clip.is_video else None, clip.start_s or 0.0
    if clip.array is None and is_pose(clip.path):
        source = Pose.read_footer(clip.path).get("source", {})
        video, start_s = video_of(source, clip.path.parent), start_s + (source.get("start") or 0.0)
    return (_link(video, folder), start_s) if video and video.is_file() else (None, 0.0)


def _link(file: Path, folder: Path) -> str:
    """The address of a file relative to a folder; quoted, so that no name is another scheme, or a query."""
    try:
        path = os.path.relpath(file.resolve(), folder.resolve())
    except ValueError:  # on another drive
        return file.resolve().as_uri()
    return "/".join(quote(os.fsencode(part)) for part in Path(path).parts)
