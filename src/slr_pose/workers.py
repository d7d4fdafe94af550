"""Worker processes: how one is started and ended, what it does at its start, and how many of them there may be."""

import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Pipe = multiprocessing.connection.Connection


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """Threads that a network in this process may have; 0 = as many as there are cores, which workers share."""
    return 1 if is_worker() else 0


def is_worker() -> bool:
    """Whether this process is one of several that work side by side, and has none of its own."""
    return multiprocessing.current_process().daemon


class Worker:
    """A process with a pipe of its own.

    It shares no queue and no lock with others: whenever it is killed or stops, it holds up nobody. In the pools of
    libraries it would: those of `concurrent.futures` and of pebble, which has time-outs, share a queue, and a worker
    that is killed while it holds the lock of that stalls all the others.

    Args:
        work: what it does, with its end of the pipe and what else is `given`.

    Attributes:
        pipe: our end. When it has died, that raises `EOFError` or `OSError`.
    """

    def __init__(self, work: Callable[..., None], *given: Any):
        context = multiprocessing.get_context("spawn")
        self.pipe, its_end = context.Pipe()
        self._process = context.Process(target=work, args=(its_end, *given), daemon=True)
        with _interrupts_held_back():
            self._process.start()
        its_end.close()

    @property
    def is_alive(self) -> bool:
        """Whether it has not died."""
        return self._process.is_alive()

    def end(self) -> None:
        """Kill it, whatever it does."""
        self._process.kill()
        self._process.join(5)  # not even that ends a process that waits for a dead disk


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


def begin() -> None:
    """Leave Ctrl-C to the parent, and end when it ends, even where it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()


def _die_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
