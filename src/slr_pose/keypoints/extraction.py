"""Video -> Pose: MediaPipe's body and hand keypoints of each frame."""

import contextlib
import functools
import importlib.metadata
import importlib.resources
import struct
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.media.video import even_steps, probe, read_frames
from slr_pose.pose import Pose
from slr_pose.skeleton import Skeleton

LAYOUT = "mediapipe_75"
SEGMENT_S = 30.0  # a long video is cut into parts of about this length, which can be extracted side by side
MOST_PARTS = 1000  # of a video, however long it says that it is
PART_BYTES = 16_384  # least that one part of a file may hold: how long it says that it is may be wrong by years
WARM_UP_S = 1.0  # how much of what comes before a part its tracking looks at first
LONGEST_PAUSE = 20  # times as many steps as frames: more is a clock that jumped, and the frames are counted instead
FAST_FPS = 15  # about how many frames a second `fast` looks at

# Holistic without its face mesh: the same landmarks for body and hands, in fewer cycles. Left is the signer's.
# %s is what passes the settings on.
GRAPH = """
input_stream: "image"
output_stream: "pose_landmarks"
output_stream: "left_hand_landmarks"
output_stream: "right_hand_landmarks"
node {
  calculator: "PoseLandmarkCpu"
  input_stream: "IMAGE:image"
  output_stream: "LANDMARKS:pose_landmarks"
  %s
}
node {
  calculator: "HandLandmarksLeftAndRightCpu"
  input_stream: "IMAGE:image"
  input_stream: "POSE_LANDMARKS:pose_landmarks"
  output_stream: "LEFT_HAND_LANDMARKS:left_hand_landmarks"
  output_stream: "RIGHT_HAND_LANDMARKS:right_hand_landmarks"
}
"""
GRAPH_WITH_FACE = """
input_stream: "image"
output_stream: "pose_landmarks"
output_stream: "face_landmarks"
output_stream: "left_hand_landmarks"
output_stream: "right_hand_landmarks"
node {
  calculator: "HolisticLandmarkCpu"
  input_stream: "IMAGE:image"
  output_stream: "POSE_LANDMARKS:pose_landmarks"
  output_stream: "FACE_LANDMARKS:face_landmarks"
  output_stream: "LEFT_HAND_LANDMARKS:left_hand_landmarks"
  output_stream: "RIGHT_HAND_LANDMARKS:right_hand_landmarks"
  %s
}
"""
SETTINGS = {
    "model_complexity": 1,  # the only body model that the package bundles
    "smooth_landmarks": True,
    "enable_segmentation": False,
    "smooth_segmentation": True,
    "use_prev_landmarks": True,
}
SETTINGS_WITH_FACE = {**SETTINGS, "refine_face_landmarks": False}
BODY_MODEL = "modules/pose_landmark/pose_landmark_full.tflite"
SEGMENTATION = 2  # which of the body model's five outputs nobody asked for

Span = tuple[float | None, float | None]  # start and end in seconds; None is the video's own


@dataclass(frozen=True)
class Job:
    """One video, or a part of it, to be extracted to one `.pose` file, or to none.

    Attributes:
        video: any file that FFmpeg's libraries decode.
        pose: the file to write.
        start_s, end_s: the part of the video, in seconds of the file's own clock, as players show them.
        face: find the 468 points of the face too.
        fast: look at about 15 frames a second only.
    """

    video: Path
    pose: Path | None = None
    start_s: float | None = None
    end_s: float | None = None
    face: bool = False
    fast: bool = False

    def extractor(self) -> dict:
        """Name, version and settings of what finds the keypoints; travels with every pose."""
        version = importlib.metadata.version("mediapipe")
        return {"name": "mediapipe", "version": version, "face": self.face, "fast": self.fast}

    def source(self) -> dict:
        """What identifies the video, as it is now, and the part of it; travels with every pose.

        Raises:
            BadInput: there is no such file.
        """
        try:
            status = self.video.stat()
        except (OSError, ValueError) as error:
            raise BadInput(f"cannot open {self.video}: there is no such file, or you may not read it.") from error
        identity = {"name": self.video.name, "size": status.st_size, "modified": status.st_mtime}
        return {**identity, "start": self.start_s, "end": self.end_s}

    def is_extracted(self) -> bool:
        """Whether the pose file was extracted from the video as it is now, whatever the settings."""
        return self.pose is not None and Pose.read_footer(self.pose).get("source") == self.source()

    def is_done(self) -> bool:
        """Whether the pose file holds what extracting it again would find."""
        return self.is_extracted() and Pose.read_footer(self.pose).get("extractor") == self.extractor()

    def spans(self) -> list[Span]:
        """The parts of about 30 s that the job is cut into, the same on every machine.

        Raises:
            BadInput: it is not a video.
        """
        first_s, last_s, _ = self._extent()
        parts = min(round((last_s - first_s) / SEGMENT_S), self.source()["size"] // PART_BYTES, MOST_PARTS)
        inner = np.linspace(first_s, last_s, max(1, parts) + 1)[1:-1]
        return list(pairwise([self.start_s, *inner.tolist(), self.end_s]))

    def frames(self) -> int:
        """About how many frames there are to look at, for progress and order.

        Raises:
            BadInput: it is not a video.
        """
        first_s, last_s, rate = self._extent()
        return round((last_s - first_s) * rate / self.step(rate))

    def step(self, rate: float) -> int:
        """Each how many frames one is looked at, in a video of `rate` frames a second."""
        return max(1, round(rate / FAST_FPS)) if self.fast else 1

    def _extent(self) -> tuple[float, float, float]:
        """From when to when the job's pictures are shown, as far as the container tells, and pictures a second."""
        video = probe(self.video)
        first_s = video.start_s if self.start_s is None else max(self.start_s, video.start_s)
        last_s = video.end_s if self.end_s is None else min(self.end_s, video.end_s)
        return first_s, max(first_s, last_s), video.fps


@dataclass(frozen=True)
class Segment:
    """What was found in one part of a video.

    Attributes:
        times_s: (frames,) when each frame is shown.
        keypoints: (frames, points, 3), as in a `Pose`.
        confidence: (frames, points).
        size: width and height of the picture.
        work_s: how long it took to find.
    """

    times_s: np.ndarray
    keypoints: np.ndarray
    confidence: np.ndarray
    size: tuple[int, int]
    work_s: float


def extract_pose(
    video: Path,
    start_s: float | None = None,
    end_s: float | None = None,
    face: bool = False,
    fast: bool = False,
) -> Pose:
    """Find the keypoints in each frame of a video, or of its part from `start_s` to `end_s`.

    Args:
        video: any file that FFmpeg's libraries decode; its rotation and reflection are obeyed.
        start_s, end_s: seconds of the file's own clock, as players show them.
        face: find the 468 points of the face too.
        fast: look at about 15 frames a second only.

    Returns:
        The 33 body and 2 x 21 hand points of the layout `mediapipe_75`, and the face's between them if asked for, at an
        even pace: a video whose frames come unevenly gives for each step the frame that is nearest in time.

    Several threads may call it at once: each call has a MediaPipe graph to itself. A new graph writes a few lines to
    stderr, past every setting; they are let through, for whoever holds them back loses what other threads write.
    Processes that call it must be spawned: MediaPipe does not survive a fork.

    Raises:
        BadInput: it is no video, no frame could be read, or no person is in it.
    """
    job = Job(Path(video), None, start_s, end_s, face, fast)
    return join(job, [extract_segment(job, span) for span in job.spans()])


def extract_segment(job: Job, span: Span, on_frame: Callable[[bool], None] = lambda counts: None) -> Segment:
    """Find the keypoints in one part of a job's video.

    Args:
        span: its start and end, one of `job.spans()`.
        on_frame: called after each frame that was decoded, with whether it counts: whether it is one of the segment.
    """
    start_s, end_s = span
    warm_up_s = 0 if start_s == job.start_s else WARM_UP_S  # tracking starts anew where the job does, and only there
    video = probe(job.video)
    step, last_step = job.step(video.fps), None
    started = time.monotonic()
    times, keypoints, confidence, size = [], [], [], (0, 0)
    with _landmarker(job.face) as landmarker:
        frames = read_frames(job.video, start_s and start_s - warm_up_s, end_s, on_passed=lambda: on_frame(False))
        for time_s, image in frames:
            this_step = round((time_s - video.start_s) * video.fps) // step
            looked_at = step == 1 or this_step != last_step
            counts = looked_at and (start_s is None or time_s >= start_s - 1e-4)
            if looked_at:
                found = landmarker.process({"image": image})
            last_step = this_step
            if counts:
                size = image.shape[1], image.shape[0]
                frame_keypoints, frame_confidence = _landmarks(found, *size)
                times.append(time_s)
                keypoints.append(frame_keypoints)
                confidence.append(frame_confidence)
            on_frame(counts)
    points = len(layout(job.face)[0])
    return Segment(
        np.array(times),
        np.array(keypoints, np.float32).reshape(-1, points, 3),
        np.array(confidence, np.float32).reshape(-1, points),
        size,
        time.monotonic() - started,
    )


def join(job: Job, segments: list[Segment]) -> Pose:
    """The pose of a whole job, from all its segments in order.

    Raises:
        BadInput: no frame could be read, or no person is in it.
    """
    times_s, order = np.unique(np.concatenate([segment.times_s for segment in segments]), return_index=True)
    confidence = np.concatenate([segment.confidence for segment in segments])
    if not len(times_s):
        raise BadInput(f"no frame of {job.video} could be read; check that it plays and is long enough.")
    if not confidence.any():
        raise BadInput(f"no person was found in {job.video}; the signer's head, shoulders and hands must be in view.")
    rate = probe(job.video).fps
    fps = _pace(times_s, rate / job.step(rate))
    if (times_s[-1] - times_s[0]) * fps > LONGEST_PAUSE * len(times_s):
        times_s = np.arange(len(times_s)) / fps
    order = order[even_steps(times_s, fps)]
    points, limbs = layout(job.face)
    width, height = next(segment.size for segment in segments if len(segment.times_s))
    return Pose(
        keypoints=np.concatenate([segment.keypoints for segment in segments])[order],
        confidence=confidence[order],
        points=points,
        limbs=limbs,
        fps=fps,
        width=width,
        height=height,
        extractor=job.extractor(),
        source=job.source(),
        name=job.video.name,
    )


@functools.cache
def layout(face: bool) -> tuple[tuple, tuple]:
    """The points, as in a `Pose`, that extraction finds, and the limbs between them.

    The face stands between body and hands, where Holistic files of pose-format have it.
    """
    skeleton = Skeleton.load(LAYOUT)
    if not face:
        return skeleton.points, skeleton.bones
    with _no_opencv_needed():
        from mediapipe.python.solutions.face_mesh_connections import FACEMESH_CONTOURS
    body, mesh = 33, 468
    points = (*skeleton.points[:body], *(("FACE_LANDMARKS", str(n)) for n in range(mesh)), *skeleton.points[body:])
    moved = [tuple(point + mesh * (point >= body) for point in bone) for bone in skeleton.bones]
    return points, (*moved, *((body + a, body + b) for a, b in sorted(FACEMESH_CONTOURS)))


def _pace(times_s: np.ndarray, rate: float) -> float:
    """Frames a second: what the container says, unless most frames come at another pace."""
    if len(times_s) < 2:
        return rate
    intervals = np.diff(times_s)
    usual = np.median(intervals)
    mean = intervals[abs(intervals - usual) <= usual / 2].mean()
    return rate if abs(rate * mean - 1) < 0.1 else 1 / mean


def _landmarks(found, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """One frame of MediaPipe's answer -> keypoints (points, 3) and confidence (points,)."""
    parts = [(found.pose_landmarks, 33), (found.left_hand_landmarks, 21), (found.right_hand_landmarks, 21)]
    if hasattr(found, "face_landmarks"):
        parts.insert(1, (found.face_landmarks, 468))
    keypoints, confidence = [], []
    for landmarks, count in parts:
        seen = landmarks.landmark if landmarks else ()
        keypoints += [(point.x * width, point.y * height, point.z) for point in seen] or [(0, 0, 0)] * count
        is_body = landmarks is found.pose_landmarks
        confidence += [point.visibility if is_body else 1 for point in seen] or [0] * count
    return np.array(keypoints, np.float32), np.array(confidence, np.float32)


_idle: dict[bool, list] = {False: [], True: []}  # graphs that nobody uses now, without and with the face


@contextlib.contextmanager
def _landmarker(face: bool) -> Iterator:
    """A MediaPipe graph for the caller alone, as new; it is kept for the next, for making one takes a while."""
    try:
        landmarker = _idle[face].pop()
        landmarker.reset()
    except IndexError:
        landmarker = _make_landmarker(face)
    yield landmarker
    _idle[face].append(landmarker)


def _make_landmarker(face: bool):
    with _no_opencv_needed():
        from google.protobuf.text_format import Parse
        from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
        from mediapipe.python._framework_bindings.validated_graph_config import ValidatedGraphConfig
        from mediapipe.python.solution_base import SolutionBase

    graph, settings = (GRAPH_WITH_FACE, SETTINGS_WITH_FACE) if face else (GRAPH, SETTINGS)
    passed_on = "".join(f'input_side_packet: "{name.upper()}:{name}"\n' for name in settings)
    taken_in = "".join(f'input_side_packet: "{name}"\n' for name in settings)
    validated = ValidatedGraphConfig()
    validated.initialize(graph_config=Parse(taken_in + graph % passed_on, CalculatorGraphConfig()))
    expanded = CalculatorGraphConfig.FromString(validated.binary_config)  # subgraphs as their nodes
    (body_model,) = (
        node
        for node in expanded.node
        if node.calculator == "TfLiteModelCalculator" and "poselandmarkbyroi" in node.name
    )
    body_model.input_side_packet[:] = ["MODEL_BLOB:body_model"]
    expanded.input_side_packet.append("body_model")
    model = (importlib.resources.files("mediapipe") / BODY_MODEL).read_bytes()
    side_inputs = {**settings, "body_model": _without_output(model, SEGMENTATION)}
    return SolutionBase(graph_config=expanded, side_inputs=side_inputs)


def _without_output(model: bytes, unwanted: int) -> bytes:
    """A TensorFlow Lite model without the operators that only one of its outputs needs.

    The body model spends 40 % of its time on a segmentation mask, which MediaPipe throws away. The output's place is
    kept, and filled with the output before it. The file is patched where it stands: a FlatBuffer's vector is its length
    and then its elements, and those of a vector of tables are offsets from their own place.
    """
    from mediapipe.tasks.metadata.schema_py_generated import Model

    patched = bytearray(model)
    graph = Model.GetRootAs(patched, 0).Subgraphs(0)
    outputs = graph.OutputsAsNumpy()  # a view of the file
    outputs[unwanted] = outputs[unwanted - 1]
    needed, kept = set(outputs.tolist()), []
    for index in reversed(range(graph.OperatorsLength())):
        operator = graph.Operators(index)
        if needed.intersection(operator.OutputsAsNumpy().tolist()):
            needed.update(operator.InputsAsNumpy().tolist())
            kept.append(operator._tab.Pos)
    operators = graph._tab.Vector(graph._tab.Offset(10))  # the field `operators` of a SubGraph
    for place, position in zip(range(operators, len(patched), 4), reversed(kept)):  # noqa: B905
        struct.pack_into("<I", patched, place, position - place)
    struct.pack_into("<I", patched, operators - 4, len(kept))
    return bytes(patched)


_importing = threading.Lock()


@contextlib.contextmanager
def _no_opencv_needed() -> Iterator[None]:
    """MediaPipe imports OpenCV for drawing only; on a machine without libGL that import fails, harmlessly.

    It fails half-way, with its own folder left on `sys.path`, where a `typing` would hide Python's.
    """
    with _importing:
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
