"""Frames -> video files. PyAV encodes."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from av import VideoFrame


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
        # By itself, x264 makes another file on each number of cores, and even each time: parts of it read memory that
        # nothing was written to.
        same_each_time = {} if gif else {"x264-params": "cpu-independent=1"}
        stream = container.add_stream("gif" if gif else "libx264", rate=rate, options=same_each_time)
        stream.pix_fmt = "pal8" if gif else "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in _paletted(frames, rate) if gif else map(even_sided, frames):
            if not stream.codec_context.is_open:
                stream.width, stream.height = frame.width, frame.height
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def even_sided(image: np.ndarray) -> "VideoFrame":
    """A picture, (height, width, 3) uint8 RGB, without its last row or column where there is an odd number of them."""
    import av

    height, width = image.shape[:2]
    return av.VideoFrame.from_ndarray(image[: height - height % 2, : width - width % 2], format="rgb24")


def _paletted(images: Iterable[np.ndarray], rate: Fraction) -> "Iterator[VideoFrame]":
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
            graph.vpush(frame)
        for _ in some:
            colored = graph.vpull()
            colored.pts = None
            yield colored
