"""Golden vectors: keypoints, and what a model answers to them, by which another way to run it can be checked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slr_pose.info import EMBEDDING
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import Stream

FPS, FRAMES = 25.0, 75  # of the keypoints that wander
DIGITS = 2  # behind the point, of a pixel


def golden(recognizer: Recognizer, keypoints: NDArray[np.float32], fps: float = FPS) -> dict[str, Any]:
    """For JSON: `keypoints`, rounded as they are answered; `probabilities`, each output's when they are looked at as a
    clip of one sign, flat; and of a model that reads, their `timeline`.

    Args:
        keypoints: (frames, joints, 4) as `Skeleton.select` gives them.
    """
    keypoints = keypoints.round(DIGITS)
    found = recognizer.probabilities([keypoints])
    written = {
        "fps": fps,
        "keypoints": [[[round(float(number), DIGITS) for number in joint] for joint in frame] for frame in keypoints],
        "probabilities": {name: values[0].ravel().tolist() for name, values in found.items() if name != EMBEDDING},
    }
    if recognizer.info.reads:
        read = Stream(recognizer, fps).read(keypoints, "golden")
        written["timeline"] = {"input": read.name, **read.as_dict()}
    return written


def wandering(joints: int, seed: int = 0) -> NDArray[np.float32]:
    """Keypoints that wander through a picture, (frames, joints, 4), of which some are not seen."""
    random = np.random.default_rng(seed)
    path = random.uniform(100, 400, (joints, 3)) + random.normal(0, 4, (FRAMES, joints, 3)).cumsum(axis=0)
    confidence = random.uniform(0, 1, (FRAMES, joints, 1)) * (random.random((FRAMES, joints, 1)) > 0.2)
    wandered: NDArray[np.float32] = np.concatenate([path * (confidence > 0), confidence], axis=-1).astype(np.float32)
    return wandered
