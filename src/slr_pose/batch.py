"""Many videos -> `.pose` files, on all cores; a bad video, or a worker that dies, costs no other one."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from slr_pose import BadInput
from slr_pose.extraction import Job, Segment, Span, extract_segment, join
from slr_pose.pose import Pose
from slr_pose.tables import write_rows

HANDS = ("LEFT_HAND_LANDMARKS", "RIGHT_HAND_LANDMARKS")
PARTS = {"body": "POSE_LANDMARKS", "left hand": HANDS[0], "right hand": HANDS[1]}
LOST = 0.5  # a hand that is seen in a smaller share of the frames is pointed out

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
    with closing(_extract_segments(waiting, on_frames, workers or _cores())) as results:
        for (job, number, _), result in results:
            if job not in found:  # another of its segments failed
                continue
            if isinstance(result, Exception):
                del found[job]
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
            row += [f"{outcome.seen[part]:.3f}" for part in PARTS.values()]
        rows.append(row)
    write_rows(path, ["video", "pose", "problem", "seconds", "fps", "frames_per_second", *PARTS], rows)


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
    context = multiprocessing.get_context("spawn")
    frames_done, stopped = context.Value("q", 0), context.Event()
    suspects: deque[Task] = deque()
    try:
        while waiting or suspects:
            # A worker that dies takes its pool along: what was running is then tried once more, each part alone.
            queue, width = (suspects, 1) if suspects else (waiting, min(len(waiting), workers))
            running, died = {}, []
            pool = ProcessPoolExecutor(width, context, _start_worker, (frames_done, stopped))
            try:
                while (queue or running) and not died:
                    while queue and len(running) < width:
                        task = queue.popleft()
                        running[pool.submit(_work, *task)] = task
                    done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                    on_frames(frames_done.value)
                    for future in done:
                        task, error = running.pop(future), future.exception()
                        if isinstance(error, BrokenProcessPool):
                            died.append(task)
                        else:
                            yield task, error or future.result()
            except BrokenProcessPool:  # on submitting
                died.append(task)
            except BaseException:
                stopped.set()
                raise
            finally:
                pool.shutdown(cancel_futures=True)
            died += running.values()
            if queue is waiting:
                suspects.extend(died)
            else:
                yield from ((task, BadInput(f"the process that extracted {task[0].video} died.")) for task in died)
    finally:
        stopped.set()


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start_worker(frames_done, stopped) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MediaPipe's log lines, which no setting silences
    threading.Thread(target=_die_with_parent, daemon=True).start()
    global _frames_done, _stopped
    _frames_done, _stopped = frames_done, stopped


def _die_with_parent() -> None:
    multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def _work(job: Job, number: int, span: Span) -> Segment:
    def on_frame() -> None:
        if _stopped.is_set():
            raise InterruptedError
        with _frames_done.get_lock():
            _frames_done.value += 1

    return extract_segment(job, span, on_frame)
