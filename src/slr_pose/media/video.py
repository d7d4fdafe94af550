"""Videos, files or folders of pictures -> upright frames at their own times. PyAV decodes files."""

import contextlib
import stat
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slr_pose import BadInput
from slr_pose.media.frame import MAX_PIXELS, SAMPLES, Size, fitted, framed, largest
from slr_pose.media.pictures import FPS, number_at, pictures_in, read_pictures
from slr_pose.places import Address

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream
    from av.container import InputContainer
    from av.sidedata.sidedata import SideData

    Shown = tuple[float, VideoFrame, float]  # a frame: when, in seconds, and how wide its pixels are

SAMPLE = Path(__file__).with_name("sample.mp4")  # two seconds of a synthetic signer; `make sample` films it
# What files with pictures are called; not what is mostly sound (.ogg) or something else (.mod, .dat).
# fmt: off
VIDEO_SUFFIXES = {
    ".264", ".265", ".3g2", ".3gp", ".3gpp", ".amv", ".asf", ".avi", ".dav", ".divx", ".dv", ".dvr-ms", ".f4v",
    ".flv", ".gif", ".gxf", ".h264", ".h265", ".hevc", ".ivf", ".m1v", ".m2p", ".m2t", ".m2ts", ".m2v", ".m4v",
    ".mjpeg", ".mjpg", ".mk3d", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogm",
    ".ogv", ".qt", ".rm", ".rmvb", ".tod", ".tp", ".trp", ".ts", ".vob", ".webm", ".wmv", ".wtv", ".y4m",
}
# fmt: on
# FFmpeg's containers of moving pictures that hold all of them in the one file. Others name further files or addresses
# (hls, dash, concat, sdp, image2, imf), or draw any text (tty): they are not opened.
CONTAINERS = (
    "asf,av1,avi,cavsvideo,dhav,dirac,dnxhd,dv,flv,gif,gxf,h261,h263,h264,hevc,ivf,ivr,m4v,matroska,mjpeg,mov,mpeg,"
    "mpegts,mpegvideo,mxf,nsv,nut,nuv,obu,ogg,pva,rm,smjpeg,ty,vc1,vvc,wtv,yuv4mpegpipe"
)
PATIENCE_S = 30.0  # for opening a file, and for each read
FAR_S = 10.0  # to a moment that is farther away than this, a video is not decoded all the way


@dataclass(frozen=True)
class VideoInfo:
    """What the container of a video tells about its pictures, or how many there are in a folder.

    Attributes:
        start_s, end_s: when the first is shown, and until when the last; seconds on the file's own clock, which begins
            with its earliest stream, as in players. The same number where the container does not tell.
        fps: pictures a second on average.
    """

    start_s: float
    end_s: float
    fps: float


def probe(video: Path) -> VideoInfo:
    """What the container of a video tells, or the number of pictures in a folder, without reading them.

    Raises:
        BadInput: it is neither.
    """
    if pictures := pictures_in(video):
        return VideoInfo(0.0, len(pictures) / FPS, FPS)
    with _open(video) as (container, stream):
        rate = rate_of(stream)
        start_s = _start_s(container, stream)
        if stream.duration:
            end_s = start_s + float(stream.duration * tick_s(stream))
        elif container.duration:
            end_s = container.duration / 1e6
        else:
            end_s = start_s + float(stream.frames / rate)
        return VideoInfo(start_s, max(start_s, end_s), float(rate))


def read_frames(
    video: Path,
    start_s: float | None = None,
    end_s: float | None = None,
    on_passed: Callable[[], None] = lambda: None,
) -> Iterator[tuple[float, np.ndarray]]:
    """The frames of a video, a file or a folder of pictures, that are shown from `start_s` up to `end_s`, in order;
    damaged ones are left out.

    The pictures of a video are of one size, whatever part is read: where it changes midway, the largest that is found
    at a few places of it; others are fitted into it, undistorted, with black beside them.

    Args:
        start_s, end_s: seconds on the file's own clock, which begins with its earliest stream, as in players; in a
            folder, that of the first picture, of which `pictures.FPS` are a second.
        on_passed: called for each frame before `start_s` that had to be decoded on the way.

    Yields:
        Seconds on that clock, and the picture as a player shows it: upright, not mirrored, with square pixels,
        (height, width, 3) uint8 RGB.

    Raises:
        BadInput: it is not a video.
    """
    import av

    if pictures := pictures_in(video):
        end = len(pictures) if end_s is None else number_at(end_s)
        yield from read_pictures(pictures, range(number_at(start_s or 0.0), end))
        return
    size = _common_size(video)
    for time_s, frame, aspect in _decode_from(video, start_s or 0):
        if end_s is not None and time_s >= end_s - 1e-4:
            break
        if start_s is not None and time_s < start_s - 1e-4:
            on_passed()
            continue
        size = size or upright_size(frame, aspect)
        with contextlib.suppress(av.FFmpegError):  # a pixel format that nothing can be made of
            yield time_s, upright(frame, aspect, size)


def pictures_at(
    video: Path, moments_s: Iterable[float], near: bool = False, on_passed: Callable[[], None] = lambda: None
) -> Iterator[np.ndarray]:
    """The first picture from each of some moments on, as `read_frames` gives it; each once.

    Args:
        moments_s: seconds on the file's own clock, ascending.
        near: take the key frame before each moment, where it is behind the first one: nothing else needs to be decoded.
        on_passed: called for each other frame that had to be decoded on the way.

    Yields:
        (height, width, 3) uint8 RGB.

    Raises:
        BadInput: it is not a video.
    """
    import av

    if pictures := pictures_in(video):
        yield from (picture for _, picture in read_pictures(pictures, dict.fromkeys(map(number_at, moments_s))))
        return
    frames: Iterator[Shown] = iter(())
    size, first_s, last_s = _common_size(video), None, -inf
    for moment_s in moments_s:
        first_s = moment_s if first_s is None else first_s
        if near or moment_s > last_s + FAR_S:
            frames = _decode_from(video, moment_s)
        for time_s, frame, aspect in frames:
            if time_s < (first_s if near else moment_s) - 1e-4:
                on_passed()
                continue
            if time_s > last_s:
                last_s, size = time_s, size or upright_size(frame, aspect)
                with contextlib.suppress(av.FFmpegError):
                    yield upright(frame, aspect, size)
            break


def even_steps(times_s: np.ndarray, fps: float) -> np.ndarray:
    """Which frame is nearest to each of the moments 0, 1/fps, 2/fps, ... after the first frame.

    Args:
        times_s: (frames,) seconds, ascending.

    Returns:
        (moments,) indices; 0, 1, 2, ... when the frames come at an even pace of `fps`.
    """
    moments = times_s[0] + np.arange(round((times_s[-1] - times_s[0]) * fps) + 1) / fps
    return np.searchsorted((times_s[1:] + times_s[:-1]) / 2, moments)


@contextlib.contextmanager
def _open(video: Path) -> Iterator["tuple[InputContainer, VideoStream]"]:
    """A container and its video stream. Nothing but this one file is opened, and no picture above `MAX_PIXELS`."""
    import av

    _check_is_file(video)
    try:
        # A name with a colon is no address. What is an address has a patience of its own.
        named, patience_s = (video.opened(), None) if isinstance(video, Address) else (f"file:{video}", PATIENCE_S)
        container = av.open(
            named,
            mode="r",
            container_options={"format_whitelist": CONTAINERS, "protocol_whitelist": "file"},
            metadata_errors="ignore",  # tags may be in any encoding
            timeout=patience_s,
        )
    except BadInput:
        raise
    except PermissionError as error:
        raise BadInput(f"cannot open {video}: you may not read it.") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BadInput(f"cannot open {video}: it is not a video that can be read.") from error
    with container:
        yield container, video_stream(container, f"cannot open {video}")


def video_stream(container: "InputContainer", problem: str) -> "VideoStream":
    """The video stream of a container, whose pictures can be decoded; none of them above `MAX_PIXELS` will be.

    Args:
        problem: how a sentence about what is wrong begins.

    Raises:
        BadInput: there is none.
    """
    import av

    stream = container.streams.best("video")
    if not isinstance(stream, av.VideoStream) or stream.disposition & stream.disposition.attached_pic:
        # there is none, or it is the cover of a song
        raise BadInput(f"{problem}: there is no video in it.")
    if stream.codec_context is None:
        raise BadInput(f"{problem}: FFmpeg cannot decode its pictures; convert it to MP4.")
    if stream.width * stream.height > MAX_PIXELS:
        raise BadInput(
            f"{problem}: its pictures have {stream.width} x {stream.height} pixels, and the limit is"
            f" {MAX_PIXELS / 1e6:.0f} million (8K); scale it down."
        )
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # any that is larger is a damaged one
    return stream


def _check_is_file(video: Path) -> None:
    """Pipes and devices would be waited for."""
    try:
        mode = video.stat().st_mode
    except BadInput:
        raise
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot open {video}: there is no such file, or you may not read it.") from error
    if not stat.S_ISREG(mode):
        what = "a folder that holds other things than pictures" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise BadInput(f"cannot open {video}: it is {what}.")


def rate_of(stream: "VideoStream") -> Fraction:
    """Pictures a second on average, as far as the container tells."""
    return stream.average_rate or stream.guessed_rate or Fraction(25)


def tick_s(stream: "VideoStream") -> Fraction:
    """Seconds that one tick of a stream's clock lasts; every demuxer tells it."""
    return stream.time_base or Fraction(1, 1_000_000)


def _zero_s(container: "InputContainer", stream: "VideoStream") -> float:
    """Where the file's clock begins, on the clock that its packets carry."""
    if container.start_time is not None:
        return container.start_time / 1e6
    return float((stream.start_time or 0) * tick_s(stream))


def _start_s(container: "InputContainer", stream: "VideoStream") -> float:
    """When the first picture is shown."""
    if stream.start_time is None:
        return 0.0
    return float(stream.start_time * tick_s(stream)) - _zero_s(container, stream)


def _decode_from(video: Path, start_s: float) -> "Iterator[Shown]":
    """What `_decode` yields, from no later than `start_s` on.

    Where an index is damaged, or the clock jumps, a seek leads past it or nowhere: then from farther and farther back.
    """
    back_s = 0.0
    while True:
        frames = _decode(video, start_s - back_s)
        head = next(frames, None)
        if start_s - back_s <= 0 or (head and head[0] <= start_s):
            return chain([head] if head else [], frames)
        frames.close()
        back_s = 4 * back_s + 10


def _decode(video: Path, from_s: float) -> "Generator[Shown, None, None]":
    """Frames from the key frame before `from_s` on, with their times, which ascend, and the width of their pixels."""
    import av

    with _open(video) as (container, stream), contextlib.suppress(av.FFmpegError):
        stream.thread_type = "AUTO"
        zero_s, start_s, frame_s = _zero_s(container, stream), _start_s(container, stream), float(1 / rate_of(stream))
        declared = stream.codec_context.sample_aspect_ratio
        last_s = -inf
        if from_s > 0:
            container.seek(int((from_s + zero_s) / tick_s(stream)), stream=stream)
        for frame in decoded(packets_of(container, stream)):
            # AVI and bare streams do not know when their frames are shown, only in what order
            if frame.pts is not None:
                time_s = float(frame.pts * tick_s(stream)) - zero_s
            elif last_s == -inf:
                time_s = inf if from_s > 0 else start_s
            else:
                time_s = last_s
            if time_s <= last_s:
                time_s = last_s + frame_s
            last_s = time_s
            yield time_s, frame, pixel_width(stream, declared)


def packets_of(container: "InputContainer", stream: "VideoStream") -> "Iterator[Packet[VideoStream]]":
    """The packets of a stream. PyAV trips over each packet of another stream that only begins later in the file."""
    while True:
        try:
            yield from container.demux(stream)
            break
        except IndexError:
            continue


def decoded(packets: "Iterable[Packet[VideoStream]]") -> "Iterator[VideoFrame]":
    """The frames in some packets, without those that are damaged."""
    import av

    for packet in packets:
        frames: list[VideoFrame] = []
        with contextlib.suppress(av.FFmpegError):
            frames = packet.decode()
        yield from frames


def pixel_width(stream: "VideoStream", declared: Fraction | None) -> float:
    """Width of the pixels now: what the container says counts, unless that of the pictures changed from `declared`."""
    now = stream.codec_context.sample_aspect_ratio
    return float((stream.sample_aspect_ratio if now == declared else now) or 1)


def _common_size(video: Path) -> Size | None:
    """Width and height of the largest of a few pictures from all over the file, where any can be decoded there."""
    import av

    sizes = []
    with _open(video) as (container, stream):
        declared = stream.codec_context.sample_aspect_ratio
        start, duration = stream.start_time or 0, stream.duration or 0
        if not duration:
            duration = int((container.duration or 0) / 10**6 / tick_s(stream))
        for sample in range(SAMPLES if duration else 1):
            with contextlib.suppress(av.FFmpegError):
                if sample:
                    container.seek(start + duration * sample // SAMPLES, stream=stream)
                for frame in islice(decoded(islice(packets_of(container, stream), 64)), 1):
                    sizes.append(upright_size(frame, pixel_width(stream, declared)))
    return largest(sizes)


def upright(frame: "VideoFrame", aspect: float, size: Size) -> np.ndarray:
    """A frame upright, fitted into a picture of a (width, height), with black beside it where it has another shape.

    Args:
        aspect: how wide the frame's pixels are, as `pixel_width` tells.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    width, height = fitted(upright_size(frame, aspect), size)
    turned, left_right, upside_down = _orientation(frame)
    if turned:
        width, height = height, width
    image = frame.to_ndarray(format="rgb24", width=width, height=height)
    if turned:
        image = image.transpose(1, 0, 2)
    return framed(image[:: -1 if upside_down else 1, :: -1 if left_right else 1], size)


def upright_size(frame: "VideoFrame", aspect: float) -> Size:
    """Width and height of a frame as it is shown, in square pixels."""
    if abs(aspect - 1) < 0.01 or frame.width * aspect * frame.height > MAX_PIXELS:  # no camera makes such pixels
        aspect = 1
    size = max(1, round(frame.width * aspect)), frame.height
    return size[::-1] if _orientation(frame)[0] else size


def _orientation(frame: "VideoFrame") -> tuple[bool, bool, bool]:
    """How a frame is shown: whether columns become rows, and then whether left and right, above and below, change.

    From its display matrix, nine int32: x' = a x + c y and y' = b x + d y, with (a, b) at 0, 1 and (c, d) at 3, 4
    (ISO/IEC 14496-12, 6.2.2; FFmpeg's libavutil/display.h). Of other angles, the nearest that is a quarter.
    """
    from av.sidedata.sidedata import SideDataContainer

    try:  # `frame.side_data` would be the same, and a cycle of references: hundreds of frames would stay in memory
        data: Iterable[SideData] = SideDataContainer(frame)  # type: ignore[call-arg]  # which its stub forgets
        matrix = next((each for each in data if each.type.name == "DISPLAYMATRIX"), None)
    except ValueError:  # beside data of a kind that PyAV does not know, it tells the angle only
        quarter = round(frame.rotation / 90) % 4
        return quarter % 2 == 1, quarter in (2, 3), quarter in (1, 2)
    if matrix is None:
        return False, False, False
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(matrix), np.int32)[:5])
    turned = abs(b) + abs(c) > abs(a) + abs(d)
    return (True, c < 0, b < 0) if turned else (False, a < 0, d < 0)
