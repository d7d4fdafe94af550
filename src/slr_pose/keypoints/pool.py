"""Many videos -> `.pose` files, on all cores; a bad video, or a worker that dies, costs no other one."""

import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from slr_pose import BadInput
from slr_pose.keypoints.extraction import Job, Segment, Span, extract_segment, join
from slr_pose.pose import Pose
from slr_pose.tables import write_rows
from slr_pose.workers import begin, cores

HANDS = ("LEFT_HAND_LANDMARKS", "RIGHT_HAND_LANDMARKS")
PARTS = {"body": "POSE_LANDMARKS", "left hand": HANDS[0], "right hand": HANDS[1]}
REPORT_COLUMNS = ("video", "pose", "problem", "seconds", "fps", "frames_per_second", *PARTS)
LOST = 0.5  # a hand that is seen in a smaller share of the frames is pointed out
STALL_S = 60.0  # a worker that has decoded nothing for so long is given up
TICK_S = 0.2  # how often progress is told and workers are looked after

Task = tuple[Job, int, Span]  # one segment of a job: which, and where it begins and ends


@dataclass(frozen=True)
class Outcome:
    """How the extraction of one video ended.

    Attributes:
        job: the video.
        error: what went wrong, if anything.
        pose: what was found, where the job names no file for it.
        frames: of the pose.
        fps: of the pose.
        seen: share of the frames in which each component was seen.
        work_s: how long workers were at it; 0 where it was done before.
    """

    job: Job
    error: Exception | None = None
    pose: Pose | None = None
    frames: int = 0
    fps: float = 0
    seen: dict[str, float] = field(default_factory=dict)
    work_s: float = 0

    @classmethod
    def of_file(cls, job: Job) -> "Outcome":
        """That of a job which was done before."""
        return cls(job, **Pose.read_footer(job.pose).get("summary", {}))

    def lost_hands(self) -> list[str]:
        """The hands that were seen in under half of the frames."""
        return [name for name, part in PARTS.items() if part in HANDS and self.seen.get(part, 1) < LOST]


def extract_all(
    jobs: Iterable[Job], on_frames: Callable[[int], None] = lambda frames: None, workers: int | None = None
) -> Iterator[Outcome]:
    """Extract many videos, one worker process a core; the parts of a long one go to several workers.

    Args:
        jobs: the longest should come first, so that no core idles at the end.
        on_frames: called a few times a second with the number of frames done so far, of all jobs.
        workers: processes at a time; by default the number of usable cores.

    Yields:
        The outcome of each job as it ends, with its pose when the job names no file for it.

    Raises:
        BadInput: a pose cannot be written; what was written before stays.
    """
    waiting: deque[Task] = deque()
    found: dict[Job, list[Segment | None]] = {}
    for job in jobs:
        try:
            spans = job.spans()
        except BadInput as error:
            yield Outcome(job, error)
        else:
            waiting.extend((job, number, span) for number, span in enumerate(spans))
            found[job] = [None] * len(spans)
    with closing(_extract_segments(waiting, on_frames, workers or cores())) as results:
        for (job, number, _), result in results:
            if job not in found:  # another of its segments failed
                continue
            if isinstance(result, Exception):
                del found[job]
                for task in [task for task in waiting if task[0] == job]:
                    waiting.remove(task)
                yield Outcome(job, result)
                continue
            found[job][number] = result
            if None not in found[job]:
                yield _finish(job, found.pop(job))


def write_report(path: Path, outcomes: list[Outcome]) -> None:
    """Write a CSV file with a row a video: its pose or what went wrong, and the shares of frames with each part."""
    rows = []
    for outcome in sorted(outcomes, key=lambda outcome: str(outcome.job.video)):
        row = [outcome.job.video, "" if outcome.error else outcome.job.pose, outcome.error or ""]
        if outcome.frames:
            row += [f"{outcome.frames / outcome.fps:.2f}", f"{outcome.fps:.3f}"]
            row += [f"{outcome.frames / outcome.work_s:.1f}" if outcome.work_s else ""]
            row += [f"{outcome.seen.get(part, 0):.3f}" for part in PARTS.values()]
        rows.append(row)
    write_rows(path, REPORT_COLUMNS, rows)


def _finish(job: Job, segments: list[Segment]) -> Outcome:
    try:
        pose = join(job, segments)
    except (BadInput, OSError) as error:
        return Outcome(job, error)
    if job.pose:
        pose.write(job.pose)
    work_s = sum(segment.work_s for segment in segments)
    return Outcome(job, pose=None if job.pose else pose, work_s=work_s, **pose.summary())


def _extract_segments(
    waiting: deque[Task], on_frames: Callable[[int], None], workers: int
) -> Iterator[tuple[Task, Segment | Exception]]:
    """What was found in each segment, as it is done, or what went wrong with it."""
    messages: queue.SimpleQueue = queue.SimpleQueue()
    crew: list[_Worker] = []
    suspects: deque[Task] = deque()  # their worker died: each is tried once more, with nothing beside it
    tried: set[Task] = set()
    frames, looked_s = 0, time.monotonic()
    try:
        while waiting or suspects or any(worker.task for worker in crew):
            busy = sum(worker.task is not None for worker in crew)
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
                if message is not None:
                    yield task, message
                    continue
                crew.remove(worker)
                worker.end()
                if task in tried:
                    yield task, BadInput(f"the process that extracted {task[0].video} died.")
                elif task:
                    tried.add(task)
                    suspects.append(task)
            if (passed_s := time.monotonic() - looked_s) >= TICK_S:
                looked_s += passed_s
                on_frames(frames)
                for worker in _stalled(crew, passed_s):
                    crew.remove(worker)
                    worker.end()
                    video = worker.task[0].video
                    yield worker.task, BadInput(f"{video} was given up: nothing was decoded for {STALL_S:.0f} s.")
    finally:
        for worker in crew:
            worker.end()


class _Worker:
    """A process that extracts one segment after the other.

    It has a pipe of its own, and shares no queue and no lock with the others, as the workers of a pool do: whenever it
    is killed or stops, it holds up nobody.

    Args:
        messages: where what it says arrives, each with the worker: True for a frame that counts and False for another,
            what it found or the exception that it met, and None when it has died.
    """

    def __init__(self, messages: queue.SimpleQueue):
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

    def _listen(self, messages: queue.SimpleQueue) -> None:
        with suppress(EOFError, OSError):
            while True:
                messages.put((self, self._pipe.recv()))
        messages.put((self, None))


def _stalled(crew: list[_Worker], passed_s: float) -> list[_Worker]:
    """Those that should work and were silent for too long, of which `passed_s` have just passed."""
    busy = [worker for worker in crew if worker.task]
    for worker in busy:
        worker.silent_s += min(passed_s, 1)  # who stops us for an hour, stops them too
    return [worker for worker in busy if worker.silent_s > STALL_S]


def _arrived(messages: queue.SimpleQueue) -> Iterator[tuple[_Worker, object]]:
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
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MediaPipe's log lines, which no setting silences
    while True:
        job, _, span = pipe.recv()
        try:
            result = extract_segment(job, span, pipe.send)
        except BadInput as error:
            result = error
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            result = BadInput(f"{job.video} could not be extracted; {reason}.")
        pipe.send(result)
