"""Which `.pose` file keeps the keypoints of a video, or of a part of it. All commands ask here.

A file of another tool, or of another video, is never taken: what is extracted then goes beside it under a longer name.
"""

import functools
import hashlib
import os
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs

from slr_pose import BadInput
from slr_pose.files import is_writable
from slr_pose.keypoints.job import Job
from slr_pose.media.folder import stem_of
from slr_pose.places import names_in
from slr_pose.pose import Pose
from slr_pose.spool import Shelf, Spool
from slr_pose.text import first_of

FOLDERS = 1000  # of which it is remembered what they are
LISTED = 4  # folders of an object store whose names are held


@dataclass(frozen=True, slots=True)
class PoseFile:
    """The file that keeps the pose of a job, or is to keep it, and what was known of it when it was looked for.

    Attributes:
        job: the job; the file is its `pose`.
        path: the file.
        is_extracted: whether it was extracted from the video as it is now, whatever the settings.
        is_done: whether it holds what extracting it again would find.
        summary: its frames, frames a second, and the share of them in which each component was seen.
    """

    job: Job
    path: Path
    is_extracted: bool = False
    is_done: bool = False
    summary: dict = field(default_factory=dict, compare=False)

    def read(self) -> Pose:
        """What was extracted, under the name of its video.

        Raises:
            BadInput: it cannot be read, or is another by now.
        """
        pose = Pose.read(self.path)
        if pose.source != self.job.source():
            raise BadInput(f"{self.path} was extracted anew by another command meanwhile; run this one again.")
        pose.name = self.job.video.name
        return pose


class PoseFiles:
    """The pose files of the videos that one command is about, however many; no two videos have the same."""

    def __init__(self) -> None:
        self._taken: Shelf[PoseFile] = Shelf()
        self._home = functools.lru_cache(FOLDERS)(home)
        self._real = functools.lru_cache(FOLDERS)(lambda folder: os.path.realpath(str(folder)))
        self._there = functools.lru_cache(LISTED)(names_in)
        self._longer: Spool[Path] = Spool()

    def of(self, job: Job, folder: Path | None = None) -> PoseFile:
        """The file that a job's pose is kept in, or is to be kept in. It is opened once, if it is there.

        Args:
            folder: where; by default beside the video, or in the user's cache where that is read-only.

        Raises:
            BadInput: other files have all the names that it may have, or another video of its name comes there, too.
        """
        folder = folder or self._home(job.video.parent)
        places = {self._place(folder, name): folder / name for name in _names(job)}
        taken = self._taken.find(places)
        for other in taken.values():
            if _same_part(other.job, job):
                return other
            if other.job.video.name == job.video.name:
                raise BadInput(f"{other.job.video} and {job.video} would both become {other.path}; extract them apart.")
        is_there = self._there(folder)
        kept = (_kept(path, job) for path in places.values() if is_there(path.name))
        chosen = next(filter(None, kept), None)
        if chosen is None:
            free = (path for place, path in places.items() if place not in taken and not is_there(path.name))
            if (path := next(free, None)) is None:
                last = folder / _names(job)[-1]
                raise BadInput(f"{last} was not extracted from {job.video}; move it, or name another folder.")
            chosen = PoseFile(replace(job, pose=path), path)
        self._taken[self._place(folder, chosen.path.name)] = chosen
        self.know(job, chosen.path)
        return chosen

    def know(self, job: Job, path: Path) -> None:
        """Count the file that keeps a job's pose, so that what is to be said about it is said; it is not opened."""
        if path.name != _names(job)[0]:
            self._longer.append(path)

    def sentences(self) -> list[str]:
        """What is to be said about poses that have the longer name, if there are any."""
        if not self._longer:
            return []
        see = first_of(self._longer, 1)
        return [f"another file has the shorter name; it is left as it is, and read if it is named itself: see {see}."]

    def _place(self, folder: Path, name: str) -> str:
        """The same for all paths of a file, on disks that know no capitals, too."""
        return os.path.join(self._real(folder), unicodedata.normalize("NFC", name).casefold())


def _kept(path: Path, job: Job) -> PoseFile | None:
    """The pose of a job's video and part, whatever the settings and however that has changed, if it is in a file."""
    footer = Pose.read_footer(path)
    source = footer.get("source", {})
    meant = job.part()
    if any(source.get(key) != meant.get(key) for key in ("name", "start", "end", "box", "person")):
        return None
    is_extracted = source == job.source()
    is_done = is_extracted and footer.get("extractor") == job.extractor()
    return PoseFile(replace(job, pose=path), path, is_extracted, is_done, footer.get("summary", {}))


def home(folder: Path) -> Path:
    """Where the poses of a folder's videos are kept: there, or, where it is read-only, in the user's cache."""
    if is_writable(folder):
        return folder
    digest = hashlib.sha1(os.fsencode(folder.resolve())).hexdigest()[:8]
    return platformdirs.user_cache_path("slr-pose", appauthor=False) / f"{folder.resolve().name}-{digest}"


def _names(job: Job) -> list[str]:
    """What the file may be called: `a.pose`, or, where that is another's, `a.mp4.pose`, or `a.mp4-2.pose`."""
    part = "" if job.start_s is None and job.end_s is None else f"@{job.start_s or 0}-{job.end_s or ''}"
    short, longer = f"{stem_of(job.video)}{part}", f"{job.video.name}{part}"
    return [f"{short}.pose", f"{longer}.pose", *(f"{longer}-{number}.pose" for number in range(2, 10))]


def _same_part(job: Job, other: Job) -> bool:
    """Whether two jobs are about one part of one file of one name, with the same settings."""
    if (job.part(), job.estimator, job.fast) != (other.part(), other.estimator, other.fast):
        return False
    return job.video == other.video or (job.video.exists() and other.video.exists() and job.video.samefile(other.video))
