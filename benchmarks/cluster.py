"""What many videos cost who hands them out: `python benchmarks/cluster.py` extracts 1,000, 10,000 and 100,000.

Each row is a process that does all that the driver of a cluster does: it lists, opens, plans and hands out the videos,
puts poses together, writes them and the report. What the cluster does is left out: what it would find comes at once.
The videos are hard links to one of 8 frames, in folders of a thousand, and each becomes a file of its own. The second
run finds all done. Times are those of one core at work, which other work on the machine does not change much.
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
from slr_pose.keypoints.segment import Segment, Task
from slr_pose.media.encoding import write_video
from slr_pose.roads.extract import extract

FRAMES = 8
LINKS = 50_000  # to one file, of which ext4 allows 65,000
COLUMNS = ["videos", "core s", "ms a video", "memory MB", "KB a video", "again core s", "again memory MB"]


def main(counts: Annotated[list[int] | None, typer.Argument(help="How many videos.")] = None) -> None:
    rows = []
    with tempfile.TemporaryDirectory(prefix="slr-bench-") as folder:
        for count in counts or (1000, 10_000, 100_000):
            place = Path(folder) / str(count)
            link(place / "in", count)
            command = [sys.executable, __file__, "--measure", str(place)]
            first, again = (json.loads(subprocess.check_output(command)) for _ in range(2))
            row = [f"{count:,}", f"{first['s']:.1f}", f"{1000 * first['s'] / count:.1f}", f"{first['MB']:.0f}"]
            rows.append([*row, f"{1000 * first['MB'] / count:.1f}", f"{again['s']:.1f}", f"{again['MB']:.0f}"])
            print(table(COLUMNS, rows[-1:]), file=sys.stderr)
    print(table(COLUMNS, rows))


def link(folder: Path, count: int) -> None:
    """So many videos."""
    folder.mkdir(parents=True)
    original = folder.parent / "film.mp4"
    write_video(original, np.random.default_rng(0).integers(0, 255, (FRAMES, 48, 64, 3), np.uint8), 25)
    for number in range(count):
        place = folder / f"{number // 1000:04}" / f"interview-{number:07}.mp4"
        place.parent.mkdir(exist_ok=True)
        if number % LINKS == 0:
            film = shutil.copy(original, place)
        else:
            os.link(film, place)


def measure(folder: Path) -> dict[str, float]:
    """Seconds, and memory in MB that came to what the process had at first."""
    pool.extract_segments = found_at_once
    extract(folder / "in" / "0000" / "interview-0000000.mp4", folder / "warm", force=True)
    before, started = psutil.Process().memory_info().rss, time.process_time()
    done = extract(folder / "in", folder / "out")
    assert not done.failures
    seconds = time.process_time() - started
    return {"s": seconds, "MB": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before) / 1e6}


def found_at_once(
    tasks: Iterator[Task], on_frames: Callable[[int], None], workers: int
) -> Iterator[tuple[Task, Segment]]:
    """What a cluster that takes no time finds."""
    frames = 0
    for plan, number in tasks:
        keypoints = np.ones((FRAMES, len(plan.job.estimator.points), 3), np.float32)
        frames += FRAMES
        on_frames(frames)
        yield (plan, number), Segment(np.arange(FRAMES) / 25, keypoints, keypoints[..., 0], (64, 48), 0.1)


if __name__ == "__main__":
    if "--measure" in sys.argv:
        print(json.dumps(measure(Path(sys.argv[-1]))))
    else:
        typer.run(main)
