"""A crew -> what answers HTTP: the routes, their limits, and what is counted."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from slr_pose.serving.crew import Crew, Gone, Place, Refused
from slr_pose.serving.replies import DONE, MISTAKE, Ended, OfFile, Opened, Pushed, Reply
from slr_pose.serving.uploads import Upload

CLOSED = {408: 1008, 422: 1007, 503: 1013}  # how a stream is closed that HTTP would answer so (RFC 6455, 7.4)
SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)  # by which the times of answers are counted


@dataclass(frozen=True)
class Limits:
    """What a request may have.

    Attributes:
        largest: bytes.
        longest: seconds from its head to its answer; of a stream, from one message to the next.
    """

    largest: int
    longest: float


class Service:
    """Answers.

    Args:
        about: what `/health` says of the model.
        folder: in which a request has a folder of its own while it is held.
        on_failure: told in a sentence of what is wrong with the server itself.
    """

    def __init__(
        self,
        model: Path | None,
        workers: int,
        limits: Limits,
        about: dict[str, Any],
        folder: Path,
        on_failure: Callable[[str], None],
    ):
        self._limits, self._about, self._folder, self._on_failure = limits, about, folder, on_failure
        self._crew = Crew(model, workers, self._count_death)
        self._numbers = count()
        self._counted = registry = CollectorRegistry()
        self._requests = Counter("slr_requests", "Requests that were answered.", ["way", "status"], registry=registry)
        self._seconds = Histogram(
            "slr_request_seconds", "From the head to the answer.", ["way"], buckets=SECONDS, registry=registry
        )
        self._signs = Counter("slr_stream_signs", "Signs that streams were answered.", registry=registry)
        self._deaths = Counter("slr_worker_deaths", "Workers that died or were given up.", registry=registry)
        for name, said, number in (
            ("slr_requests_held", "Requests that are sent, wait or are worked on.", lambda: self._crew.held),
            ("slr_requests_working", "Requests that are worked on.", lambda: self._crew.working),
            ("slr_streams", "Streams that are open.", lambda: self._crew.streams),
        ):
            Gauge(name, said, registry=registry).set_function(number)

    def application(self, on_ready: Callable[[], None]) -> Starlette:
        """What uvicorn runs.

        Args:
            on_ready: called when it can answer.
        """

        @asynccontextmanager
        async def life(application: Starlette) -> AsyncIterator[None]:
            await self._crew.begin()
            on_ready()
            yield

        return Starlette(
            routes=[
                Route("/predict", self._post, methods=["POST"]),
                Route("/annotate", self._post, methods=["POST"]),
                WebSocketRoute("/stream", self._stream),
                Route("/health", self._health),
                Route("/metrics", self._metrics),
            ],
            exception_handlers={HTTPException: _say_what_is_wrong, Exception: _say_that_it_failed},
            lifespan=life,
        )

    def end(self) -> None:
        """Kill the workers."""
        self._crew.end()

    async def _health(self, request: Request) -> Response:
        limits = {"largest_bytes": self._limits.largest, "longest_seconds": self._limits.longest}
        return JSONResponse({"status": "ok", **self._about, **limits, "workers": self._crew.size})

    async def _metrics(self, request: Request) -> Response:
        return Response(generate_latest(self._counted), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def _post(self, request: Request) -> Response:
        way, begun = request.url.path.strip("/"), time.monotonic()
        upload = Upload(request, self._limits.largest)
        try:
            (answer,) = await self._answer(way, request, upload)
            response = Response(answer, media_type="application/json")
        except Refused as refused:
            await upload.let_pass()
            headers = {"Retry-After": str(refused.again_s)} if refused.again_s else {}
            response = JSONResponse({"error": str(refused)}, refused.status, headers)
        self._requests.labels(way, str(response.status_code)).inc()
        self._seconds.labels(way).observe(time.monotonic() - begun)
        return response

    async def _answer(self, way: str, request: Request, upload: Upload) -> list[str]:
        until = asyncio.get_running_loop().time() + self._limits.longest
        with self._crew.admitted():
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            try:
                name = await self._saved(upload, folder)
                gone = asyncio.ensure_future(_gone(request))
                try:
                    return self._said(await self._crew.ask(OfFile(way, folder, name), until, gone))
                finally:
                    gone.cancel()
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _saved(self, upload: Upload, folder: Path) -> str:
        try:
            return await asyncio.wait_for(upload.save(folder), self._limits.longest)
        except asyncio.TimeoutError as error:
            raise Refused(408, f"this has not come within {self._limits.longest:g} s.") from error
        except ClientDisconnect as error:
            raise Gone from error

    async def _stream(self, socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            try:
                with self._crew.streaming() as place:
                    await self._read(socket, place)
                await socket.close()
            except Refused as refused:
                await socket.send_json({"error": str(refused)})
                await socket.close(CLOSED.get(refused.status, 1011))

    async def _read(self, socket: WebSocket, place: Place) -> None:
        """Answer the signs of a stream until an empty message ends it."""
        number, longest = next(self._numbers), self._limits.longest
        self._said(await place.ask(Opened(number, await self._next(socket)), longest))
        worker = place.worker
        try:
            while sent := await self._next(socket):
                await self._tell(socket, await place.ask(Pushed(number, sent), longest, worker))
            await self._tell(socket, await place.ask(Ended(number), longest, worker))
        finally:
            with suppress(Refused):
                await place.ask(Ended(number), longest, worker)

    async def _next(self, socket: WebSocket) -> bytes | str:
        """The next message."""
        try:
            message = await asyncio.wait_for(socket.receive(), self._limits.longest)
        except asyncio.TimeoutError as error:
            raise Refused(408, f"nothing has come for {self._limits.longest:g} s.") from error
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        found: bytes | str = message.get("bytes") or message.get("text") or b""
        return found

    async def _tell(self, socket: WebSocket, reply: Reply) -> None:
        for sign in self._said(reply):
            await socket.send_text(sign)
            self._signs.inc()

    def _said(self, reply: Reply) -> list[str]:
        """The answers, each a text in JSON.

        Raises:
            Refused: there is none.
        """
        if reply.reason:
            self._on_failure(f"a request failed: {reply.reason}.")
        if reply.status != DONE:
            raise Refused(reply.status, reply.said[0])
        return reply.said

    def _count_death(self) -> None:
        self._deaths.inc()
        self._on_failure("a worker died, or took too long; another takes its place.")


async def _gone(request: Request) -> None:
    """Until whoever asked has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _say_what_is_wrong(request: Request, error: Exception) -> Response:
    """Of a request that none of the routes is for."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": f"{error.detail}."}, error.status_code, error.headers)


async def _say_that_it_failed(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": MISTAKE}, 500)
