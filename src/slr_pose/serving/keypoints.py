"""Keypoints as a client sends them, JSON or float32 -> Pose."""

from typing import Annotated, TypeVar

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.pose import FASTEST, SLOWEST, Pose, measured
from slr_pose.skeleton import Skeleton

Frames = list[list[list[float]]]
Kind = TypeVar("Kind")


class Signing(msgspec.Struct):
    """What a stream begins with: the layout of the joints that come, and how many frames a second."""

    skeleton: str
    fps: Annotated[float, Meta(ge=SLOWEST, le=FASTEST)]

    def refuse_other_joints(self, skeleton: Skeleton) -> None:
        """See to it that what comes is what the model looks at.

        Raises:
            BadInput: the layout is not the model's.
        """
        if self.skeleton != skeleton.name:
            raise BadInput(f"the model looks at the joints of {skeleton.name}, and these are of {self.skeleton!r}.")


class Clip(Signing):
    """A clip in one piece.

    Attributes:
        keypoints: (frames, joints, 3 or 4): x, y and z in pixels, and a confidence. Without one, a joint at 0, 0, 0 was
            not seen.
    """

    keypoints: Frames


def read_signing(text: bytes | str, skeleton: Skeleton, name: str) -> Pose:
    """The pose of no frames that a stream begins with.

    Raises:
        BadInput: the text says something else, or the layout is not the model's.
    """
    signing = _decoded(text, Signing)
    signing.refuse_other_joints(skeleton)
    return _pose(np.zeros((0, len(skeleton.joints), 4)), skeleton, signing.fps, name)


def read_clip(text: bytes | str, skeleton: Skeleton, name: str) -> Pose:
    """The pose of a clip; who reads it must see whether it shows anybody.

    Raises:
        BadInput: the text says something else, or the layout is not the model's.
    """
    clip = _decoded(text, Clip)
    clip.refuse_other_joints(skeleton)
    return _pose(_array(clip.keypoints, skeleton), skeleton, clip.fps, name)


def read_frames(sent: bytes | str, skeleton: Skeleton, fps: float, name: str) -> Pose:
    """The pose of further frames of a stream.

    Args:
        sent: bytes are float32 in little-endian order, (frames, joints, 4); a text is JSON, (frames, joints, 3 or 4).

    Raises:
        BadInput: it is anything else.
    """
    if isinstance(sent, str):
        array = _array(_decoded(sent, Frames), skeleton)
    else:
        joints = len(skeleton.joints)
        if len(sent) % (joints * 16):
            raise BadInput(f"{len(sent)} bytes are no whole frames: each has {joints} x 4 float32.")
        array = np.frombuffer(sent, "<f4").reshape(-1, joints, 4)
    return _pose(array, skeleton, fps, name)


def _decoded(text: bytes | str, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(text, type=kind)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"this is not the JSON that is expected ({error}).") from error


def _array(frames: Frames, skeleton: Skeleton) -> NDArray[np.float64]:
    """(frames, joints, 4)"""
    joints = len(skeleton.joints)
    if any(len(frame) != joints for frame in frames):
        raise BadInput(f"each frame has {joints} joints, those of {skeleton.name}, in its order.")
    axes = {len(joint) for frame in frames for joint in frame}
    if len(axes) > 1 or not axes <= {3, 4}:
        raise BadInput("each joint is three numbers, x, y and z, or four, with a confidence; all alike.")
    array = np.array(frames, dtype=np.float64).reshape(len(frames), joints, max(axes, default=4))
    if axes == {3}:
        array = np.concatenate([array, array.any(axis=2, keepdims=True)], axis=2)
    return array


def _pose(joints: NDArray[np.float32] | NDArray[np.float64], skeleton: Skeleton, fps: float, name: str) -> Pose:
    """The pose that `Skeleton.select` gives these (frames, joints, 4) of, but for what cannot have been measured."""
    keypoints, confidence = joints[..., :3], joints[..., 3]
    seen = measured(keypoints, confidence)
    return Pose(
        keypoints=np.where(seen[..., None], keypoints, 0).astype(np.float32),
        confidence=np.where(seen, confidence, 0).clip(0, 1).astype(np.float32),
        points=skeleton.points,
        fps=fps,
        width=1,  # z is in pixels
        height=1,
        name=name,
    )
