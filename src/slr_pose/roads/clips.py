"""What a person named -> clips, and their keypoints."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from slr_pose import BadInput
from slr_pose.data.clip import Clip
from slr_pose.data.store import Store, load
from slr_pose.events import Caution, LeftOut, Listener, Remark
from slr_pose.keypoints.batch import PARTS, Outcome, extract_all
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.parts import joined
from slr_pose.media.folder import Found, each_clip, with_name
from slr_pose.skeleton import Skeleton
from slr_pose.spool import Shelf, Spool
from slr_pose.text import count, first_of


def paths(inputs: Path | str | Iterable[Path | str], path_of: Callable[[Path | str], Path] = Path) -> list[Path]:
    """What was named, one path or several; with `place`, addresses too."""
    return [path_of(inputs)] if isinstance(inputs, Path | str) else [path_of(each) for each in inputs]


def clips_in(named: list[Path], keypoints: bool, on_event: Listener) -> Iterator[tuple[Path, Path]]:
    """Each clip that is meant, once, and its path inside the folder that was named; says at last what is not read.

    Args:
        keypoints: whether keypoints are clips, beside videos.

    Raises:
        BadInput: there is no such file or folder, or no clip in it.
    """
    seen: Shelf[bool] = Shelf()
    for place in named:
        found, clips = Found(), 0
        for file in each_clip(place, keypoints, found):
            clips += 1
            if (absolute := str(file.absolute())) not in seen:
                seen[absolute] = True
                if file == place:
                    whole = with_name(place)
                    yield whole, Path(whole.name)
                else:
                    yield file, Path(file.relative_to(place))
        for sentence in found.sentences():
            on_event(Caution(sentence))
        if not clips:
            raise BadInput(f"there are no {'videos or keypoints' if keypoints else 'videos'} in {place}.")


def read_clips(
    clips: list[Clip], skeleton: Skeleton, on_event: Listener, extractor: Mapping[str, Any] | None = None
) -> Store:
    """Clips with their keypoints; names those that are left out.

    Args:
        extractor: that of the model which is to be asked, if there is one: videos are extracted as its were.

    Raises:
        BadInput: none of the clips can be read.
    """
    loaded = load(clips, skeleton, lambda jobs: extract_jobs(jobs, on_event), extractor, on_event)
    if loaded.left_out:
        on_event(LeftOut(f"{len(loaded.left_out)} of {len(clips)} clips are left out", loaded.left_out))
    for sentence in loaded.remarks:
        on_event(Caution(sentence))
    return loaded


def extract_jobs(jobs: Iterable[Job], on_event: Listener) -> list[Outcome]:
    """The same as `extracted`, when all of them have ended."""
    return list(extracted(jobs, on_event))


def extracted(
    jobs: Iterable[Job], on_event: Listener, force: bool = False, ray: str | None = None
) -> Generator[Outcome, None, None]:
    """Extract, and say at last how it went; what was extracted in parts while it was read is put together.

    Args:
        jobs: no two alike. Memory does not grow with them.
        force: extract again what is there in parts.
        ray: the address of a Ray cluster that does it, instead of this machine.

    Yields:
        How each of them ended, as it ends.
    """
    left: Spool[Job] = Spool()
    for job in jobs:
        if not force and (outcome := _put_together(job)):
            on_event(Remark(f"{job.video.name}: its keypoints were found when it was annotated."))
            yield outcome
        else:
            left.append(job)
    if not left:
        return
    started, clips, frames = time.monotonic(), 0, 0
    seen = dict.fromkeys(PARTS, 0.0)
    chosen: Spool[str] = Spool()
    named: Shelf[bool] = Shelf()  # of them: one that is extracted in parts is named once
    with closing(extract_all(left, on_event, ray=ray)) as ended:
        for outcome in ended:
            clips += outcome.error is None
            frames += outcome.frames
            for name, part in PARTS.items():
                seen[name] += outcome.seen.get(part, 0) * outcome.frames
            if (who := _chosen(outcome)) and who not in named:
                named[who] = True
                chosen.append(who)
            yield outcome
    if chosen:
        on_event(
            Remark(
                f"several people are in {first_of(chosen)}, counted from the left: the one whose hands sign most was"
                " followed; `slr extract-pose --person` takes another."
            )
        )
    if frames:
        seconds = time.monotonic() - started
        on_event(
            Remark(
                f"{count(clips, 'clip')}, {count(frames, 'frame')} in {seconds:.0f} s, {frames / seconds:.0f} frames/s;"
                f" seen: {', '.join(f'{name} {share / frames:.0%}' for name, share in seen.items())}"
            )
        )


def _chosen(outcome: Outcome) -> str:
    """Who was followed in a video, where the signer was chosen among several people."""
    if not outcome.followed.number or outcome.job.person is not None:
        return ""
    return f"{outcome.job.video.name} (person {outcome.followed.number} of {outcome.followed.people})"


def _put_together(job: Job) -> Outcome | None:
    pose = joined(job)
    if pose is None:
        return None
    if job.pose:
        pose.write(job.pose)
    return Outcome(job, pose=None if job.pose else pose, **pose.summary())
