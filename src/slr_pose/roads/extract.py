"""Videos -> `.pose` files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput
from slr_pose.events import Listener, Remark, ignore
from slr_pose.files import is_writable
from slr_pose.keypoints.batch import REPORT_COLUMNS, Outcome, write_report
from slr_pose.keypoints.engines import estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.media.folder import REPORT
from slr_pose.roads.clips import clips_in, extract_jobs, paths
from slr_pose.tables import refuse_others


@dataclass(frozen=True)
class Extraction:
    """How the extraction of some videos ended.

    Attributes:
        outcomes: of each video that was to be extracted now; those that failed have an `error`.
        done: of those that were extracted before.
        report: the CSV file with a row for each video; `None` where there was one video alone.
    """

    outcomes: list[Outcome]
    done: list[Outcome]
    report: Path | None

    @property
    def failures(self) -> list[Exception]:
        """What went wrong with each video that failed."""
        return [outcome.error for outcome in self.outcomes if outcome.error]


def extract(
    inputs: Path | str | Iterable[Path | str],
    output: Path | str | None = None,
    *,
    engine: str | None = None,
    face: bool = False,
    fast: bool = False,
    force: bool = False,
    on_event: Listener = ignore,
) -> Extraction:
    """Find body and hand keypoints in videos, on all cores, and write them as `.pose` files.

    A video that fails does not stop the others. What was extracted before, in the same way, is left as it is.

    Args:
        inputs: videos, or folders of them.
        output: folder for the `.pose` files; by default each is beside its video.
        engine: what finds the keypoints, `mediapipe` or `litert`; by default `mediapipe` where it is installed.
        face: find the 468 points of the face, too.
        fast: look at about 15 frames a second.
        force: extract again what is there already.
        on_event: told of progress and remarks.

    Raises:
        BadInput: there is no such video, no such engine, or no place for the pose.
    """
    named, output = paths(inputs), Path(output) if output else None
    finder, files, kept = estimator(engine, face), PoseFiles(), []
    for video, inside in clips_in(named, keypoints=False, on_event=on_event):
        folder = (output / inside).parent if output else video.parent
        if folder.is_dir() and not is_writable(folder):
            raise BadInput(f"{folder} is read-only; name another folder with --output.")
        kept.append(files.of(Job(video, finder, fast=fast), folder))
    for sentence in files.sentences():
        on_event(Remark(sentence))
    report = (output or (named[0] if len(named) == 1 else Path())) / REPORT if len(kept) > 1 else None
    if report:
        refuse_others(report, REPORT_COLUMNS)
    done = [Outcome.of_file(file) for file in kept if file.is_done and not force]
    if done:
        on_event(Remark(f"{len(done)} of {len(kept)} are extracted already."))
    outcomes = extract_jobs([file.job for file in kept if force or not file.is_done], on_event)
    if report:
        write_report(report, [*outcomes, *done])
    return Extraction(outcomes, done, report)
