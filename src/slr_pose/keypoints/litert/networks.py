"""MediaPipe's networks, and LiteRT, which runs them on one thread."""

import importlib.util
from pathlib import Path

import numpy as np

from slr_pose import BadInput

SHIPPED = Path(__file__).parents[2] / "networks"  # where hatch_build.py has put them, if it did
# Where they are in MediaPipe's package 0.10.21; under the Apache License 2.0.
FILES = {
    "body detector": "modules/pose_detection/pose_detection.tflite",
    "body": "modules/pose_landmark/pose_landmark_full.tflite",
    "hand finder": "modules/holistic_landmark/hand_recrop.tflite",
    "hand": "modules/hand_landmark/hand_landmark_full.tflite",
    "palm detector": "modules/palm_detection/palm_detection_full.tflite",
    "face detector": "modules/face_detection/face_detection_short_range.tflite",
    "face": "modules/face_landmark/face_landmark.tflite",
}


def read(name: str) -> bytes:
    """The file of a network, by its name in `FILES`.

    Raises:
        BadInput: it is not on this machine.
    """
    found = importlib.util.find_spec("mediapipe")  # which imports nothing of it: that would take half a second
    folders = found.submodule_search_locations or [] if found else []
    for path in (SHIPPED / Path(FILES[name]).name, *(Path(folder) / FILES[name] for folder in folders)):
        if path.is_file():
            return path.read_bytes()
    raise BadInput(
        "this slr-pose is without MediaPipe's networks: install it from a wheel, or mediapipe 0.10.21 with it."
    )


class Network:
    """A TensorFlow Lite network at work, for one caller at a time.

    Args:
        content: the file's bytes.

    Attributes:
        size: pixels of a side of the square that it wants to see.

    Raises:
        BadInput: LiteRT is not on this machine.
    """

    def __init__(self, content: bytes):
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ModuleNotFoundError as error:
            raise BadInput("nothing is installed that finds keypoints: pip install ai-edge-litert.") from error

        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._interpreter.allocate_tensors()
        (wanted,) = self._interpreter.get_input_details()
        self._input, self.size = wanted["index"], int(wanted["shape"][1])
        self._outputs = [given["index"] for given in self._interpreter.get_output_details()]

    def __call__(self, seen: np.ndarray) -> list[np.ndarray]:
        """Its outputs, of any shape, without their first axis, which is 1 long.

        Args:
            seen: (size, size, 3) float32.
        """
        self._interpreter.set_tensor(self._input, seen[None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output)[0] for output in self._outputs]
