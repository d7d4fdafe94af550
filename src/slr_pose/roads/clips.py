"""What a person named -> clips, and their keypoints."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from slr_pose import BadInput
from slr_pose.data.clip import Clip
from slr_pose.data.store import Store, load
from slr_pose.events import Caution, LeftOut, Listener, Remark
from slr_pose.keypoints.batch import PARTS, Outcome, extract_all
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.parts import joined
from slr_pose.media.folder import clips_of
from slr_pose.skeleton import Skeleton
from slr_pose.text import count, first_of


def paths(inputs: Path | str | Iterable[Path | str]) -> list[Path]:
    """What was named, one path or several."""
    return [Path(inputs)] if isinstance(inputs, Path | str) else [Path(each) for each in inputs]


def clips_in(named: list[Path], keypoints: bool, on_event: Listener) -> Iterator[tuple[Path, Path]]:
    """Each clip that is meant, once, and its path inside the folder that was named; says what is not read.

    Args:
        keypoints: whether keypoints are clips, beside videos.

    Raises:
        BadInput: there is no such file or folder, or no clip in it.
    """
    seen: set[str] = set()  # which take a third of the room of paths
    for place in named:
        found = clips_of(place, keypoints)
        for sentence in found.sentences():
            on_event(Caution(sentence))
        if not found.clips:
            raise BadInput(f"there are no {'videos or keypoints' if keypoints else 'videos'} in {place}.")
        for file in found.clips:
            if (absolute := str(file.absolute())) not in seen:
                seen.add(absolute)
                yield file, file.relative_to(place) if file != place else Path(file.name)


def read_clips(clips: list[Clip], skeleton: Skeleton, on_event: Listener, fast: bool = False) -> Store:
    """Clips with their keypoints; names those that are left out.

    Args:
        fast: how videos are extracted.

    Raises:
        BadInput: none of the clips can be read.
    """
    loaded = load(clips, skeleton, lambda jobs: extract_jobs(jobs, on_event), fast, on_event)
    if loaded.left_out:
        on_event(LeftOut(f"{len(loaded.left_out)} of {len(clips)} clips are left out", loaded.left_out))
    for sentence in loaded.remarks:
        on_event(Caution(sentence))
    return loaded


def extract_jobs(jobs: list[Job], on_event: Listener, force: bool = False, ray: str | None = None) -> list[Outcome]:
    """Extract, and say how it went; what was extracted in parts while it was read is put together.

    Args:
        force: extract that again, too.
        ray: the address of a Ray cluster that does it, instead of this machine.
    """
    kept = [] if force else [outcome for job in jobs if (outcome := _put_together(job))]
    for outcome in kept:
        on_event(Remark(f"{outcome.job.video.name}: its keypoints were found when it was annotated."))
    known = {outcome.job for outcome in kept}
    return kept + _extracted([job for job in jobs if job not in known], on_event, ray)


def _put_together(job: Job) -> Outcome | None:
    pose = joined(job)
    if pose is None:
        return None
    if job.pose:
        pose.write(job.pose)
    return Outcome(job, pose=None if job.pose else pose, **pose.summary())


def _extracted(jobs: list[Job], on_event: Listener, ray: str | None) -> list[Outcome]:
    if not jobs:
        return []
    started = time.monotonic()
    outcomes = list(extract_all(jobs, on_event, ray=ray))
    if sentence := _several_people(outcomes):
        on_event(Remark(sentence))
    if frames := sum(outcome.frames for outcome in outcomes):
        seconds = time.monotonic() - started
        clips = sum(outcome.error is None for outcome in outcomes)
        seen = {
            name: sum(outcome.seen.get(part, 0) * outcome.frames for outcome in outcomes) / frames
            for name, part in PARTS.items()
        }
        on_event(
            Remark(
                f"{count(clips, 'clip')}, {count(frames, 'frame')} in {seconds:.0f} s, {frames / seconds:.0f} frames/s;"
                f" seen: {', '.join(f'{name} {share:.0%}' for name, share in seen.items())}"
            )
        )
    return outcomes


def _several_people(outcomes: list[Outcome]) -> str:
    """A sentence about the videos in which the signer was chosen among several people, if there are any."""
    chosen = dict.fromkeys(  # one that is extracted in parts is named once
        f"{outcome.job.video.name} (person {outcome.followed.number} of {outcome.followed.people})"
        for outcome in outcomes
        if outcome.followed.number and outcome.job.person is None
    )
    if not chosen:
        return ""
    return (
        f"several people are in {first_of(list(chosen))}, counted from the left: the one whose hands sign most was"
        " followed; `slr extract-pose --person` takes another."
    )
