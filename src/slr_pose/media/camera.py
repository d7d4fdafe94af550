"""A camera, or what plays like one -> its newest picture.

A thread of its own decodes and keeps one picture, the newest: who looks more slowly misses some, and is told how many.
"""

import glob
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from slr_pose import BadInput
from slr_pose.media.video import (
    CONTAINERS,
    decoded,
    packets_of,
    pixel_width,
    rate_of,
    tick_s,
    upright,
    upright_size,
    video_stream,
)

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

PATIENCE_S = 15.0  # for the first picture, and for each further one
PROBE_S = 1.0  # how much of a stream is read before it is known how many pictures a second it has
JUMP_S = 3.0  # a source's clock that goes on by so much more than the time that has passed was set anew
SLOWEST, FASTEST, USUAL = 5.0, 120.0, 25.0  # pictures a second that are believed, and that are taken for others
ADDRESSES = {  # what may be opened on the way to each kind of address
    "http": "http,tcp",
    "https": "https,http,tls,tcp",
    "tcp": "tcp",
    "rtsp": "rtsp,rtp,udp,tcp",
    "rtsps": "rtsp,rtp,udp,tls,tcp",
}
STREAMS = f"{CONTAINERS},mpjpeg,rtsp,sdp,rtp"  # formats of what comes from an address
# FFmpeg's name for the cameras of a system other than Linux, what it has before their names, and its settings.
DEVICES: dict[str, tuple[str, str, dict[str, str]]] = {
    "darwin": ("avfoundation", "", {"framerate": "30"}),  # its own default is a pace that few cameras have
    "win32": ("dshow", "video=", {}),
}
UNTIMED = {"h264", "hevc", "m4v", "mjpeg", "mpegvideo", "mpjpeg", "obu"}  # formats whose pictures have no times


@dataclass(frozen=True)
class Shot:
    """A picture of a camera.

    Attributes:
        time_s: seconds since the first one.
    """

    time_s: float
    _frame: "VideoFrame" = field(repr=False)
    _aspect: float
    _size: tuple[int, int]

    @cached_property
    def picture(self) -> np.ndarray:
        """The picture upright, (height, width, 3) uint8 RGB; as large as the first one.

        Raises:
            BadInput: its pixels are of a kind that nothing can be made of.
        """
        import av

        try:
            return upright(self._frame, self._aspect, self._size)
        except av.FFmpegError as error:
            kind = self._frame.format.name
            raise BadInput(
                f"the camera sends pixels that cannot be read ({kind}); set it to another format."
            ) from error


class Camera:
    """The pictures of a source, from the moment it is opened in a `with` block.

    A file, and what comes faster than it is shown, plays at its own pace.

    Args:
        source: the number of a camera, or its name (`/dev/video0` on Linux); an address; `-`, what is piped in; a pipe
            or a video file.
        wanted_fps: about how many pictures a second are wanted; by default all.
        on_shot: called with every picture that comes, in the thread of the camera.

    Attributes:
        name: how messages call the source.
        fps: how many pictures a second are to be looked at, if none is missed; known from the first picture on.
        skipped: how many of them nobody took before the next one came.
    """

    def __init__(
        self, source: str, wanted_fps: float | None = None, on_shot: Callable[[Shot], None] = lambda shot: None
    ):
        self._source = _Source.of(source)
        self.name, self.fps, self.skipped = self._source.name, USUAL, 0
        self._wanted_fps, self._on_shot = wanted_fps, on_shot
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._newest: Shot | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)  # a pipe that is silent cannot be told to stop

    def __enter__(self) -> "Camera":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join(1.0)

    def __iter__(self) -> Iterator[Shot]:
        """The newest picture, again and again, until the source ends or is stopped.

        Raises:
            BadInput: it cannot be opened, sends nothing for long, or breaks off.
        """
        while shot := self._next():
            yield shot

    def stop(self) -> None:
        """End it, as if the source had ended; from any thread, or a signal handler."""
        self._stopped.set()

    def _next(self) -> Shot | None:
        until = time.monotonic() + PATIENCE_S
        with self._changed:
            while self._newest is None and self._thread.is_alive() and not self._stopped.is_set():
                if time.monotonic() > until:
                    raise self._silent()
                self._changed.wait(0.05)
            shot, self._newest = self._newest, None
        if shot is None and self._error and not self._stopped.is_set():
            raise self._error
        return None if self._stopped.is_set() else shot

    def _silent(self) -> BadInput:
        return BadInput(f"{self.name} has sent no picture for {PATIENCE_S:g} s; check that it is on and sends video.")

    def _run(self) -> None:
        import av

        last_s = None
        try:
            container, began_s = self._source.open()
            with container:
                for shot in self._shots(container, began_s):
                    last_s = shot.time_s
                    if self._stopped.is_set():
                        return
            if last_s is None:
                raise BadInput(f"{self.name} has ended before its first picture; {self._source.check}.")
        except av.ExitError:
            self._error = self._silent()
        except (av.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            if last_s is None:
                self._error = BadInput(f"cannot open {self.name} ({reason}); {self._source.check}.")
            else:
                self._error = BadInput(f"{self.name} broke off after {last_s:.1f} s ({reason}); begin again.")
        except BaseException as error:  # of whoever takes every picture, too: it is for who looks
            self._error = error

    def _shots(self, container: "InputContainer", began_s: float | None) -> Iterator[Shot]:
        """Every picture, each when its time has come; the newest that is wanted is kept for who looks."""
        stream = video_stream(container, f"cannot open {self.name}")
        rate = float(rate_of(stream))
        rate = rate if SLOWEST <= rate <= FASTEST else USUAL
        step = max(1, round(rate / self._wanted_fps)) if self._wanted_fps else 1
        clock = _Clock(None if container.format.name in UNTIMED else float(tick_s(stream)))
        declared, size, last_step = stream.codec_context.sample_aspect_ratio, None, None
        self.fps = rate / step
        for frame in decoded(packets_of(container, stream)):
            aspect = pixel_width(stream, declared)
            size = size or upright_size(frame, aspect)
            shot = Shot(clock(frame.pts, time.monotonic()), frame, aspect, size)
            if began_s is not None:
                self._stopped.wait(max(0.0, began_s + shot.time_s - time.monotonic()))
            self._on_shot(shot)
            this_step = round(shot.time_s * rate) // step
            if step == 1 or this_step != last_step:
                self._keep(shot)
            last_step = this_step
            yield shot

    def _keep(self, shot: Shot) -> None:
        with self._changed:
            self.skipped += self._newest is not None
            self._newest = shot
            self._changed.notify()


class _Clock:
    """Seconds since the first picture: by the times that pictures carry, or, where they carry none, as they come.

    Args:
        tick_s: seconds that one tick of those times lasts; `None` where they carry none.
    """

    def __init__(self, tick_s: float | None):
        self._tick_s = tick_s
        self._told: float | None = None
        self._now_s = 0.0
        self._time_s: float | None = None

    def __call__(self, told: int | None, now_s: float) -> float:
        """The time of the next picture; it goes on, even where the source's clock jumps.

        Args:
            told: what the picture carries, in ticks.
            now_s: when it came, on any clock.
        """
        passed, before = now_s - self._now_s, self._told
        self._told = None if told is None or self._tick_s is None else told * self._tick_s
        self._now_s = now_s
        if self._time_s is None:
            self._time_s = 0.0
            return self._time_s
        step = passed if self._told is None or before is None else self._told - before
        self._time_s += step if 0 < step <= passed + JUMP_S else max(passed, 1e-3)
        return self._time_s


class _Pipe:
    """What is piped in, for PyAV to read; it knows when the first of it came."""

    def __init__(self, file: FileIO):
        self._file = file
        self.began_s: float | None = None

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        self.began_s = self.began_s or time.monotonic()
        return content


@dataclass(frozen=True)
class _Source:
    """How a source is opened.

    Attributes:
        name: how messages call it.
        file: what FFmpeg is to open.
        check: what a person should look at where it cannot be opened.
        is_pipe: whether it is read here, and not by FFmpeg.
        is_live: whether it sends pictures as they are taken; others may send them faster, and are played.
    """

    name: str
    file: str
    check: str
    format: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    is_pipe: bool = False
    is_live: bool = False

    @classmethod
    def of(cls, named: str) -> "_Source":
        """What a person named.

        Raises:
            BadInput: there is nothing of that name.
        """
        if named == "-":
            if sys.stdin.isatty():
                raise BadInput("nothing is piped in: name a camera, an address or a file, or pipe video into it.")
            return cls._of_pipe("the pipe", named)
        if "://" in named:
            return cls._of_address(named)
        if sys.platform in DEVICES and not os.path.exists(named):
            return cls._of_device(named)
        path = Path(f"/dev/video{named}" if named.isdecimal() else named)
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError) as error:
            here = ", ".join(sorted(glob.glob("/dev/video*"))) or "none is plugged in"
            raise BadInput(
                f"there is no {path}: name a camera ({here}), an address, a file, or - for a pipe."
            ) from error
        if stat.S_ISFIFO(mode):
            return cls._of_pipe(str(path), str(path))
        if stat.S_ISREG(mode):
            options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
            return cls(str(path), f"file:{path}", "name a video", options=options)
        if stat.S_ISCHR(mode):
            return cls._of_device(str(path))
        raise BadInput(f"{path} is a folder: name a camera, an address, a file, or - for a pipe.")

    @classmethod
    def _of_pipe(cls, name: str, file: str) -> "_Source":
        check = "pipe video into it, as MPEG-TS or Matroska"
        return cls(name, file, check, options={"format_whitelist": CONTAINERS}, is_pipe=True)

    @classmethod
    def _of_address(cls, address: str) -> "_Source":
        try:
            parts = urlsplit(address)
        except ValueError as error:
            raise BadInput(f"the address cannot be read ({error}); correct it.") from error
        if parts.scheme not in ADDRESSES:
            raise BadInput(f"{parts.scheme}:// is no address that can be watched: name one of {', '.join(ADDRESSES)}.")
        name = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # without the password
        options = {"format_whitelist": STREAMS, "protocol_whitelist": ADDRESSES[parts.scheme]}
        is_live = parts.scheme.startswith("rtsp")
        if is_live:
            options["rtsp_transport"] = "tcp"  # what is lost on the way breaks pictures
        return cls(name, address, "check the address, and that it sends video", options=options, is_live=is_live)

    @classmethod
    def _of_device(cls, named: str) -> "_Source":
        system, prefix, options = DEVICES.get(sys.platform, ("v4l2", "", {}))
        check = "check its name, that it is plugged in, that you may use it, and that no other program does"
        return cls(f"the camera {named}", prefix + named, check, system, dict(options), is_live=True)

    def open(self) -> "tuple[InputContainer, float | None]":
        """Open it, which waits for the first of what it sends; and since when it plays, on the monotonic clock.

        Raises:
            av.FFmpegError: it cannot be opened.
        """
        import av

        options = {"analyzeduration": str(round(PROBE_S * 1e6)), **self.options}
        if self.is_pipe:
            pipe = _Pipe(FileIO(0, closefd=False) if self.file == "-" else FileIO(self.file))
            container = av.open(pipe, "r", container_options=options, metadata_errors="ignore")
            return container, pipe.began_s
        began_s = None if self.is_live else time.monotonic()
        container = av.open(
            self.file, format=self.format, container_options=options, metadata_errors="ignore", timeout=PATIENCE_S
        )
        return container, began_s
