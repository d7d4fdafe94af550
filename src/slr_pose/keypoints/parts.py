"""The parts that a long video is extracted in while it is read, and the pose of the whole that they make.

Each is kept in the user's cache as soon as it is there. So what was stopped goes on, no more than a part is in memory,
and who asks for the pose of the video afterwards gets what is known already.
"""

import hashlib
import os
import shutil
import time
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import platformdirs

from slr_pose import BadInput
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFile, PoseFiles
from slr_pose.media.video import VideoInfo, probe
from slr_pose.pose import Pose

PART_S = 60.0  # length of a part; what is left of a video, and less than half of that, goes with the last one
UNUSED_S = 30 * 86400.0  # parts that nobody has used for so long are removed


def parts_of(job: Job, video: VideoInfo, folder: Path | None = None) -> list[PoseFile]:
    """The files of a video's parts, in order; some may be extracted already, others are to be.

    Args:
        job: the whole video.
        video: what its container tells.
        folder: where; by default in the user's cache.
    """
    folder, files = folder or _kept(job), PoseFiles()
    starts = np.arange(video.start_s, video.end_s - PART_S / 2, PART_S)[1:].tolist()
    part = replace(job, pose=None, scene=(job.start_s, job.end_s))  # the same person is followed in all of them
    spans = pairwise([None, *starts, None])
    return [files.of(replace(part, start_s=start_s, end_s=end_s), folder) for start_s, end_s in spans]


def joined(job: Job) -> Pose | None:
    """The pose of a whole video whose parts are all there; nothing where one is missing. A video is opened only where
    some of it has been extracted in parts."""
    if (job.start_s, job.end_s, job.box, job.person) != (None, None, None, None) or not _folder(job).is_dir():
        return None
    try:
        video = probe(job.video)
        parts = parts_of(job, video)
        if not all(part.is_done for part in parts):
            return None
        poses = [part.read() for part in parts]
    except BadInput:  # of the video, or of a part that another command has extracted anew
        return None
    fps, first = poses[0].fps, [0]  # frame of the whole with which each part begins
    for before, part in zip(poses, parts[1:], strict=False):
        end, start = first[-1] + len(before.keypoints), round(((part.job.start_s or 0.0) - video.start_s) * fps)
        first.append(end if abs(start - end) <= 1 else start)  # it begins with the first picture behind its start
    frames = first[-1] + len(poses[-1].keypoints)
    keypoints = np.zeros((frames, *poses[0].keypoints.shape[1:]), dtype=np.float32)
    confidence = np.zeros(keypoints.shape[:2], dtype=np.float32)
    for start, pose in zip(first, poses, strict=True):
        keypoints[start : start + len(pose.keypoints)] = pose.keypoints
        confidence[start : start + len(pose.keypoints)] = pose.confidence
    return replace(poses[0], keypoints=keypoints, confidence=confidence, source=job.source(), name=job.video.name)


def _folder(job: Job) -> Path:
    """Where the parts of a video are kept."""
    digest = hashlib.sha1(os.fsencode(str(job.video.resolve()))).hexdigest()[:16]
    return platformdirs.user_cache_path("slr-pose", appauthor=False) / "parts" / digest


def _kept(job: Job) -> Path:
    """The same folder, which is there from now on, while those that nobody has used for long go."""
    folder = _folder(job)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.utime(folder)
    _clear(folder.parent)
    return folder


def _clear(home: Path) -> None:
    """Remove the parts of videos that nobody has used for long."""
    for folder in home.iterdir():
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > UNUSED_S:
                shutil.rmtree(folder)
