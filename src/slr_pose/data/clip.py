"""Clip: a video, a file or a folder of pictures, a `.pose` file, an array, or a part of one, and what is signed in it;
how it is read, and known again.

A clip is one sign, with labels; a stretch of signing, whose signs have times and labels; or a sentence, whose glosses
are known in order and without times.
"""

import functools
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.files import open_regular
from slr_pose.keypoints.estimator import Estimator
from slr_pose.keypoints.job import Box, Job
from slr_pose.keypoints.pose_files import PoseFile
from slr_pose.media.folder import is_keypoints
from slr_pose.media.pictures import pictures_in, status_of
from slr_pose.pose import Pose
from slr_pose.skeleton import Skeleton

ID_SIZE = 8  # bytes of an identity; of a million clips, any two are the same by chance once in 30 million data sets
ID_READS = 1 << 16  # bytes of a file's beginning, and of its end, that it is known by

State = tuple[bytes, int, int]  # of a file: path, size, time of change in ns


@dataclass(frozen=True)
class Sign:
    """One sign of a stretch of signing.

    Attributes:
        start_s, end_s: seconds of the file's own clock.
        labels: class name of each head; empty where somebody signs, and nobody knows what.
    """

    start_s: float
    end_s: float
    labels: dict[str, str]


@dataclass(frozen=True, eq=False)
class Clip:
    """One video, `.pose` file or keypoint array, or a part of it, with what is known of what is signed in it.

    Attributes:
        path: the video, the folder of pictures, the `.pose` file, the array of the clip or of the whole data set.
        labels: class name of each head; a head that is not in it is unknown for this clip. Empty for a stretch and a
            sentence.
        signer: who signs, `None` when unknown.
        split: `train`, `val` or `test`; `None` when the data set does not say.
        start_s, end_s: the part of the file, in seconds.
        box: where in the pictures of a video the signer is; `None` where nobody says.
        array: its frames of a data set that is one array, (frames, columns).
        name: how messages call a clip of such a data set, or the manifest's line that names the clip.
        signs: of a stretch, in order, none over another; what stands between them is no sign.
        glosses: of a sentence, in order; when each is signed is unknown.
        fps: how many of its pictures are a second, where they came as pictures, which do not tell; `None` where nobody
            says.
    """

    path: Path
    labels: dict[str, str]
    signer: str | None = None
    split: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    array: np.ndarray | None = None
    name: str = ""
    signs: tuple[Sign, ...] = ()
    glosses: tuple[str, ...] = ()
    box: Box | None = None
    fps: float | None = None

    def all_labels(self) -> Iterator[tuple[str, str]]:
        """Head and class name of every label in it: its own, those of its signs and its glosses."""
        for labels in (self.labels, *(sign.labels for sign in self.signs)):
            yield from labels.items()
        for gloss in self.glosses:
            yield "gloss", gloss

    @property
    def title(self) -> str:
        """Its file, or its name in a data set of one file; and its times, where it is a part of it."""
        name = str(self.path) if self.array is None else self.name
        if self.start_s is None and self.end_s is None:
            return name
        return f"{name} {self.start_s or 0:.2f}–{'' if self.end_s is None else f'{self.end_s:.2f}'} s"

    @property
    def is_video(self) -> bool:
        """Whether its keypoints have to be found first."""
        return self.array is None and not is_keypoints(self.path)

    def state(self) -> State:
        """What tells that its file is still as it was.

        Raises:
            BadInput: there is no such file, or nobody may look into its folder.
        """
        try:
            return state_of(self.path)
        except FileNotFoundError as error:
            raise BadInput(f"{self.path}: there is no such file.") from error
        except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
            raise BadInput(f"{self.path} cannot be opened: {getattr(error, 'strerror', error)}.") from error

    def job(self, estimator: Estimator, fast: bool = False) -> Job:
        """The extraction that a video needs before it can be read.

        A stretch is cut out of the keypoints of the whole video: who corrects its ends need not wait for them again.

        Args:
            estimator, fast: as in a `Job`.
        """
        part = (None, None) if self.signs else (self.start_s, self.end_s)
        return Job(self.path, estimator, None, *part, fast, self.box)

    def read(self, skeleton: Skeleton, file: PoseFile | None = None) -> Pose:
        """Its keypoints; an array's are as the skeleton says.

        Args:
            file: where the keypoints of its video are; `None` where the clip is keypoints.

        Raises:
            BadInput: they cannot be read, or nobody is in them.
        """
        if file:
            pose = file.read()
            is_whole = not self.signs
        else:
            pose = skeleton.read(self.path) if self.array is None else skeleton.pose(self.array, self.name)
            is_whole = self.start_s is None and self.end_s is None
        if self.fps and (taken := pose.source.get("fps")):  # the same keypoints, at their own pace
            pose = replace(pose, fps=pose.fps * self.fps / taken)
        return pose if is_whole else pose.cut(self.start_s, self.end_s)

    def identity(self) -> bytes:
        """What it is known by again, `ID_SIZE` bytes: content, start, end and box; not its name, nor where it lies.

        Of a file, that is the size and what it begins and ends with; of a folder of pictures, the size of them all and
        what the first and the last begin with. One that cannot be read has no identity, b"".
        """
        try:
            found = self._content()
        except (BadInput, OSError, ValueError):
            return b""
        part = f" {self.start_s} {self.end_s}" + ("" if self.box is None else f" {self.box}")
        return hashlib.sha1(found + part.encode()).digest()[:ID_SIZE]

    def _content(self) -> bytes:
        if self.array is not None:
            array = np.ascontiguousarray(self.array)
            return f"{array.dtype} {array.shape} ".encode() + array.tobytes()
        _, size, modified_ns = self.state()
        return _fingerprint(self.path, size, modified_ns)


def state_of(path: Path) -> State:
    """What tells that a file, or a folder of pictures, is still as it was.

    Raises:
        OSError: there is no such file, or nobody may look into its folder.
    """
    status = status_of(path)
    return os.fsencode(os.path.abspath(path)), status.size, status.modified_ns


@functools.lru_cache(1 << 20)
def _fingerprint(path: Path, size: int, modified_ns: int) -> bytes:
    """A hash of a file, or of a folder of pictures; read once, unless it changes."""
    if pictures := pictures_in(path):
        found = hashlib.sha1(f"{size} ".encode())
        for picture in (pictures[0], pictures[-1]):
            with open_regular(picture) as file:
                found.update(file.read(ID_READS))
        return found.digest()
    with open_regular(path) as file:
        found = hashlib.sha1(f"{size} ".encode() + file.read(ID_READS))
        file.seek(max(size - ID_READS, ID_READS))
        found.update(file.read(ID_READS))
    return found.digest()
