"""Job -> Pose, part by part: each part of a video can be extracted by itself, wherever, and they join to one pose."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.estimator import Estimator
from slr_pose.keypoints.job import Box, Job, Plan
from slr_pose.keypoints.people import Followed, followed
from slr_pose.media.video import even_steps, read_frames
from slr_pose.places import place
from slr_pose.pose import Pose
from slr_pose.text import in_a_line

WARM_UP_S = 1.0  # how much of what comes before a part its tracking looks at first
LONGEST_PAUSE = 20  # times as many steps as frames: more is a clock that jumped, and the frames are counted instead


Task = tuple[Plan, int]  # to extract one part of a job's video: which of the plan's spans


@dataclass(frozen=True)
class Segment:
    """What was found in one part of a video.

    Attributes:
        times_s: (frames,) when each frame is shown.
        keypoints: (frames, points, 3), as in a `Pose`.
        confidence: (frames, points).
        size: width and height of the picture.
        work_s: how long it took to find.
        followed: whose they are.
    """

    times_s: np.ndarray
    keypoints: np.ndarray
    confidence: np.ndarray
    size: tuple[int, int]
    work_s: float
    followed: Followed = Followed()


def extract_pose(
    video: Path | str,
    start_s: float | None = None,
    end_s: float | None = None,
    fast: bool = False,
    estimator: Estimator | None = None,
    box: Box | None = None,
    person: int | None = None,
) -> Pose:
    """Find the keypoints in each frame of a video, or of its part from `start_s` to `end_s`.

    Args:
        video: any file that FFmpeg's libraries decode, whose rotation and reflection are obeyed; or a folder of
            pictures. An address of an object store, such as `s3://bucket/clip.mp4`, is text.
        start_s, end_s: seconds of the file's own clock, as players show them.
        fast: look at about 15 frames a second only.
        estimator: what finds them; by default `default_estimator()`.
        box: left, top, right and bottom of where in the picture the signer is, in shares of it; by default anywhere.
        person: which of several people is followed, from left to right, from 1; by default the signer.

    Returns:
        The points of the estimator at an even pace: a video whose frames come unevenly gives for each step the frame
        that is nearest in time.

    Several threads may call it at once: each call has a session of the estimator to itself.

    Raises:
        BadInput: it is no video, no frame could be read, no person is in it, or not the one that is meant.
    """
    plan = Job(place(video), estimator or default_estimator(), None, start_s, end_s, fast, box, person).plan()
    return join(plan, [extract_segment(plan, number) for number in range(len(plan.spans))])


def extract_segment(plan: Plan, number: int, on_frame: Callable[[bool], None] = lambda counts: None) -> Segment:
    """Find the keypoints in one part of a job's video.

    Args:
        number: which of the plan's spans.
        on_frame: called after each frame that was decoded, with whether it counts: whether it is one of the segment.

    Raises:
        BadInput: it is not a video, or the person that the job means is not in it.
    """
    job, video, step = plan.job, plan.video, plan.step
    start_s, end_s = plan.spans[number]
    warm_up_s = 0.0 if number == 0 else WARM_UP_S  # tracking starts anew where the job does, and only there
    points, last_step = len(job.estimator.points), None
    started = time.monotonic()
    who = followed(plan, lambda: on_frame(False))
    times, keypoints, confidence, size = [], [], [], (0, 0)
    with job.estimator.open() as session:
        frames = read_frames(job.video, start_s and start_s - warm_up_s, end_s, on_passed=lambda: on_frame(False))
        for time_s, picture in frames:
            this_step = round((time_s - video.start_s) * video.fps) // step
            looked_at = step == 1 or this_step != last_step
            counts = looked_at and (start_s is None or time_s >= start_s - 1e-4)
            if looked_at:
                found = who.view.find(session, picture) if who.view else session.find(picture)
            last_step = this_step
            if counts:
                size = picture.shape[1], picture.shape[0]
                times.append(time_s)
                keypoints.append(found[0])
                confidence.append(found[1])
            on_frame(counts)
    return Segment(
        np.array(times),
        np.array(keypoints, np.float32).reshape(-1, points, 3),
        np.array(confidence, np.float32).reshape(-1, points),
        size,
        time.monotonic() - started,
        who,
    )


def attempt(plan: Plan, number: int, on_frame: Callable[[bool], None]) -> Segment | BadInput:
    """The same, where whatever goes wrong is to be told to another process: it never raises."""
    try:
        return extract_segment(plan, number, on_frame)
    except BadInput as error:
        return error
    except Exception as error:
        return BadInput(f"{plan.job.video} could not be extracted; {in_a_line(error)[:200]}.")


def join(plan: Plan, segments: list[Segment]) -> Pose:
    """The pose of a whole job, from all its segments in order.

    Raises:
        BadInput: no frame could be read, or no person is in it.
    """
    job = plan.job
    times_s, order = np.unique(np.concatenate([segment.times_s for segment in segments]), return_index=True)
    confidence = np.concatenate([segment.confidence for segment in segments])
    if not len(times_s):
        raise BadInput(f"no frame of {job.video} could be read; check that it plays and is long enough.")
    if not confidence.any():
        raise BadInput(f"no person was found in {job.video}; the signer's head, shoulders and hands must be in view.")
    fps = _pace(times_s, plan.video.fps / plan.step)
    if (times_s[-1] - times_s[0]) * fps > LONGEST_PAUSE * len(times_s):
        times_s = np.arange(len(times_s)) / fps
    order = order[even_steps(times_s, fps)]
    width, height = next(segment.size for segment in segments if len(segment.times_s))
    return Pose(
        keypoints=np.concatenate([segment.keypoints for segment in segments])[order],
        confidence=confidence[order],
        points=job.estimator.points,
        limbs=job.estimator.limbs,
        fps=fps,
        width=width,
        height=height,
        extractor=job.extractor(),
        source=job.source(),
        name=job.video.name,
    )


def _pace(times_s: np.ndarray, rate: float) -> float:
    """Frames a second: what the container says, unless most frames come at another pace."""
    if len(times_s) < 2:
        return rate
    intervals = np.diff(times_s)
    usual = np.median(intervals)
    mean = intervals[abs(intervals - usual) <= usual / 2].mean()
    return rate if abs(rate * mean - 1) < 0.1 else 1 / mean
