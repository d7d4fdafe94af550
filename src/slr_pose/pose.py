"""Pose: the keypoints of one clip, read from and written to `.pose` files (pose-format, version 0.2)."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.files import last_bytes, open_regular, write_whole

if TYPE_CHECKING:
    from pose_format.pose_header import PoseHeader

# A clip beyond this is refused.
MOST_FRAMES = 1_000_000  # eleven hours at 25 frames a second
MOST_POINTS = 2_000  # of one person; MediaPipe's body, face and hands, and its body in metres, are 586
MOST_BYTES = 1 << 30  # that the people of a file of version 0.0 take, who are not equally many in each frame
MOST_LIMBS = 10_000  # of one person; theirs are 2,676
LONGEST_HEADER = 1 << 20  # bytes
SLOWEST, FASTEST = 0.001, 10_000.0  # frames a second: of a slide show, and of a camera for slow motion

# A point beyond this was not measured, and counts as not seen.
FARTHEST = 1e6  # pixels (or what z is in); no picture is larger than 65,535
LEAST_CONFIDENCE, GREATEST_CONFIDENCE = 1e-6, 2.0  # OpenPose's goes a little beyond 1

# What a .pose file has no place for goes behind its body, where readers of the format do not look:
# JSON in UTF-8, its length, and this mark.
FOOTER_MARK = b"slr-pose"
FOOTER_LENGTH = struct.Struct("<I")
LONGEST_FOOTER = 1 << 16  # bytes


Setting = str | int | float | bool | None


class Extractor(msgspec.Struct):
    """What a footer says of what found the keypoints, beside its settings."""

    name: str
    version: str


class Source(msgspec.Struct):
    """What a footer says of the video that the keypoints were found in, or of what a synthetic signer signed."""

    name: Annotated[str, Meta(pattern=r"^(?!\.{1,2}$)[^/\0]+$")] | UnsetType = UNSET  # of a file, in no folder
    size: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    modified: Annotated[float, Meta(ge=-1e12, le=1e12)] | UnsetType = UNSET
    start: Annotated[float, Meta(ge=-1e12, le=1e12)] | None = None
    end: Annotated[float, Meta(ge=-1e12, le=1e12)] | None = None
    box: str | UnsetType = UNSET
    fps: Annotated[float, Meta(ge=SLOWEST, le=FASTEST)] | UnsetType = UNSET
    person: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    synthetic: dict[str, Setting] | UnsetType = UNSET


class Summary(msgspec.Struct):
    """What a footer says of the pose, to be known without reading it."""

    frames: Annotated[int, Meta(ge=1)]
    fps: Annotated[float, Meta(ge=SLOWEST, le=FASTEST)]
    seen: dict[str, Annotated[float, Meta(ge=0, le=1)]]


FOOTER = {"extractor": (Extractor, dict[str, Setting]), "source": (Source,), "summary": (Summary,)}


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
        width, height: size of the source frame in pixels; whole numbers, but where the layout of an array has others.
        extractor: name, version and settings of what found the keypoints; empty when unknown.
        source: what the keypoints were found in (name, size, modified, start, end, box, fps); empty when unknown.
        people: how many people the file shows; the keypoints are those of the signer.
        name: how messages call this clip.
    """

    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]
    points: tuple[tuple[str, str], ...]
    fps: float
    width: float
    height: float
    limbs: tuple[tuple[int, int], ...] = ()
    extractor: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    people: int = 1
    name: str = "the pose"

    @property
    def start_s(self) -> float:
        """When its first frame is shown, in seconds of the video that it was found in; 0 where that is not known."""
        return float(self.source.get("start") or 0.0)

    @property
    def end_s(self) -> float:
        """When its last frame ends, in seconds of the video that it was found in."""
        return self.start_s + len(self.keypoints) / self.fps

    def seen(self, component: str) -> float:
        """Share of the frames, 0..1, in which any point of that component was seen."""
        columns = [index for index, point in enumerate(self.points) if point[0] == component]
        return float((self.confidence[:, columns] > 0).any(axis=1).mean()) if len(self.confidence) else 0.0

    def summary(self) -> dict[str, Any]:
        """How much there is of it and what was seen; travels in the footer, to be read without the rest."""
        components = dict.fromkeys(component for component, _ in self.points)
        seen = {component: round(self.seen(component), 4) for component in components}
        return {"frames": len(self.keypoints), "fps": self.fps, "seen": seen}

    def cut(self, start_s: float | None, end_s: float | None) -> "Pose":
        """The frames from `start_s` up to `end_s`, in seconds; `None` is where the clip begins, or ends.

        Raises:
            BadInput: the part is outside of the clip, ends before it starts, or shows nobody.
        """
        length_s = len(self.keypoints) / self.fps
        start_s = 0.0 if start_s is None else start_s
        end_s = length_s if end_s is None else end_s
        first = last = 0
        if 0 <= start_s < end_s:
            first, last = (round(min(time_s, length_s) * self.fps) for time_s in (start_s, end_s))
        if first == last:
            raise BadInput(
                f"{self.name} lasts {length_s:.2f} s, which leaves nothing of {start_s:g} to {end_s:g} s;"
                " correct its start and end."
            )
        part = {"keypoints": self.keypoints[first:last], "confidence": self.confidence[first:last]}
        if not part["confidence"].any():
            _refuse_nobody(f"{self.name}, {start_s:g} to {end_s:g} s,")
        return Pose(**{**vars(self), **part})

    @classmethod
    def read(cls, path: Path) -> "Pose":
        """Read a `.pose` file of version 0.0, 0.1 or 0.2. Of several people, the signer is the one whose hands are seen
        most.

        Raises:
            BadInput: there is no such file, it is not a whole `.pose` file, it shows nobody, or it is beyond what a
                clip may be.
        """
        path = Path(path)
        with open_regular(path) as file:
            try:
                content = file.read()
                header, fps, keypoints, confidence = _read_body(path.name, content)
            except BadInput:
                raise
            except Exception as error:  # the reader meets a damaged file with whatever its bytes provoke
                raise BadInput(f"{path} is not a whole .pose file; extract it again.") from error
        points = tuple((part.name, point) for part in header.components for point in part.points)
        seen = measured(keypoints, confidence)  # (frames, people, points)
        signer, people = _signer(seen, points)
        limbs, first = [], 0
        for component in header.components:
            count = len(component.points)
            limbs += [(first + a, first + b) for a, b in component.limbs if a < count and b < count]
            first += count
        footer = _read_footer(content)
        return cls.checked(
            keypoints[:, signer],
            confidence[:, signer],
            points=points,
            fps=fps,
            width=header.dimensions.width,
            height=header.dimensions.height,
            limbs=tuple(limbs),
            extractor=footer.get("extractor", {}),
            source=footer.get("source", {}),
            people=people,
            name=path.name,
        )

    @classmethod
    def checked(
        cls, keypoints: NDArray[Any], confidence: NDArray[Any], *, fps: float, name: str, **others: Any
    ) -> "Pose":
        """The pose of numbers that anybody may have written.

        Args:
            keypoints, confidence: (frames, points, 3) and (frames, points), as in a pose, of any kind of number; what
                cannot have been measured becomes "not seen".
            others: the other attributes of a pose.

        Raises:
            BadInput: it has too many frames, no frame rate, or shows nobody.
        """
        if len(keypoints) > MOST_FRAMES:
            raise BadInput(f"{name} has {len(keypoints)} frames, and a file may have {MOST_FRAMES}; cut it into parts.")
        if not SLOWEST <= fps <= FASTEST:
            raise BadInput(
                f"{name} says that it has {fps:g} frames a second, and {SLOWEST:g} to {FASTEST:g} can be true;"
                " write its frame rate into it, or extract its video again."
            )
        seen = measured(keypoints, confidence)
        if not seen.any():
            _refuse_nobody(name)
        return cls(
            keypoints=np.where(seen[..., None], keypoints, 0).astype(np.float32),
            confidence=np.where(seen, confidence, 0).clip(0, 1).astype(np.float32),
            fps=float(fps),
            name=name,
            **others,
        )

    def write(self, path: Path) -> None:
        """Write a `.pose` file of version 0.2, whole or not at all."""
        from pose_format import Pose as PoseFile
        from pose_format import PoseHeader
        from pose_format.numpy import NumPyPoseBody
        from pose_format.pose_header import PoseHeaderComponent, PoseHeaderDimensions

        components, first = [], 0
        for name, named in groupby(self.points, key=lambda point: point[0]):
            points = [point for _, point in named]
            inside = range(first, first + len(points))
            limbs = [(a - first, b - first) for a, b in self.limbs if a in inside and b in inside]
            color = (0, 160, 80) if "LEFT" in name else (220, 60, 0) if "RIGHT" in name else (60, 90, 200)
            components.append(PoseHeaderComponent(name, points, limbs, [color], "XYZC"))
            first += len(points)
        header = PoseHeader(0.2, PoseHeaderDimensions(round(self.width), round(self.height)), components)
        body = NumPyPoseBody(self.fps, self.keypoints[:, None].astype(np.float32), self.confidence[:, None])
        footer = json.dumps({"extractor": self.extractor, "source": self.source, "summary": self.summary()}).encode()
        with write_whole(path) as partial, open(partial, "wb") as file:
            PoseFile(header, body).write(file)
            file.write(footer + FOOTER_LENGTH.pack(len(footer)) + FOOTER_MARK)

    @staticmethod
    def read_footer(path: Path) -> dict[str, Any]:
        """The extractor, source and summary of a `.pose` file of ours, without reading the rest.

        Empty where the file is another's, cannot be read, or its footer is damaged.

        Raises:
            BadInput: it is in an object store that cannot be asked.
        """
        return _read_footer(last_bytes(path, LONGEST_FOOTER))


def measured(keypoints: NDArray[Any], confidence: NDArray[Any]) -> NDArray[np.bool_]:
    """Which points can have been measured: (..., points, axes) and (..., points) -> (..., points) bool."""
    found: NDArray[np.bool_] = (np.abs(keypoints) <= FARTHEST).all(axis=-1)  # NaN is not
    return found & (confidence >= LEAST_CONFIDENCE) & (confidence <= GREATEST_CONFIDENCE)


def _refuse_nobody(name: str) -> NoReturn:
    raise BadInput(
        f"{name} shows nobody: no point of a person is seen in it; leave it out, or extract its video again."
    )


def _signer(seen: NDArray[np.bool_], points: tuple[tuple[str, str], ...]) -> tuple[int, int]:
    """(frames, people, points) -> who has the most hands seen, or, of equals, the most points; how many are seen."""
    components = dict.fromkeys(component for component, _ in points)
    hands = np.zeros(seen.shape[1], dtype=int)
    for hand in (name for name in components if "hand" in name.lower() and "world" not in name.lower()):
        columns = [index for index, (component, _) in enumerate(points) if component == hand]
        hands += seen[:, :, columns].any(axis=2).sum(axis=0)
    totals = seen.sum(axis=(0, 2))
    return max(range(len(totals)), key=lambda person: (hands[person], totals[person])), int((totals > 0).sum())


def _read_body(name: str, content: bytes) -> "tuple[PoseHeader, float, NDArray[np.float32], NDArray[np.float32]]":
    """A `.pose` file -> its header, frames a second, (frames, people, points, 3) keypoints, confidence without the 3.

    pose-format reads the header; its bodies are read here, because it copies them several times, takes the first person
    of version 0.0, and does not see where version 0.1 is cut short
    (https://github.com/sign-language-processing/pose/tree/master/docs/specs).
    """
    from pose_format.pose_header import PoseHeader
    from pose_format.utils.reader import BufferReader

    reader = BufferReader(content[:LONGEST_HEADER])
    header = PoseHeader.read(reader)
    version, start = round(header.version, 3), reader.read_offset
    points = sum(len(component.points) for component in header.components)
    limbs = sum(len(component.limbs) for component in header.components)
    if points > MOST_POINTS or limbs > MOST_LIMBS:
        raise BadInput(
            f"{name} has {points} points and {limbs} limbs per person, and {MOST_POINTS} and {MOST_LIMBS} are read;"
            " leave some out of it."
        )
    if version == 0:
        fps, frames = struct.unpack_from("<HH", content, start)
        people = list(_people(content, start + 4, frames, header))
        keypoints, confidence = _side_by_side(name, people, header)
    elif version in (0.1, 0.2):
        layout = struct.Struct("<HHH" if version == 0.1 else "<fIH")
        fps, frames, people = layout.unpack_from(content, start)
        axes, start = header.num_dims(), start + layout.size
        if version == 0.1 and people and points:  # frames are counted in two bytes, which may not do
            counted, odd = divmod(len(content) - start, people * points * (axes + 1) * 4)
            if odd or counted % (1 << 16) != frames:
                raise ValueError("cut short")
            frames = counted
        shape, count = (frames, people, points), frames * people * points
        if not count:
            _refuse_nobody(name)
        numbers = np.frombuffer(content, "<f4", count * (axes + 1), start)
        keypoints, confidence = numbers[: count * axes].reshape(*shape, axes), numbers[count * axes :].reshape(shape)
    else:
        raise BadInput(f"{name} is a .pose file of version {version:g}, and 0.0 to 0.2 are read; save it as 0.2.")
    if not keypoints.size:
        _refuse_nobody(name)
    missing = max(0, 3 - keypoints.shape[-1])
    return header, fps, np.pad(keypoints[..., :3], ((0, 0), (0, 0), (0, 0), (0, missing))), confidence


def _people(content: bytes, start: int, frames: int, header: "PoseHeader") -> Iterator[NDArray[np.float32]]:
    """Of each frame of a body of version 0.0, (people, numbers): of each component its points, each with its axes."""
    size = sum(len(component.points) * len(component.format) for component in header.components)
    person = np.dtype([("id", "<i2"), ("numbers", "<f4", (size,))])
    for _ in range(frames):
        (people,) = struct.unpack_from("<H", content, start)
        end = start + 2 + people * person.itemsize
        if end > len(content):
            raise ValueError("cut short")
        yield np.frombuffer(content[start + 2 : end], person)["numbers"]
        start = end


def _side_by_side(
    name: str, people: list[NDArray[np.float32]], header: "PoseHeader"
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The people of a file of version 0.0 -> (frames, people, points, 3) and confidence (frames, people, points)."""
    most = max(map(len, people), default=0)
    columns, start = [], 0  # of x, y, z and confidence; -1 is the zero behind the last
    for component in header.components:
        width = len(component.format)
        for _ in component.points:
            columns.append((start, start + 1, start + 2 if width > 3 else -1, start + width - 1))
            start += width
    if len(people) * most * (start + 1) * 4 > MOST_BYTES:
        raise BadInput(f"{name} has up to {most} people in a frame, which is too much for one file; cut it into parts.")
    numbers = np.zeros((len(people), most, start + 1), np.float32)
    for frame, shown in enumerate(people):
        numbers[frame, : len(shown), :-1] = shown
    found = numbers[:, :, np.array(columns, dtype=int).reshape(-1, 4)]
    return found[..., :3], found[..., 3]


def _read_footer(content: bytes) -> dict[str, Any]:
    """What the last bytes of a file of ours say; empty where they say something else."""
    end = len(content) - len(FOOTER_MARK) - FOOTER_LENGTH.size
    if end < 0 or not content.endswith(FOOTER_MARK):
        return {}
    (length,) = FOOTER_LENGTH.unpack_from(content, end)
    if length > end:
        return {}
    try:
        footer = json.loads(content[end - length : end], parse_constant=_refuse_constant)
        footer = msgspec.convert(footer, dict[str, dict[str, Any]])
        for part in filter(footer.get, FOOTER):  # an empty one is unknown
            for kind in FOOTER[part]:
                msgspec.convert(footer[part], kind)
    except (ValueError, RecursionError):
        return {}
    return footer


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
