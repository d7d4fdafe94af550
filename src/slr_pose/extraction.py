"""Video -> Pose: MediaPipe's body and hand keypoints of each frame, one worker process a core."""

import contextlib
import functools
import importlib.metadata
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import types
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.pose import Pose
from slr_pose.skeleton import Skeleton

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".3gp", ".gif", ".ts"}
LAYOUT = "mediapipe_75"

# Holistic without its face mesh: the same landmarks for body and hands, in fewer cycles. Left is the signer's.
GRAPH = """
input_stream: "image"
output_stream: "pose_landmarks"
output_stream: "left_hand_landmarks"
output_stream: "right_hand_landmarks"
input_side_packet: "model_complexity"
input_side_packet: "smooth_landmarks"
input_side_packet: "enable_segmentation"
input_side_packet: "smooth_segmentation"
input_side_packet: "use_prev_landmarks"
node {
  calculator: "PoseLandmarkCpu"
  input_stream: "IMAGE:image"
  output_stream: "LANDMARKS:pose_landmarks"
  input_side_packet: "MODEL_COMPLEXITY:model_complexity"
  input_side_packet: "SMOOTH_LANDMARKS:smooth_landmarks"
  input_side_packet: "ENABLE_SEGMENTATION:enable_segmentation"
  input_side_packet: "SMOOTH_SEGMENTATION:smooth_segmentation"
  input_side_packet: "USE_PREV_LANDMARKS:use_prev_landmarks"
}
node {
  calculator: "HandLandmarksLeftAndRightCpu"
  input_stream: "IMAGE:image"
  input_stream: "POSE_LANDMARKS:pose_landmarks"
  output_stream: "LEFT_HAND_LANDMARKS:left_hand_landmarks"
  output_stream: "RIGHT_HAND_LANDMARKS:right_hand_landmarks"
}
"""
SETTINGS = {
    "model_complexity": 1,  # the only body model that the package bundles
    "smooth_landmarks": True,
    "enable_segmentation": False,
    "smooth_segmentation": True,
    "use_prev_landmarks": True,
}


@functools.cache
def extractor() -> dict:
    """Name, version and settings of what finds the keypoints; travels with every pose."""
    return {"name": "mediapipe", "version": importlib.metadata.version("mediapipe"), **SETTINGS}


def probe(video: Path) -> tuple[float, int]:
    """Seconds and frames of a video, as its container tells them.

    Raises:
        BadInput: it is not a video.
    """
    with _open(video) as container:
        stream = container.streams.video[0]
        seconds = (container.duration or 0) / 1e6
        return seconds, stream.frames or round(seconds * float(stream.average_rate or 25))


def extract_pose(
    video: Path,
    start_s: float | None = None,
    end_s: float | None = None,
    on_frame: Callable[[], None] = lambda: None,
) -> Pose:
    """Find the keypoints in each frame of a video, or of its part from `start_s` to `end_s`.

    Args:
        video: any file that FFmpeg's libraries decode; rotation metadata is obeyed.
        start_s, end_s: seconds of the container's own clock.
        on_frame: called after each frame.

    Returns:
        The 33 body and 2 x 21 hand points of the layout `mediapipe_75`.

    Raises:
        BadInput: it is no video, no frame could be read, or no person is in it.
    """
    video = Path(video)
    keypoints, confidence = [], []
    with _open(video) as container:
        landmarker = _landmarker()
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        fps = float(stream.average_rate or stream.guessed_rate or 25)
        width = height = 0
        for image in _frames(video, container, start_s, end_s):
            height, width = image.shape[:2]
            with _quiet_stderr():
                found = landmarker.process({"image": image})
            frame_keypoints, frame_confidence = _landmarks(found, width, height)
            keypoints.append(frame_keypoints)
            confidence.append(frame_confidence)
            on_frame()
    if not keypoints:
        raise BadInput(f"no frame of {video} could be read; check that it plays and is long enough.")
    if not np.any(confidence):
        raise BadInput(f"no person was found in {video}; the signer's head, shoulders and hands must be in view.")
    layout = Skeleton.load(LAYOUT)
    return Pose(
        keypoints=np.stack(keypoints),
        confidence=np.stack(confidence),
        points=layout.points,
        limbs=layout.bones,
        fps=fps,
        width=width,
        height=height,
        extractor=extractor(),
        source=source(video, start_s, end_s),
        name=video.name,
    )


def source(video: Path, start_s: float | None = None, end_s: float | None = None) -> dict:
    """What identifies the video that a pose was extracted from, and the part of it."""
    status = Path(video).stat()
    return {
        "name": Path(video).name,
        "size": status.st_size,
        "modified": status.st_mtime,
        "start": start_s,
        "end": end_s,
    }


@dataclass(frozen=True)
class Job:
    """One video, or a part of it in seconds, to be extracted to one `.pose` file, or to none."""

    video: Path
    pose: Path | None = None
    start_s: float | None = None
    end_s: float | None = None

    def frames(self) -> int:
        """About how many frames it has, for progress and order.

        Raises:
            BadInput: it is not a video.
        """
        seconds, frames = probe(self.video)
        if self.start_s is None and self.end_s is None or not seconds:
            return frames
        part_s = min(seconds, self.end_s or seconds) - (self.start_s or 0)
        return max(0, round(frames * part_s / seconds))

    def is_done(self) -> bool:
        """Whether the pose file holds what extracting it again would find."""
        footer = Pose.read_footer(self.pose) if self.pose else {}
        return footer.get("extractor") == extractor() and footer.get("source") == source(
            self.video, self.start_s, self.end_s
        )


def extract_all(
    jobs: list[Job], on_frames: Callable[[int], None] = lambda frames: None, workers: int | None = None
) -> Iterator[tuple[Job, Pose | Exception]]:
    """Extract many videos to `.pose` files, one worker process a core; a bad one does not stop the rest.

    Args:
        jobs: the longest should come first, so that no core idles at the end.
        on_frames: called a few times a second with the number of frames done so far, of all jobs.
        workers: processes at a time; by default the number of usable cores.

    Yields:
        Each job as it ends, with its pose or with what went wrong.
    """
    context = multiprocessing.get_context("spawn")
    frames_done, stopped = context.Value("q", 0), context.Event()
    workers = workers or min(len(jobs), _cores())
    waiting, suspects = deque(jobs), deque()
    try:
        while waiting or suspects:
            # A worker that dies takes its pool along: what was running is then tried once more, each job alone.
            queue, width = (suspects, 1) if suspects else (waiting, workers)
            running, died = {}, []
            pool = ProcessPoolExecutor(width, context, _start_worker, (frames_done, stopped))
            try:
                while (queue or running) and not died:
                    while queue and len(running) < width:
                        job = queue.popleft()
                        running[pool.submit(_work, job)] = job
                    done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                    on_frames(frames_done.value)
                    for future in done:
                        job, error = running.pop(future), future.exception()
                        if isinstance(error, BrokenProcessPool):
                            died.append(job)
                        else:
                            yield job, error or future.result()
            except BrokenProcessPool:  # on submitting
                died.append(job)
            except BaseException:
                stopped.set()
                raise
            finally:
                pool.shutdown(cancel_futures=True)
            died += running.values()
            if width > 1:
                suspects.extend(died)
            else:
                yield from ((job, BadInput(f"the process that extracted {job.video} died.")) for job in died)
    finally:
        stopped.set()


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start_worker(frames_done, stopped) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MediaPipe's log lines, which no setting silences
    threading.Thread(target=_die_with_parent, daemon=True).start()
    global _frames_done, _stopped
    _frames_done, _stopped = frames_done, stopped


def _die_with_parent() -> None:
    multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def _work(job: Job) -> Pose:
    def on_frame() -> None:
        if _stopped.is_set():
            raise InterruptedError
        with _frames_done.get_lock():
            _frames_done.value += 1

    pose = extract_pose(job.video, job.start_s, job.end_s, on_frame)
    if job.pose:
        pose.write(job.pose)
    return pose


@contextlib.contextmanager
def _open(video: Path) -> Iterator:
    import av

    try:
        container = av.open(str(video), metadata_errors="ignore")  # tags may be in any encoding
    except (av.FFmpegError, OSError) as error:
        reason = "there is no such file" if not Path(video).is_file() else "it is not a video that can be read"
        raise BadInput(f"cannot open {video}: {reason}.") from error
    with container:
        if not container.streams.video:
            raise BadInput(f"cannot open {video}: there is no video in it.")
        yield container


def _frames(video: Path, container, start_s: float | None, end_s: float | None) -> Iterator[np.ndarray]:
    """Decoded frames as (height, width, 3) RGB, upright; a file damaged in the middle ends there."""
    import av

    stream = container.streams.video[0]
    if start_s:
        container.seek(int(start_s / stream.time_base), stream=stream)
    with contextlib.suppress(av.FFmpegError):
        for frame in container.decode(stream):
            time_s = (frame.time or 0) - float((stream.start_time or 0) * stream.time_base)
            if start_s is not None and time_s < start_s - 1e-4:
                continue
            if end_s is not None and time_s >= end_s - 1e-4:
                break
            image = frame.to_ndarray(format="rgb24")
            yield np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))


def _landmarks(found, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """One frame of MediaPipe's answer -> keypoints (75, 3) and confidence (75,)."""
    keypoints, confidence = np.zeros((75, 3), np.float32), np.zeros(75, np.float32)
    parts = ((found.pose_landmarks, 0), (found.left_hand_landmarks, 33), (found.right_hand_landmarks, 54))
    for landmarks, first in parts:
        for index, point in enumerate(landmarks.landmark if landmarks else (), start=first):
            keypoints[index] = point.x * width, point.y * height, point.z
            confidence[index] = point.visibility if first == 0 else 1
    return keypoints, confidence


_shared_landmarker = None


def _landmarker():
    """The process's one MediaPipe graph, as new: making another takes longer than a few frames."""
    global _shared_landmarker
    with _quiet_stderr():
        if _shared_landmarker is None:
            with _no_opencv_needed():
                from mediapipe.python.solution_base import SolutionBase
            _shared_landmarker = SolutionBase(graph_config=GRAPH, side_inputs=SETTINGS)
        else:
            _shared_landmarker.reset()
        _shared_landmarker._graph.wait_until_idle()  # its log lines come while it opens
    return _shared_landmarker


@contextlib.contextmanager
def _no_opencv_needed() -> Iterator[None]:
    """MediaPipe imports OpenCV for drawing only; on a machine without libGL that import fails, harmlessly.

    It fails half-way, with its own folder left on `sys.path`, where a `typing` would hide Python's.
    """
    path = sys.path[:]
    try:
        import cv2  # noqa: F401
    except ImportError:
        sys.path[:] = path
        for name in [name for name in sys.modules if name.split(".")[0] == "cv2"]:
            del sys.modules[name]
        sys.modules["cv2"] = types.ModuleType("cv2")
        yield
        del sys.modules["cv2"]
    else:
        yield


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep C++ log lines off the terminal: they are written to file descriptor 2, past every setting."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
