"""Many videos -> `.pose` files, and how each ended; a bad video costs no other one."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from slr_pose import BadInput
from slr_pose.events import Extracting, Listener, ignore
from slr_pose.keypoints import cluster, pool
from slr_pose.keypoints.job import Job, Plan
from slr_pose.keypoints.people import HANDS, Followed
from slr_pose.keypoints.pose_files import PoseFile
from slr_pose.keypoints.segment import Segment, Task, join
from slr_pose.pose import Pose
from slr_pose.spool import Spool
from slr_pose.tables import write_rows
from slr_pose.workers import cores

PARTS = {"body": "POSE_LANDMARKS", "left hand": HANDS[0], "right hand": HANDS[1]}
REPORT_COLUMNS = ("video", "pose", "problem", "seconds", "fps", "frames_per_second", *PARTS)
LOST = 0.5  # a hand that is seen in a smaller share of the frames is pointed out


@dataclass(frozen=True, slots=True)
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
        followed: whom they looked at.
    """

    job: Job
    error: Exception | None = None
    pose: Pose | None = None
    frames: int = 0
    fps: float = 0
    seen: dict[str, float] = field(default_factory=dict)
    work_s: float = 0
    followed: Followed = Followed()

    @classmethod
    def of_file(cls, file: PoseFile) -> "Outcome":
        """That of a job which was done before."""
        return cls(file.job, **file.summary)

    def lost_hands(self) -> list[str]:
        """The hands that were seen in under half of the frames."""
        return [name for name, part in PARTS.items() if part in HANDS and self.seen.get(part, 1) < LOST]


def extract_all(
    jobs: Iterable[Job], on_event: Listener = ignore, workers: int | None = None, ray: str | None = None
) -> Generator[Outcome, None, None]:
    """Extract many videos, one worker process a core; the parts of a long one go to several workers.

    The largest files come first, so that no core idles at the end. No video is opened before its turn comes.

    Args:
        jobs: no two alike. Memory does not grow with them.
        on_event: told an `Extracting` a few times a second, and as each job ends. How many frames there are in videos
            that were not opened yet is estimated from the size of their files.
        workers: processes at a time; by default the number of usable cores.
        ray: the address of a Ray cluster whose CPUs work instead.

    Yields:
        The outcome of each job as it ends, with its pose when the job names no file for it.

    Raises:
        BadInput: a pose cannot be written, or the cluster not be used; what was written before stays.
    """
    batch = _Batch(jobs, on_event)
    results = (
        cluster.extract_segments(batch.tasks(), batch.tell_frames, ray)
        if ray
        else pool.extract_segments(batch.tasks(), batch.tell_frames, workers or cores())
    )
    with closing(results):
        for task, result in results:
            batch.take(task, result)
            yield from batch.ended()
    yield from batch.ended()


def write_report(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write a CSV file with a row a video: its pose or what went wrong, and the shares of frames with each part."""
    write_rows(path, REPORT_COLUMNS, map(_row, outcomes))


def _row(outcome: Outcome) -> list[object]:
    row: list[object] = [outcome.job.video, "" if outcome.error else outcome.job.pose, outcome.error or ""]
    if outcome.frames:
        row += [f"{outcome.frames / outcome.fps:.2f}", f"{outcome.fps:.3f}"]
        row += [f"{outcome.frames / outcome.work_s:.1f}" if outcome.work_s else ""]
        row += [f"{outcome.seen.get(part, 0):.3f}" for part in PARTS.values()]
    return row


class _Batch:
    """The jobs of one call: in which order they are opened, what is found of each, and how far they all are."""

    def __init__(self, jobs: Iterable[Job], on_event: Listener):
        self._jobs: Spool[tuple[Job, int]] = Spool()
        self._bytes = 0
        for job in jobs:
            size = job.size()
            self._jobs.append((job, size), key=-size)
            self._bytes += size
        self._found: dict[Plan, dict[int, Segment]] = {}  # of the jobs that were begun and have not ended
        self._refused: Spool[Outcome] = Spool()  # of videos that cannot be opened, a million in a row maybe
        self._ended: list[Outcome] = []
        self._on_event = on_event
        self._clips_done = self._frames_done = self._frames_planned = self._bytes_planned = 0

    def tasks(self) -> Iterator[Task]:
        """All segments of all jobs. A video is opened when the first of its own is asked for."""
        for job, size in self._jobs:
            try:
                plan = job.plan()
            except BadInput as error:
                self._refused.append(Outcome(job, error))
                self._bytes -= size
                continue
            self._found[plan] = {}
            self._frames_planned += plan.frames
            self._bytes_planned += size
            for number in range(len(plan.spans)):
                if plan in self._found:  # no other segment of it has failed
                    yield plan, number

    def take(self, task: Task, result: Segment | BadInput) -> None:
        """Keep what was found in a segment; with the last of its job, the job ends."""
        plan, number = task
        if plan not in self._found:  # another of its segments failed
            return
        if isinstance(result, BadInput):
            del self._found[plan]
            self._ended.append(Outcome(plan.job, result))
            return
        segments = self._found[plan]
        segments[number] = result
        if len(segments) == len(plan.spans):
            del self._found[plan]
            self._ended.append(_finish(plan, [segments[number] for number in range(len(segments))]))

    def ended(self) -> Iterator[Outcome]:
        """The outcomes of the jobs that have ended since they were last asked for."""
        if self._refused:
            refused, self._refused = self._refused, Spool()
            yield from map(self._counted, refused)
        while self._ended:
            yield self._counted(self._ended.pop(0))

    def _counted(self, outcome: Outcome) -> Outcome:
        self._clips_done += 1
        self.tell_frames(self._frames_done)
        return outcome

    def tell_frames(self, done: int) -> None:
        """Tell where all stands when so many frames are done."""
        self._frames_done = done
        bytes_ahead = self._bytes - self._bytes_planned
        ahead = round(self._frames_planned * bytes_ahead / max(1, self._bytes_planned))
        self._on_event(Extracting(done, self._frames_planned + ahead, self._clips_done, len(self._jobs)))


def _finish(plan: Plan, segments: list[Segment]) -> Outcome:
    job = plan.job
    try:
        pose = join(plan, segments)
    except (BadInput, OSError) as error:
        return Outcome(job, error)
    if job.pose:
        pose.write(job.pose)
    work_s = sum(segment.work_s for segment in segments)
    return Outcome(job, pose=None if job.pose else pose, work_s=work_s, followed=segments[0].followed, **pose.summary())
