"""Pose -> picture: the skeleton over its video or on white, as an MP4, a GIF, or a PNG sheet of a few frames.

What is signed from when to when stands below.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slr_pose import BadInput, events
from slr_pose.events import Listener, ignore
from slr_pose.files import write_whole
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.media.encoding import write_video
from slr_pose.media.folder import refuse_inside
from slr_pose.media.video import read_frames
from slr_pose.pose import Pose
from slr_pose.strip import INK, Strip
from slr_pose.timeline import Timeline

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

LONGEST_PX = {".mp4": 960, ".gif": 480, ".png": 480}  # of the sides of a film, or of each frame on a sheet
SHEET_FRAMES, SHEET_COLUMNS, SHEET_GAP_PX = 8, 4, 6
OVERSAMPLING = 2  # Pillow's lines have stairs until they are shrunk

# Okabe and Ito's colors, which the color-blind tell apart too (https://jfly.uni-koeln.de/color). What is drawn later
# lies above what is drawn earlier.
COLORS = {"body": (0, 158, 115), "face": (204, 121, 167), "left hand": (0, 114, 178), "right hand": (213, 94, 0)}
UNSEEN, EDGE, PANEL = (120, 120, 120), (255, 255, 255), (255, 255, 255, 200)
SURE = 0.5  # visibility from which MediaPipe's guess of a body joint counts as seen


def pose_of(video: Path) -> Pose | None:
    """The pose beside a video, a file or a folder of pictures, when it was extracted from this very video, by whatever
    extractor.

    Raises:
        BadInput: there is no such file.
    """
    if not video.exists():
        raise BadInput(f"there is no file {video}.")
    file = PoseFiles().of(Job(video, default_estimator()))
    return file.read() if file.is_extracted else None


def video_of(source: dict[str, Any], folder: Path) -> Path | None:
    """The video in `folder` that a pose of that source was extracted from, when it is there and unchanged."""
    part = source.get("start"), source.get("end")
    job = Job(folder / source.get("name", ""), default_estimator(), None, *part)
    return job.video if job.video.exists() and job.source() == source else None


def check_output(output: Path, video: Path | None) -> None:
    """Whether the drawing can go there, which is worth knowing before the video is extracted.

    Raises:
        BadInput: it is of another kind, the video itself, or among its pictures.
    """
    if output.suffix.lower() not in LONGEST_PX:
        raise BadInput(f"{output} is none of {', '.join(LONGEST_PX)}: name a file that ends with one of them.")
    if video and output.exists() and output.samefile(video):
        raise BadInput(f"{output} is the video itself; name another file with --output.")
    refuse_inside(output, video)


def draw(
    pose: Pose, video: Path | None, output: Path, timeline: Timeline | None = None, on_event: Listener = ignore
) -> None:
    """Draw a pose over the video that it was extracted from, or on white, and what is signed below.

    Hands, body and face have a color each; a joint that was not seen is a grey ring where it must have been, between
    the frames in which it was seen.

    Args:
        output: `.mp4` or `.gif`, with all frames of the pose at its pace, or `.png`, with eight, evenly spaced.
        timeline: what is signed; without it there is nothing below.
        on_event: told of each frame of the pose.

    Raises:
        BadInput: the output is of another kind, is the video itself or among its pictures, or cannot be written; the
            pose does not say how large its picture is.
    """
    check_output(output, video)
    suffix = output.suffix.lower()
    frames = len(pose.keypoints)
    if not (pose.width > 0 and pose.height > 0):
        raise BadInput(
            f"{pose.name} says that its picture is {pose.width} x {pose.height}; write its size into it, or extract its"
            " video again."
        )
    drawing = Drawing(pose, LONGEST_PX[suffix], on_white=video is None, timeline=timeline)
    white: list[tuple[float, np.ndarray | None]] = [(pose.source.get("start") or 0.0, None)]
    shown = read_frames(video, pose.source.get("start"), pose.source.get("end")) if video else white
    steps = zip(range(frames), _in_step(shown, pose.fps), strict=False)

    def film() -> Iterator[np.ndarray]:
        for frame, (time_s, picture) in steps:
            yield np.asarray(drawing.frame(frame, picture, time_s=time_s))
            on_event(events.Drawing(frame + 1, frames))

    def tiles() -> Iterator["Image"]:
        chosen = set(((np.arange(SHEET_FRAMES) + 0.5) * frames / SHEET_FRAMES).astype(int))
        for frame, (time_s, picture) in steps:
            if frame in chosen:
                yield drawing.frame(frame, picture, "" if timeline else f"{time_s:.2f} s", time_s)
            on_event(events.Drawing(frame + 1, frames))

    with write_whole(output) as partial:
        if suffix == ".png":
            sheet(list(tiles())).save(partial)
        else:
            write_video(partial, film(), pose.fps)


class Drawing:
    """A pose made ready to be drawn on pictures of one size.

    Args:
        longest_px: the picture's longest side, at most.
        on_white: the picture grows where hands or face leave the video's frame, for there is no video to fit.
        timeline: what is signed, to stand below.
    """

    def __init__(self, pose: Pose, longest_px: int, on_white: bool, timeline: Timeline | None = None):
        from PIL import ImageFont

        part_of = np.array([_part(component) for component, _ in pose.points])
        self.joints = {part: np.flatnonzero(part_of == part) for part in COLORS if part in part_of}
        self.limbs = {part: [limb for limb in pose.limbs if part_of[limb[1]] == part] for part in self.joints}
        self.seen = np.where(part_of == "body", pose.confidence >= SURE, pose.confidence > 0)  # (frames, points)

        start, end = np.zeros(2), np.maximum(1.0, [pose.width, pose.height])
        places = pose.keypoints[..., :2].clip(-end, 2 * end)  # what is farther off is a slip
        if on_white:
            near = places[self.seen & np.isin(part_of, ("face", "left hand", "right hand"))]
            start, end = near.min(axis=0, initial=0), np.maximum(near.max(axis=0, initial=0), end)
        scale = min(1, longest_px / (end - start).max())
        width, height = (max(2, round(side)) for side in (end - start) * scale)
        self.size = width, height
        self.places = (_fill(places, self.seen) - start) * (scale * OVERSAMPLING)
        self.line = max(1.5, max(self.size) / 240) * OVERSAMPLING
        self.letter = max(11, max(self.size) / 48) * OVERSAMPLING  # height
        self.font = ImageFont.load_default(self.letter)
        self.strip, self.below = None, 0
        if timeline:
            start_s = pose.source.get("start") or 0.0
            end_s = start_s + len(pose.keypoints) / pose.fps
            self.strip = Strip(timeline, start_s, end_s, width * OVERSAMPLING, self.letter)
            self.below = 2 * ceil(self.strip.height / OVERSAMPLING / 2)  # H.264 knows even sizes only

    def frame(self, frame: int, picture: np.ndarray | None, label: str = "", time_s: float = 0.0) -> "Image":
        """One frame over a picture, (height, width, 3) uint8 RGB, or on white, with a label in a corner.

        Args:
            time_s: at which what is signed is shown below.
        """
        from PIL import Image, ImageDraw

        width, height = self.size
        large = width * OVERSAMPLING, height * OVERSAMPLING
        image = Image.new("RGB", (large[0], large[1] + self.below * OVERSAMPLING), EDGE)
        if picture is not None:
            image.paste(Image.fromarray(picture).resize(self.size).resize(large, Image.Resampling.NEAREST))
        pen = ImageDraw.Draw(image, "RGBA")
        self._draw_words(pen, frame, label)
        for part in self.joints:
            self._draw_part(pen, frame, part)
        if self.strip:
            self.strip.draw(pen, large[1], time_s)
        return image.reduce(OVERSAMPLING)

    def _draw_part(self, pen: "ImageDraw", frame: int, part: str) -> None:
        seen, places, line = self.seen[frame], self.places[frame], self.line
        joints = [joint for joint in self.joints[part] if np.isfinite(places[joint, 0])]
        if part == "face":
            for joint in joints:
                if seen[joint]:
                    pen.circle(places[joint], line / 3, (*COLORS[part], 160))
            return
        line *= 1 if part == "body" else 0.7
        limbs = [limb for limb in self.limbs[part] if np.isfinite(places[list(limb), 0]).all()]
        for edge in (line * 0.5, 0):
            for limb in limbs:
                sure = seen[list(limb)].all()
                ink = EDGE if edge else COLORS[part] if sure else UNSEEN
                pen.line([tuple(places[joint]) for joint in limb], ink, round((line if sure else line / 3) + edge))
            for joint in joints:
                if seen[joint]:
                    pen.circle(places[joint], line * 1.1 + edge / 2, EDGE if edge else COLORS[part])
                else:
                    pen.circle(places[joint], line * 1.4 + edge / 2, EDGE, None if edge else UNSEEN, round(line / 2))

    def _draw_words(self, pen: "ImageDraw", frame: int, label: str) -> None:
        """Which color is which part, and which part was not seen."""
        rows = []
        for part, joints in reversed(self.joints.items()):
            seen = self.seen[frame, joints].any()
            owner = "signer's " if part.endswith("hand") else ""
            rows.append((COLORS[part] if seen else None, f"{owner}{part}" if seen else f"{part} not seen"))
        size = self.letter
        margin, step = size / 2, size * 1.3
        width = max((self.font.getlength(text) for _, text in rows), default=0) + size * 1.8
        if rows:
            pen.rounded_rectangle((margin, margin, margin + width, margin * 2 + step * len(rows)), margin, PANEL)
        for row, (color, text) in enumerate(rows):
            y = margin * 1.5 + step * (row + 0.5)
            pen.circle((margin + size * 0.8, y), size * 0.3, color or EDGE, color or UNSEEN, round(size / 8))
            pen.text((margin + size * 1.4, y), text, INK, self.font, anchor="lm")
        if label:
            x, y = margin, self.size[1] * OVERSAMPLING - margin
            box = (x, y - step * 1.2, x + self.font.getlength(label) + size, y)
            pen.rounded_rectangle(box, margin, PANEL)
            pen.text((x + margin, y - step * 0.6), label, INK, self.font, anchor="lm")


def _part(component: str) -> str:
    """Which part of the signer a component shows; empty for one that is in metres."""
    name = component.lower()
    if "world" in name:
        return ""
    if "hand" in name and ("left" in name or "right" in name):
        return "left hand" if "left" in name else "right hand"
    return "face" if "face" in name else "body"


def _fill(places: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(frames, points, 2) pixels, (frames, points) -> the same, on a line between the frames where a point was seen.

    Held at the ends; NaN for a point that is never seen.
    """
    filled = np.full(places.shape, np.nan)
    for point in np.flatnonzero(seen.any(axis=0)):
        known = np.flatnonzero(seen[:, point])
        for axis in range(2):
            filled[:, point, axis] = np.interp(np.arange(len(places)), known, places[known, point, axis])
    return filled


def _in_step(
    frames: Iterable[tuple[float, np.ndarray | None]], fps: float
) -> Iterator[tuple[float, np.ndarray | None]]:
    """The moments 0, 1/fps, 2/fps, ... after the first, each with the picture nearest to it; the last one for ever."""
    first_s, moment = None, 0
    for (time_s, picture), (next_s, _) in pairwise(chain(frames, [(np.inf, None)])):
        first_s = time_s if first_s is None else first_s
        while first_s + moment / fps <= (time_s + next_s) / 2:
            yield first_s + moment / fps, picture
            moment += 1


def sheet(tiles: "list[Image]") -> "Image":
    """Pictures of one size in rows."""
    from PIL import Image

    columns = min(SHEET_COLUMNS, len(tiles))
    width, height = (side + SHEET_GAP_PX for side in tiles[0].size)
    size = (columns * width + SHEET_GAP_PX, ceil(len(tiles) / columns) * height + SHEET_GAP_PX)
    sheet = Image.new("RGB", size, UNSEEN)
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (SHEET_GAP_PX + number % columns * width, SHEET_GAP_PX + number // columns * height))
    return sheet
