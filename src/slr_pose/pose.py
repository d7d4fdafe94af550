"""Pose: the keypoints of one clip, read from and written to `.pose` files (pose-format, version 0.2)."""

import json
import struct
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.files import write_whole

# What a .pose file has no place for goes behind its body, where readers of the format do not look:
# JSON in UTF-8, its length, and this mark.
FOOTER_MARK = b"slr-pose"
FOOTER_LENGTH = struct.Struct("<I")


@dataclass
class Pose:
    """Keypoints of one clip.

    Attributes:
        keypoints: (frames, points, 3) float32; x and y in pixels, z as MediaPipe gives it (in frame widths, for
            a hand relative to its wrist, for the body relative to the hips); 0 where not seen. Never NaN.
        confidence: (frames, points) float32 in 0..1; 0 = not seen.
        points: the (component, point) name of each point, as in the header of a `.pose` file.
        limbs: pairs of points that a drawing links.
        fps: frames a second.
        width, height: size of the source frame in pixels.
        extractor: name, version and settings of what found the keypoints; empty when unknown.
        source: what the keypoints were found in (name, size, modified, start, end); empty when unknown.
        name: how messages call this clip.
    """

    keypoints: np.ndarray
    confidence: np.ndarray
    points: tuple[tuple[str, str], ...]
    fps: float
    width: int
    height: int
    limbs: tuple[tuple[int, int], ...] = ()
    extractor: dict = field(default_factory=dict)
    source: dict = field(default_factory=dict)
    name: str = "the pose"

    def seen(self, component: str) -> float:
        """Share of the frames, 0..1, in which any point of that component was seen."""
        columns = [index for index, point in enumerate(self.points) if point[0] == component]
        return float((self.confidence[:, columns] > 0).any(axis=1).mean()) if len(self.confidence) else 0.0

    def summary(self) -> dict:
        """How much there is of it and what was seen; travels in the footer, to be read without the rest."""
        components = dict.fromkeys(component for component, _ in self.points)
        seen = {component: round(self.seen(component), 4) for component in components}
        return {"frames": len(self.keypoints), "fps": self.fps, "seen": seen}

    def cut(self, start_s: float | None, end_s: float | None) -> "Pose":
        """The frames from `start_s` up to `end_s`, in seconds."""
        first = round((start_s or 0) * self.fps)
        last = len(self.keypoints) if end_s is None else round(end_s * self.fps)
        if not first < min(last, len(self.keypoints)):
            length_s = len(self.keypoints) / self.fps
            raise BadInput(f"{self.name} lasts {length_s:.2f} s, which leaves nothing of {start_s} to {end_s} s.")
        return Pose(
            **{
                **vars(self),
                "keypoints": self.keypoints[first:last],
                "confidence": self.confidence[first:last],
            }
        )

    @classmethod
    def read(cls, path: Path) -> "Pose":
        """Read a `.pose` file of version 0.0, 0.1 or 0.2; of several people, the first.

        Raises:
            BadInput: there is no such file, or it is not a whole `.pose` file.
        """
        from pose_format import Pose as PoseFile

        path = Path(path)
        try:
            content = path.read_bytes()
            file = PoseFile.read(content)
            keypoints = file.body.data.filled(0)[:, 0].astype(np.float32)  # (frames, points, 2, 3 or more)
            confidence = np.asarray(file.body.confidence)[:, 0].astype(np.float32)
        except FileNotFoundError as error:
            raise BadInput(f"there is no file {path}.") from error
        except Exception as error:  # the reader meets a damaged file with whatever its bytes provoke
            raise BadInput(f"{path} is not a whole .pose file; extract it again.") from error
        if keypoints.shape[-1] < 3:
            keypoints = np.pad(keypoints, ((0, 0), (0, 0), (0, 3 - keypoints.shape[-1])))
        keypoints = keypoints[..., :3]
        finite = np.isfinite(keypoints).all(axis=-1) & np.isfinite(confidence)
        limbs, first = [], 0
        for component in file.header.components:
            limbs += [(first + start, first + end) for start, end in component.limbs]
            first += len(component.points)
        footer = _read_footer(content)
        return cls(
            keypoints=np.where(finite[..., None], keypoints, 0),
            confidence=np.where(finite, confidence, 0).clip(0, 1),
            points=tuple((part.name, point) for part in file.header.components for point in part.points),
            fps=float(file.body.fps),
            width=file.header.dimensions.width,
            height=file.header.dimensions.height,
            limbs=tuple(limbs),
            extractor=footer.get("extractor", {}),
            source=footer.get("source", {}),
            name=path.name,
        )

    def write(self, path: Path) -> None:
        """Write a `.pose` file of version 0.2, whole or not at all."""
        from pose_format import Pose as PoseFile
        from pose_format import PoseHeader
        from pose_format.numpy import NumPyPoseBody
        from pose_format.pose_header import PoseHeaderComponent, PoseHeaderDimensions

        components, first = [], 0
        for name, points in groupby(self.points, key=lambda point: point[0]):
            points = [point for _, point in points]
            inside = range(first, first + len(points))
            limbs = [(a - first, b - first) for a, b in self.limbs if a in inside and b in inside]
            color = (0, 160, 80) if "LEFT" in name else (220, 60, 0) if "RIGHT" in name else (60, 90, 200)
            components.append(PoseHeaderComponent(name, points, limbs, [color], "XYZC"))
            first += len(points)
        header = PoseHeader(0.2, PoseHeaderDimensions(self.width, self.height), components)
        body = NumPyPoseBody(self.fps, self.keypoints[:, None].astype(np.float32), self.confidence[:, None])
        footer = json.dumps({"extractor": self.extractor, "source": self.source, "summary": self.summary()}).encode()
        with write_whole(path) as partial, open(partial, "wb") as file:
            PoseFile(header, body).write(file)
            file.write(footer + FOOTER_LENGTH.pack(len(footer)) + FOOTER_MARK)

    @staticmethod
    def read_footer(path: Path) -> dict:
        """The extractor, source and summary of a `.pose` file of ours, without reading the rest; else empty."""
        mark = FOOTER_LENGTH.size + len(FOOTER_MARK)
        try:
            with open(path, "rb") as file:
                size = file.seek(0, 2)
                file.seek(max(size - mark, 0))
                tail = file.read()
                if tail.endswith(FOOTER_MARK):
                    file.seek(size - mark - FOOTER_LENGTH.unpack_from(tail)[0])
                    return _read_footer(file.read())
        except OSError:
            pass
        return {}


def _read_footer(content: bytes) -> dict:
    end = len(content) - len(FOOTER_MARK) - FOOTER_LENGTH.size
    if end < 0 or not content.endswith(FOOTER_MARK):
        return {}
    (length,) = FOOTER_LENGTH.unpack_from(content, end)
    return json.loads(content[end - length : end])
