"""Which `.pose` file keeps the keypoints of a video, or of a part of it. All commands ask here.

A file of another tool, or of another video, is never taken: what is extracted then goes beside it under a longer name.
"""

import functools
import hashlib
import os
import unicodedata
from dataclasses import replace
from pathlib import Path

import platformdirs

from slr_pose import BadInput
from slr_pose.files import is_writable
from slr_pose.keypoints.extraction import Job
from slr_pose.pose import Pose
from slr_pose.text import first_of


class PoseFiles:
    """The pose files of the videos that one command is about; no two videos have the same."""

    def __init__(self):
        self._taken: dict[tuple[str, str], Job] = {}
        self._home = functools.cache(home)
        self._longer: list[Path] = []

    def of(self, job: Job, folder: Path | None = None) -> Job:
        """The job with the file that its pose is kept in, or is to be kept in.

        Args:
            folder: where; by default beside the video, or in the user's cache where that is read-only.

        Raises:
            BadInput: other files have all the names that it may have, or another video of its name comes there, too.
        """
        folder = folder or self._home(job.video.parent)
        candidates = [replace(job, pose=folder / name) for name in _names(job)]
        for other in filter(None, (self._taken.get(_place(candidate.pose)) for candidate in candidates)):
            if _same_part(other, job):
                return other
            if other.video.name == job.video.name:
                raise BadInput(f"{other.video} and {job.video} would both become {other.pose}; extract them apart.")
        kept = (candidate for candidate in candidates if keeps(candidate.pose, job))
        chosen = next(kept, None) or next(filter(self._is_free, candidates), None)
        if chosen is None:
            raise BadInput(
                f"{candidates[-1].pose} was not extracted from {job.video}; move it, or name another folder."
            )
        self._taken[_place(chosen.pose)] = chosen
        self._longer += [chosen.pose] * (chosen.pose != candidates[0].pose)
        return chosen

    def _is_free(self, candidate: Job) -> bool:
        return _place(candidate.pose) not in self._taken and not os.path.lexists(candidate.pose)

    def sentences(self) -> list[str]:
        """What is to be said about poses that have the longer name, if there are any."""
        if not self._longer:
            return []
        return [f"another file has the shorter name, and is left as it is: see {first_of(self._longer, 1)}."]


def read(job: Job) -> Pose:
    """What was extracted, under the name of its video.

    Raises:
        BadInput: it cannot be read, or is another by now.
    """
    pose = Pose.read(job.pose)
    if pose.source != job.source():
        raise BadInput(f"{job.pose} was extracted anew by another command meanwhile; run this one again.")
    pose.name = job.video.name
    return pose


def keeps(pose: Path, job: Job) -> bool:
    """Whether a file is the pose of a job's video and part, whatever the settings, and however it has changed."""
    source = Pose.read_footer(pose).get("source", {})
    return (source.get("name"), source.get("start"), source.get("end")) == (job.video.name, job.start_s, job.end_s)


def home(folder: Path) -> Path:
    """Where the poses of a folder's videos are kept: there, or, where it is read-only, in the user's cache."""
    if is_writable(folder):
        return folder
    digest = hashlib.sha1(os.fsencode(folder.resolve())).hexdigest()[:8]
    return platformdirs.user_cache_path("slr-pose", appauthor=False) / f"{folder.resolve().name}-{digest}"


def _names(job: Job) -> list[str]:
    """What the file may be called: `a.pose`, or, where that is another's, `a.mp4.pose`, or `a.mp4-2.pose`."""
    part = "" if job.start_s is None and job.end_s is None else f"@{job.start_s or 0}-{job.end_s or ''}"
    longer = f"{job.video.name}{part}"
    return [f"{job.video.stem}{part}.pose", f"{longer}.pose", *(f"{longer}-{number}.pose" for number in range(2, 10))]


def _place(pose: Path) -> tuple[str, str]:
    """The same for all paths of a file, on disks that know no capitals, too."""
    return os.path.realpath(pose.parent), unicodedata.normalize("NFC", pose.name).casefold()


def _same_part(job: Job, other: Job) -> bool:
    """Whether two jobs are about one part of one file of one name, with the same settings."""
    settings = (job.video.name, job.start_s, job.end_s, job.face, job.fast)
    if settings != (other.video.name, other.start_s, other.end_s, other.face, other.fast):
        return False
    return job.video == other.video or (job.video.exists() and other.video.exists() and job.video.samefile(other.video))
