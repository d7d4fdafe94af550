"""What many videos cost who hands them out: `python benchmarks/cluster.py` extracts 1,000, 10,000, ... a million.

Each row is a process that does all that the driver of a cluster does: it lists, opens, plans and hands out the videos,
puts poses together, writes them and the report. What the cluster does is left out: what it would find comes at once.
The videos are hard links to one of 8 frames, in folders of a thousand or of as many as `--folder` says; each becomes a
file of its own. The second run finds all done. Times are those of one core at work, which other work on the machine
does not change much. A million take 45 minutes, and 20 GB of disk; `--bare` opens no video and writes no pose, for what
is left of it: listing, planning, handing out and the report.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import psutil
import typer
from trials import table

from slr_pose.keypoints import pool
from slr_pose.keypoints.job import Job, Plan
from slr_pose.keypoints.segment import Segment, Task
from slr_pose.media.encoding import write_video
from slr_pose.media.video import VideoInfo
from slr_pose.pose import Pose
from slr_pose.roads.extract import extract

FRAMES = 8
LINKS = 50_000  # to one file, of which ext4 allows 65,000
COLUMNS = ["videos", "core s", "ms a video", "memory MB", "disk MB", "again core s", "again memory MB"]


def main(
    counts: Annotated[list[int] | None, typer.Argument(help="How many videos.")] = None,
    folder: Annotated[int, typer.Option(help="How many of them in a folder.")] = 1000,
    bare: Annotated[bool, typer.Option("--bare", help="Open no video, and write no pose.")] = False,
) -> None:
    rows = []
    with tempfile.TemporaryDirectory(prefix="slr-bench-") as home:
        for count in counts or (1000, 10_000, 100_000, 1_000_000):
            place = Path(home) / str(count)
            link(place / "in", count, folder)
            command = [sys.executable, __file__, "--measure", *["--bare"] * bare, str(place)]
            first = json.loads(subprocess.check_output(command))
            row = [f"{count:,}", f"{first['s']:.1f}", f"{1000 * first['s'] / count:.1f}", f"{first['MB']:.0f}"]
            row += [f"{first['disk MB']:.0f}", "-", "-"]
            if not bare:  # which leaves nothing to be found
                again = json.loads(subprocess.check_output(command))
                row[-2:] = [f"{again['s']:.1f}", f"{again['MB']:.0f}"]
            rows.append(row)
            print(table(COLUMNS, rows[-1:]), file=sys.stderr)
            shutil.rmtree(place)
    print(table(COLUMNS, rows))


def link(folder: Path, count: int, each: int) -> None:
    """So many videos."""
    folder.mkdir(parents=True)
    original = folder.parent / "film.mp4"
    write_video(original, np.random.default_rng(0).integers(0, 255, (FRAMES, 48, 64, 3), np.uint8), 25)
    for number in range(count):
        place = folder / f"{number // each:04}" / f"interview-{number:07}.mp4"
        place.parent.mkdir(exist_ok=True)
        if number % LINKS == 0:
            film = shutil.copy(original, place)
        else:
            os.link(film, place)


def measure(folder: Path, bare: bool) -> dict[str, float]:
    """Seconds, and memory in MB that came to what the process had at first; and temporary files, in MB."""
    disk = [0]

    def found(tasks: Iterator[Task], on_frames: Callable[[int], None], workers: int) -> Iterator[tuple[Task, Segment]]:
        yield from found_at_once(tasks, on_frames)
        disk.append(temporary())

    pool.extract_segments = found
    if bare:
        info = VideoInfo(0, FRAMES / 25, 25)
        Job.plan = lambda job: Plan(job, info, 1, FRAMES, ((None, None),))
        Pose.write = lambda pose, path: None
    extract(folder / "in" / "0000" / "interview-0000000.mp4", folder / "warm", force=True)
    before, started = psutil.Process().memory_info().rss, time.process_time()
    done = extract(folder / "in", folder / "out")
    assert not done.failures
    seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    return {"s": seconds, "MB": memory / 1e6, "disk MB": max(disk) / 1e6}


def temporary() -> int:
    """Bytes of the files that SQLite has opened in this process; they have no names any more."""
    return sum(os.stat(each).st_size for each in Path("/proc/self/fd").iterdir() if "etilqs" in os.path.realpath(each))


def found_at_once(tasks: Iterator[Task], on_frames: Callable[[int], None]) -> Iterator[tuple[Task, Segment]]:
    """What a cluster that takes no time finds."""
    frames = 0
    for plan, number in tasks:
        keypoints = np.ones((FRAMES, len(plan.job.estimator.points), 3), np.float32)
        frames += FRAMES
        on_frames(frames)
        yield (plan, number), Segment(np.arange(FRAMES) / 25, keypoints, keypoints[..., 0], (64, 48), 0.1)


if __name__ == "__main__":
    if "--measure" in sys.argv:
        print(json.dumps(measure(Path(sys.argv[-1]), "--bare" in sys.argv)))
    else:
        typer.run(main)
