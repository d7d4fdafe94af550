"""Video files -> upright frames at the container's own times, and frames -> video files. PyAV decodes and encodes."""

import contextlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice
from math import ceil
from pathlib import Path

import numpy as np

from slr_pose import BadInput

SAMPLE = Path(__file__).with_name("sample.mp4")  # two seconds of a synthetic signer; `make sample` films it
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
    """Encode frames, each (height, width, 3) uint8 RGB of one size, as the path's suffix says: H.264 mp4 or GIF.

    H.264 knows even sizes only: an mp4 lacks the last row or column of an odd one. Browsers slow down a GIF with more
    than 50 frames a second: of such, it has every second or third.
    """
    import av

    gif = path.suffix.lower() == ".gif"
    rate = Fraction(fps).limit_denominator(1001)
    step = ceil(rate / 50) if gif else 1
    frames, rate = islice(frames, 0, None, step), rate / step
    with av.open(str(path), "w") as container:
        stream = container.add_stream("gif" if gif else "libx264", rate=rate)
        stream.pix_fmt = "pal8" if gif else "yuv420p"
        stream.codec_context.thread_count = 1  # with several, x264 makes another file each time
        for frame in _paletted(frames, rate) if gif else map(_even_sided, frames):
            if not stream.codec_context.is_open:
                stream.width, stream.height = frame.width, frame.height
            container.mux(stream.encode(frame))
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


def _even_sided(image: np.ndarray):
    import av

    height, width = image.shape[:2]
    return av.VideoFrame.from_ndarray(image[: height - height % 2, : width - width % 2], format="rgb24")


def _paletted(images: Iterable[np.ndarray], rate: Fraction) -> Iterator:
    """Frames with the 256 colors that suit them best, chosen anew from time to time: memory holds no long video."""
    import av

    images = iter(images)
    while some := [av.VideoFrame.from_ndarray(image, format="rgb24") for image in islice(images, 64)]:
        graph = av.filter.Graph()
        first = some[0]
        source = graph.add_buffer(width=first.width, height=first.height, format=first.format, time_base=1 / rate)
        split, palette = graph.add("split"), graph.add("palettegen")
        use = graph.add("paletteuse", "dither=bayer:bayer_scale=4")
        graph.link_nodes(source, split, use, graph.add("buffersink"))
        split.link_to(palette, output_idx=1)
        palette.link_to(use, input_idx=1)
        graph.configure()
        for frame in (*some, None):
            graph.push(frame)
        for _ in some:
            frame = graph.pull()
            frame.pts = None
            yield frame
