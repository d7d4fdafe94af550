"""Pictures as they come, each at its own time -> a video file."""

import threading
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.media.encoding import even_sided

if TYPE_CHECKING:
    from av import VideoStream
    from av.container import OutputContainer

TICKS = 1000  # a second: pictures are shown at whole milliseconds


class Recording:
    """An H.264 MP4 that appears whole when it is closed, or not at all; one thread may add to it, and another close it.

    Args:
        path: the file. It is begun with the first picture.
    """

    def __init__(self, path: Path):
        self.path = path
        self._turn = threading.Lock()
        self._stack = ExitStack()
        self._closed = False
        self._last = -1  # in ticks
        self._container: OutputContainer | None = None
        self._stream: VideoStream

    def add(self, time_s: float, picture: np.ndarray) -> None:
        """Add a picture; nothing, where it is closed already.

        Args:
            time_s: when it is shown, in seconds since the first.
            picture: (height, width, 3) uint8 RGB, all of one size.

        Raises:
            BadInput: the file cannot be written.
        """
        frame = even_sided(picture)
        with self._turn:
            if self._closed:
                return
            if self._container is None:
                self._container = self._begin(frame.width, frame.height)
            self._last = max(round(time_s * TICKS), self._last + 1)
            frame.pts, frame.time_base = self._last, Fraction(1, TICKS)
            try:
                self._container.mux(self._stream.encode(frame))
            except OSError as error:
                reason = error.strerror or error
                raise BadInput(f"cannot write {self.path}: {reason}; choose another place.") from error

    def close(self) -> bool:
        """End the file; whether there is one. What cannot be ended is removed.

        Raises:
            BadInput: it cannot be written.
        """
        with self._turn, self._stack:
            self._closed = True
            if self._container is None:
                return False
            self._container.mux(self._stream.encode())
            self._container.close()
        return True

    def _begin(self, width: int, height: int) -> "OutputContainer":
        import av

        partial = self._stack.enter_context(write_whole(self.path))
        container = av.open(str(partial), "w", format="mp4")
        self._stream = container.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, TICKS)
        self._stream.codec_context.thread_count = 1  # the other cores look for keypoints
        return container
