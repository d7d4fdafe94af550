"""Videos -> `.pose` files."""

import os
import re
import time
import unicodedata
import zlib
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

from slr_pose import BadInput
from slr_pose.events import Listener, Listing, Remark, ignore
from slr_pose.files import is_writable
from slr_pose.keypoints.batch import REPORT_COLUMNS, Outcome, write_report
from slr_pose.keypoints.engines import estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.media.folder import refuse_inside
from slr_pose.places import place
from slr_pose.roads.clips import clips_in, extracted, paths
from slr_pose.spool import Spool
from slr_pose.tables import refuse_others

TOLD_S = 1.0  # how often it is told how many videos were found


@dataclass(frozen=True)
class Extraction:
    """How the extraction of some videos ended.

    What there is of each video lies on disk, as long as this value is there, and is read each time that somebody goes
    through it: `len(extraction.failures)`, `for outcome in extraction.outcomes`, and a list if it is made one.

    Attributes:
        outcomes: of each video that was to be extracted now, by name; those that failed have an `error`.
        done: of those that were extracted before, by name.
        failures: what went wrong with each video that failed, in the order in which they did.
        report: the CSV file with a row for each video; `None` where there was one video alone.
    """

    outcomes: Collection[Outcome]
    done: Collection[Outcome]
    failures: Collection[Exception]
    report: Path | None


def extract(
    inputs: Path | str | Iterable[Path | str],
    output: Path | str | None = None,
    *,
    engine: str | None = None,
    face: bool = False,
    fast: bool = False,
    person: int | None = None,
    force: bool = False,
    shard: str | None = None,
    ray: str | None = None,
    on_event: Listener = ignore,
) -> Extraction:
    """Find body and hand keypoints in videos, on all cores, and write them as `.pose` files.

    A video that fails does not stop the others. What was extracted before, in the same way, is left as it is. Memory
    does not grow with the number of videos; what is to be remembered of each takes about 2 KB of temporary files.

    Args:
        inputs: videos, folders of pictures, or folders of them; as text, also addresses of object stores, `s3://...`.
        output: folder for the `.pose` files, or such an address; by default each is beside its video.
        engine: what finds the keypoints, `litert`, which is the default, or `mediapipe`.
        face: find the 468 points of the face, too.
        fast: look at about 15 frames a second.
        person: which of several people to follow, from left to right, from 1; by default the signer.
        force: extract again what is there already.
        shard: a share of the videos alone: "3/16" is the third of sixteen. Each video is in one of them, the same
            one wherever it is asked and whatever else is in the folder, so jobs of a cluster need not know each other.
        ray: the address of a Ray cluster that does it, instead of this machine alone: `host:port`, or `auto` for what
            RAY_ADDRESS says, or the cluster that this machine is a node of.
        on_event: told of progress and remarks.

    Raises:
        BadInput: there is no such video, engine, shard or cluster, or no place for the pose.
    """
    named, output = paths(inputs, place), place(output) if output else None
    number, count = _shard(shard) if shard else (1, 1)
    finder, files, clips, told_s = estimator(engine, face), PoseFiles(), 0, time.monotonic()
    jobs: Spool[Job] = Spool()
    done: Spool[Outcome] = Spool()
    outcomes: Spool[Outcome] = Spool()
    failures: Spool[Exception] = Spool()
    for video, inside in clips_in(named, keypoints=False, on_event=on_event):
        folder = (output / inside).parent if output else video.parent
        refuse_inside(folder / inside.name, video)
        if not is_writable(folder) and folder.is_dir():
            raise BadInput(f"{folder} is read-only; name another folder with --output.")
        job = Job(video, finder, fast=fast, person=person)
        file = files.of(job, folder)  # also of other shards: whose name it is, all know
        if file.job.video != video:  # it is known by another path, too
            continue
        clips += 1
        if time.monotonic() > told_s + TOLD_S:
            told_s = time.monotonic()
            on_event(Listing(clips))
        if _place(inside) % count != number - 1:
            continue
        if file.is_done and not force:
            done.append(Outcome.of_file(file), key=str(video))
        else:
            jobs.append(file.job)
    kept = len(jobs) + len(done)
    for sentence in files.sentences():
        on_event(Remark(sentence))
    name = f"extraction-{number}-of-{count}.csv" if shard else "extraction.csv"
    report = (output or (named[0] if len(named) == 1 else Path())) / name if clips > 1 else None
    if shard:
        on_event(Remark(f"shard {number} of {count}: {kept} of {clips} videos."))
    if report:
        refuse_others(report, REPORT_COLUMNS)
    if done:
        on_event(Remark(f"{len(done)} of {kept} are extracted already."))
    with closing(extracted(jobs, on_event, force, ray)) as ended:
        for outcome in ended:
            outcomes.append(outcome, key=str(outcome.job.video))
            if outcome.error:
                failures.append(outcome.error)
    if report:
        write_report(report, merge(outcomes, done, key=lambda outcome: os.fsencode(str(outcome.job.video))))
    return Extraction(outcomes, done, failures, report)


def _shard(shard: str) -> tuple[int, int]:
    """Which of how many."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", shard)
    if not found or int(found[1]) > int(found[2]):
        raise BadInput(f"there is no shard '{shard}': 3/16, say, is the third of sixteen.")
    return int(found[1]), int(found[2])


def _place(inside: Path) -> int:
    """A number of a video's path inside the folder that was named, the same on every machine."""
    return zlib.crc32(unicodedata.normalize("NFC", inside.as_posix()).encode(errors="surrogateescape"))
