"""Questions -> replies, by worker processes: each works alone, and one that dies or takes too long is replaced."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slr_pose.serving.replies import Question, Reply, reply
from slr_pose.workers import Worker

START_S = 120.0  # in which a worker is ready, on a machine that is busy
WAITING = 16  # requests for each worker that may wait
STREAMS = 16  # for each worker; one takes 3 % of a core


class Refused(Exception):  # noqa: N818
    """What is not answered: why, in a sentence, and with which status of HTTP.

    Attributes:
        again_s: after how many seconds it may be tried again; 0 where that would change nothing.
    """

    def __init__(self, status: int, sentence: str, again_s: int = 0):
        super().__init__(sentence)
        self.status, self.again_s = status, again_s


class Died(Refused):
    """The worker that was asked."""

    def __init__(self) -> None:
        super().__init__(503, "the process that worked on this died; send it again.", again_s=1)


class TookTooLong(Refused):
    """The worker that was asked."""

    def __init__(self) -> None:
        super().__init__(503, "this took longer than the server allows, and was given up; send something shorter.")


class Full(Refused):
    """There are as many requests or streams as may be, or those before took too long."""

    def __init__(self) -> None:
        super().__init__(503, "the server has more to do than it can; send it again later.", again_s=5)


class Gone(Refused):
    """Whoever asked."""

    def __init__(self) -> None:
        super().__init__(499, "whoever asked has gone.")


class Place:
    """At which one worker works, and after it the next.

    Attributes:
        worker: who works there; when it has died, another takes its place as soon as something is asked.
        streams: how many it has.
    """

    def __init__(self, model: Path | None, on_death: Callable[[], None]):
        self.worker: Worker | None = None
        self.streams = 0
        self._model, self._on_death = model, on_death
        self._one_by_one = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1)

    async def begin(self) -> None:
        """Have a worker there that is ready.

        Raises:
            Died, TookTooLong: it does not begin.
        """
        if self.worker and not self.worker.is_alive:
            self._lost()
        if not self.worker:
            self.worker = Worker(reply, self._model)
            await self._told(START_S, self.worker)

    async def ask(self, question: Question, seconds: float, whom: Worker | None = None) -> Reply:
        """Ask the worker, or no other than `whom`, once it is done with what it was asked before.

        Raises:
            Died: it died meanwhile, or before.
            TookTooLong: it has not replied after so many seconds, and was killed.
        """
        async with self._one_by_one:
            if whom and (whom is not self.worker or not whom.is_alive):
                raise Died
            await self.begin()
            assert self.worker
            return await self._told(seconds, self.worker, question)

    def end(self) -> None:
        """Kill the worker."""
        if self.worker:
            self.worker.end()
            self.worker = None

    async def _told(self, seconds: float, worker: Worker, question: Question | None = None) -> Reply:
        """What a worker says next. What is broken off ends it, or its reply would be taken for that to another."""
        is_told = False
        try:
            telling = asyncio.get_running_loop().run_in_executor(self._thread, _exchange, worker, question)
            told = await asyncio.wait_for(telling, seconds)
            is_told = True
            return told
        except asyncio.TimeoutError as error:
            raise TookTooLong from error
        except (EOFError, OSError) as error:
            raise Died from error
        finally:
            if not is_told:
                self._lost()

    def _lost(self) -> None:
        self.end()
        self._on_death()


def _exchange(worker: Worker, question: Question | None) -> Reply:
    if question:
        worker.pipe.send(question)
    told: Reply = worker.pipe.recv()
    return told


class Crew:
    """The workers of a server.

    Args:
        model: that they have; none, where only HamNoSys is asked for.
        size: how many there are for requests. There are as many more for streams, which begin when they are needed.
        on_death: called when one has died, or was killed because it took too long.

    Attributes:
        held: requests that are being sent, wait, or are worked on.
    """

    def __init__(self, model: Path | None, size: int, on_death: Callable[[], None]):
        self.held = 0
        self.size = size
        self._most = size * (1 + WAITING)
        self._places, self._of_streams = ([Place(model, on_death) for _ in range(size)] for _ in range(2))
        self._idle: asyncio.Queue[Place] = asyncio.Queue()

    async def begin(self) -> None:
        """Have workers that are ready.

        Raises:
            Died, TookTooLong: one does not begin.
        """
        await asyncio.gather(*(place.begin() for place in self._places))
        for place in self._places:
            self._idle.put_nowait(place)

    def end(self) -> None:
        """Kill them all."""
        for place in [*self._places, *self._of_streams]:
            place.end()

    @property
    def working(self) -> int:
        """Requests that are worked on."""
        return self.size - self._idle.qsize()

    @property
    def streams(self) -> int:
        """Streams that are open."""
        return sum(place.streams for place in self._of_streams)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold a request meanwhile.

        Raises:
            Full: too many are held.
        """
        if self.held >= self._most:
            raise Full
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    async def ask(self, question: Question, until: float, gone: "asyncio.Future[Any]") -> Reply:
        """Ask whoever is free first; where a worker dies of it, once more.

        Args:
            until: when it is given up, by the clock of the loop.
            gone: done when nobody wants to know any more. What is worked on already is done nevertheless.

        Raises:
            Refused: for which reason there is no reply.
        """
        clock = asyncio.get_running_loop().time
        free = asyncio.ensure_future(self._idle.get())
        await asyncio.wait({free, gone}, timeout=until - clock(), return_when=asyncio.FIRST_COMPLETED)
        if not free.done():
            free.cancel()
            raise Gone if gone.done() else Full
        place = free.result()
        try:
            return await place.ask(question, until - clock())
        except Died:  # perhaps of something else
            return await place.ask(question, until - clock())
        finally:
            self._idle.put_nowait(place)

    @contextmanager
    def streaming(self) -> Iterator[Place]:
        """The place of a stream, of those for streams that which has the fewest.

        Raises:
            Full: there are too many streams.
        """
        place = min(self._of_streams, key=lambda place: place.streams)
        if place.streams >= STREAMS:
            raise Full
        place.streams += 1
        try:
            yield place
        finally:
            place.streams -= 1
