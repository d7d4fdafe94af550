"""Segments, extracted on all cores of this machine; a worker that dies or hangs costs no other segment.

`extract_segments` is all that the rest knows of how segments are carried out: tasks go in, results come out.
"""

import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import islice

from slr_pose import BadInput
from slr_pose.keypoints.segment import Segment, Task, attempt
from slr_pose.workers import begin

STALL_S = 60.0  # a worker that has decoded nothing for so long is given up
TICK_S = 0.2  # how often progress is told and workers are looked after

Said = bool | Segment | BadInput | None  # by a worker: see `_Worker`


def extract_segments(
    tasks: Iterator[Task], on_frames: Callable[[int], None], workers: int
) -> Generator[tuple[Task, Segment | BadInput], None, None]:
    """What was found in each segment, as it is done, or what went wrong with it.

    Args:
        tasks: asked for a few more than there are workers, and for the next as each is done.
        on_frames: called with the number of frames done so far, a few times a second and before each result.
        workers: processes at a time.
    """
    messages: Messages = queue.SimpleQueue()
    crew: list[_Worker] = []
    waiting: deque[Task] = deque()  # ready for whoever is done, so that nobody waits for a video to be opened
    suspects: deque[Task] = deque()  # their worker died: each is tried once more, with nothing beside it
    tried: set[Task] = set()
    frames, looked_s = 0, time.monotonic()
    try:
        while True:
            waiting.extend(islice(tasks, workers - len(waiting)))
            busy = sum(worker.task is not None for worker in crew)
            if not (waiting or suspects or busy):
                break
            while (waiting and busy < workers) or (suspects and not waiting and not busy):
                idle = [worker for worker in crew if not worker.task]
                if not idle:
                    crew += (idle := [_Worker(messages)])
                idle[0].begin((waiting or suspects).popleft())
                busy += 1
            for worker, message in _arrived(messages):
                if worker not in crew:  # it was given up before
                    continue
                worker.silent_s = 0
                if isinstance(message, bool):
                    frames += message
                    continue
                task, worker.task = worker.task, None
                if message is None:
                    crew.remove(worker)
                    worker.end()
                if task is None:  # it died while it had nothing to do
                    continue
                if message is not None:
                    on_frames(frames)
                    yield task, message
                elif task in tried:
                    yield task, BadInput(f"the process that extracted {task[0].job.video} died.")
                else:
                    tried.add(task)
                    suspects.append(task)
            if (passed_s := time.monotonic() - looked_s) >= TICK_S:
                looked_s += passed_s
                on_frames(frames)
                for worker, task in _stalled(crew, passed_s):
                    crew.remove(worker)
                    worker.end()
                    video = task[0].job.video
                    yield task, BadInput(f"{video} was given up: nothing was decoded for {STALL_S:.0f} s.")
    finally:
        for worker in crew:
            worker.end()


class _Worker:
    """A process that extracts one segment after the other.

    It has a pipe of its own, and shares no queue and no lock with the others: whenever it is killed or stops, it holds
    up nobody. In the pools of libraries it would: those of `concurrent.futures` and of pebble, which has time-outs,
    share a queue, and a worker that is killed while it holds the lock of that stalls all the others.

    Args:
        messages: where what it says arrives, each with the worker: True for a frame that counts and False for another,
            what it found or the problem that it met, and None when it has died.
    """

    def __init__(self, messages: "Messages"):
        self.task: Task | None = None
        self.silent_s = 0.0
        context = multiprocessing.get_context("spawn")
        self._pipe, its_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(its_end,), daemon=True)
        with _interrupts_held_back():
            self._process.start()
        its_end.close()
        self._listener = threading.Thread(target=self._listen, args=(messages,), daemon=True)
        self._listener.start()

    def begin(self, task: Task) -> None:
        """Give it something to do."""
        self.task, self.silent_s = task, 0.0
        with suppress(OSError):  # it has died, as the listener will say
            self._pipe.send(task)

    def end(self) -> None:
        """Kill it, whatever it does."""
        self._process.kill()
        self._process.join(5)  # not even that ends a process that waits for a dead disk
        self._listener.join(5)

    def _listen(self, messages: "Messages") -> None:
        with suppress(EOFError, OSError):
            while True:
                messages.put((self, self._pipe.recv()))
        messages.put((self, None))


Messages = queue.SimpleQueue[tuple[_Worker, Said]]


def _stalled(crew: list[_Worker], passed_s: float) -> list[tuple[_Worker, Task]]:
    """Those that should work and were silent for too long, of which `passed_s` have just passed; and at what."""
    busy = [(worker, worker.task) for worker in crew if worker.task]
    for worker, _ in busy:
        worker.silent_s += min(passed_s, 1)  # who stops us for an hour, stops them too
    return [(worker, task) for worker, task in busy if worker.silent_s > STALL_S]


def _arrived(messages: Messages) -> Iterator[tuple[_Worker, Said]]:
    """The messages that are there; waits a little for the first."""
    with suppress(queue.Empty):
        yield messages.get(timeout=TICK_S)
        for _ in range(messages.qsize()):
            yield messages.get_nowait()


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """For a process that is started meanwhile: until it ignores Ctrl-C, it would print a traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    multiprocessing.resource_tracker.ensure_running()  # which lets them through when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: multiprocessing.connection.Connection) -> None:
    """What a worker does: a task comes in, a bool goes out for each frame, and then what was found, or the problem."""
    begin()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what estimators log past every setting
    while True:
        plan, number = pipe.recv()
        pipe.send(attempt(plan, number, pipe.send))
