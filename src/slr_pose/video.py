"""Video files -> upright frames at the container's own times, and frames -> video files. PyAV decodes and encodes."""

import contextlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import numpy as np

from slr_pose import BadInput

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".3gp", ".gif", ".ts"}


def probe(video: Path) -> tuple[float, float]:
    """Seconds, and frames a second on average, of a video, as its container tells them; 0 s when it does not.

    Raises:
        BadInput: it is not a video.
    """
    with _open(video) as (container, stream):
        rate = _rate(stream)
        seconds = stream.duration * stream.time_base if stream.duration else Fraction(container.duration or 0, 10**6)
        return float(seconds or stream.frames / rate), float(rate)


def read_frames(
    video: Path, start_s: float | None = None, end_s: float | None = None
) -> Iterator[tuple[float, np.ndarray]]:
    """The frames of a video that are shown from `start_s` up to `end_s`, in order; damaged ones are left out.

    Yields:
        Seconds since the video's start by the container's clock, and the picture as a player shows it: upright, with
        square pixels, (height, width, 3) uint8 RGB.

    Raises:
        BadInput: it is not a video.
    """
    frames = _decode(video, start_s or 0)
    if start_s:
        head = next(frames, None)
        led_past = head is None or head[0] > start_s  # by a damaged index
        frames = _decode(video, 0) if led_past else chain([head], frames)
    for time_s, frame, aspect in frames:
        if end_s is not None and time_s >= end_s - 1e-4:
            break
        if start_s is None or time_s >= start_s - 1e-4:
            yield time_s, _picture(frame, aspect)


def even_steps(times_s: np.ndarray, fps: float) -> np.ndarray:
    """Which frame is nearest to each of the moments 0, 1/fps, 2/fps, ... after the first frame.

    Args:
        times_s: (frames,) seconds, ascending.

    Returns:
        (moments,) indices; 0, 1, 2, ... when the frames come at an even pace of `fps`.
    """
    moments = times_s[0] + np.arange(round((times_s[-1] - times_s[0]) * fps) + 1) / fps
    return np.searchsorted((times_s[1:] + times_s[:-1]) / 2, moments)


def write_video(path: Path, frames: Iterable[np.ndarray], fps: float) -> None:
    """Encode frames, each (height, width, 3) uint8 RGB of one size, as the path's suffix says: H.264 mp4 or GIF."""
    import av

    gif = path.suffix.lower() == ".gif"
    with av.open(str(path), "w") as container:
        stream = None
        for image in frames:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if stream is None:
                stream = container.add_stream("gif" if gif else "libx264", rate=Fraction(fps).limit_denominator(1001))
                stream.width, stream.height = frame.width, frame.height
                stream.pix_fmt = "rgb8" if gif else "yuv420p"
            container.mux(stream.encode(frame))
        if stream:
            container.mux(stream.encode())


@contextlib.contextmanager
def _open(video: Path) -> Iterator[tuple]:
    """A container and its video stream."""
    import av

    try:
        container = av.open(str(video), metadata_errors="ignore")  # tags may be in any encoding
    except (av.FFmpegError, OSError) as error:
        reason = "there is no such file" if not Path(video).is_file() else "it is not a video that can be read"
        raise BadInput(f"cannot open {video}: {reason}.") from error
    with container:
        if not container.streams.video:
            raise BadInput(f"cannot open {video}: there is no video in it.")
        yield container, container.streams.video[0]


def _rate(stream) -> Fraction:
    return stream.average_rate or stream.guessed_rate or Fraction(25)


def _decode(video: Path, from_s: float) -> Iterator[tuple]:
    """Frames from the key frame before `from_s` on, with their times, which ascend, and the width of their pixels."""
    import av

    with _open(video) as (container, stream), contextlib.suppress(av.FFmpegError):
        stream.thread_type = "AUTO"
        first, frame_s, aspect = (
            stream.start_time or 0,
            float(1 / _rate(stream)),
            float(stream.sample_aspect_ratio or 1),
        )
        last_s = -frame_s
        if from_s:
            container.seek(first + int(from_s / stream.time_base), stream=stream)
        for packet in container.demux(stream):
            frames = []
            with contextlib.suppress(av.FFmpegError):  # a damaged packet; those behind it may be whole
                frames = packet.decode()
            for frame in frames:
                if frame.pts is not None:
                    time_s = float((frame.pts - first) * stream.time_base)
                else:
                    time_s = float("inf") if from_s else last_s
                if time_s <= last_s:  # AVI and bare streams do not know when their frames are shown, only in what order
                    time_s = last_s + frame_s
                last_s = time_s
                yield time_s, frame, aspect


def _picture(frame, aspect: float) -> np.ndarray:
    width = frame.width if abs(aspect - 1) < 0.01 else round(frame.width * aspect)
    image = frame.to_ndarray(format="rgb24", width=width)
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))
