"""Films whose pictures say their number, and what finds exact keypoints in them: cameras for tests, at any pace."""

import contextlib
import functools
import io
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import signer

from slr_pose.media.encoding import write_video
from slr_pose.pose import Pose

BITS, BIT_PX = 10, 16
FPS = 25


def numbered(number: int) -> np.ndarray:
    """A picture, (32, 160, 3), of white bars for the ones of a binary number."""
    bits = number >> np.arange(BITS) & 1
    return np.broadcast_to(np.repeat(255 * bits, BIT_PX).astype(np.uint8)[None, :, None], (32, BITS * BIT_PX, 3)).copy()


def number_of(picture: np.ndarray) -> int:
    bits = picture.mean(axis=(0, 2)).reshape(BITS, BIT_PX).mean(axis=1) > 128
    return int((bits << np.arange(BITS)).sum())


def film(path: Path, frames: int) -> Path:
    write_video(path, map(numbered, range(frames)), FPS)
    return path


def mpegts(frames: int, to, *, in_real_time: bool = False) -> None:
    """Write a film to what has a `write`, as it would be sent."""
    with contextlib.suppress(OSError), av.open(to, "w", format="mpegts", options={"flush_packets": "1"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"tune": "zerolatency", "g": str(FPS)})
        stream.height, stream.width = numbered(0).shape[:2]
        stream.pix_fmt = "yuv420p"
        began_s = time.monotonic()
        for number in range(frames):
            if in_real_time:
                time.sleep(max(0.0, began_s + number / FPS - time.monotonic()))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(number), format="rgb24")))
        container.mux(stream.encode())


def sent(frames: int) -> bytes:
    """A film in MPEG-TS."""
    content = io.BytesIO()
    mpegts(frames, content)
    return content.getvalue()


@contextlib.contextmanager
def served(answer) -> Iterator[str]:
    """The address of a server whose every answer `answer` gives to the request handler."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            with contextlib.suppress(OSError):
                answer(self)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/live"
        server.shutdown()


def begin(request: BaseHTTPRequestHandler, length: int, kind: str = "video/mp2t") -> None:
    request.send_response(200)
    request.send_header("Content-Type", kind)
    if length:
        request.send_header("Content-Length", str(length))
    request.end_headers()


@dataclass(frozen=True)
class Exact:
    """An estimator that knows what each picture of a film shows: signs in a row.

    Attributes:
        work_s: how long it looks at each picture.
    """

    seconds: float = 8.0
    work_s: float = 0.0

    @functools.cached_property
    def pose(self) -> Pose:
        return signer.in_a_row(self.seconds, FPS)

    @property
    def identity(self):
        return {"name": "exact", "version": "1", "face": False}

    @property
    def points(self):
        return self.pose.points

    @property
    def limbs(self):
        return self.pose.limbs

    @contextlib.contextmanager
    def open(self):
        yield ExactSession(self.pose, self.work_s)


class ExactSession:
    def __init__(self, pose: Pose, work_s: float):
        self.pose, self.work_s = pose, work_s

    def find(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        time.sleep(self.work_s)
        number = number_of(picture)
        return self.pose.keypoints[number], self.pose.confidence[number]
