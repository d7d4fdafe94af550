"""A model -> a server that answers over HTTP until it is stopped."""

import signal
import socket
import tempfile
from pathlib import Path
from typing import Any

import uvicorn

from slr_pose import BadInput
from slr_pose.events import Caution, Listener, Remark, ignore
from slr_pose.info import READ
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.roads.predict import caveat, newest
from slr_pose.serving.application import Limits, Service
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.text import count
from slr_pose.workers import cores

HOST, PORT = "127.0.0.1", 8000
LARGEST_MB, LONGEST_S = 100, 60.0
LARGEST_MESSAGE = 1 << 20  # bytes of a stream: 53 s of signing_49, which hold up other streams for 2 s
BACKLOG = 2048  # connections that the system keeps until they are taken
STOPPING_S = 5.0  # for whoever is still reading an answer


def serve(
    model: Path | str | None = None,
    *,
    host: str = HOST,
    port: int = PORT,
    workers: int | None = None,
    largest: float = LARGEST_MB,
    longest: float = LONGEST_S,
    on_event: Listener = ignore,
) -> "Server":
    """Answer over HTTP what `predict` and `annotate` answer, and a stream of keypoints with its signs as they end.

    Args:
        model: a run, a checkpoint or an ONNX file; by default the newest run. Where there is none, there is no gloss.
        host: the address to listen at; by default this machine alone can reach it.
        port: 0 for any that is free.
        workers: requests that are worked on at a time, each by a process; by default the number of usable cores.
        largest: MB that a request may have.
        longest: seconds that it may take.
        on_event: told when it answers, and of what goes wrong.

    Returns:
        A server that has the port; it answers when it runs.

    Raises:
        BadInput: there is no such model, or the address or the port cannot be used.
    """
    file = Path(model) if model else newest(on_event)
    recognizer = Recognizer.load(file) if file else None
    if file and recognizer:
        caveat(file, recognizer.info, on_event)
    limits = Limits(round(largest * 1e6), longest)
    about = _about(recognizer)
    return Server(_listening(host, port), file and file.absolute(), workers or cores(), limits, about, on_event)


class Server:
    """Answers when it runs; `serve` makes it.

    Attributes:
        address: where it is found.
    """

    def __init__(
        self,
        listening: socket.socket,
        model: Path | None,
        workers: int,
        limits: Limits,
        about: dict[str, Any],
        on_event: Listener,
    ):
        host, port = listening.getsockname()[:2]
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._listening, self._model, self._workers = listening, model, workers
        self._limits, self._about, self._on_event = limits, about, on_event

    def run(self) -> None:
        """Answer until Ctrl-C or SIGTERM; then what is held is answered, and nothing else. From the main thread.

        Raises:
            BadInput: its workers do not begin.
        """
        with tempfile.TemporaryDirectory(prefix="slr-serve-", ignore_cleanup_errors=True) as folder:
            service = Service(self._model, self._workers, self._limits, self._about, Path(folder), self._tell)
            settings = uvicorn.Config(
                service.application(self._say_that_it_answers),
                log_level="error",
                access_log=False,
                server_header=False,
                ws_max_size=LARGEST_MESSAGE,
                timeout_graceful_shutdown=round(self._limits.longest + STOPPING_S),
            )
            before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn sends it again, at the end
            server = uvicorn.Server(settings)
            try:
                server.run(sockets=[self._listening])
                if not server.started:
                    raise BadInput("the workers do not begin: is there memory for them? --workers says how many.")
            except KeyboardInterrupt:
                pass
            finally:
                signal.signal(signal.SIGTERM, before)
                service.end()

    def _tell(self, text: str) -> None:
        self._on_event(Caution(text))

    def _say_that_it_answers(self) -> None:
        self._on_event(Remark(f"{self.address}  {count(self._workers, 'worker')}; Ctrl-C ends it."))


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
        # Connections have it from here, as asyncio takes them for no TCP: else an answer waits 40 ms for an ACK.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        return listening
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"{host}, port {port}, cannot be used ({getattr(error, 'strerror', error)}); name another with --host or"
            " --port."
        ) from error


def _about(recognizer: Recognizer | None) -> dict[str, Any]:
    """What clients should know of a model."""
    skeleton = recognizer.skeleton if recognizer else Skeleton.load(DEFAULT)
    glosses = len(recognizer.labels.get(READ, [])) if recognizer else 0
    return {
        "glosses": glosses,
        "annotates": bool(recognizer and recognizer.info.reads),
        "skeleton": skeleton.name,
        "joints": list(skeleton.joints),
    }
