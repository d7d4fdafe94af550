"""A clip -> a picture of what its extraction saw, and of what was signed."""

from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput
from slr_pose.data.store import crowd
from slr_pose.events import Caution, Listener, ignore
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.media.folder import stem_of, with_name
from slr_pose.media.timeline_file import read_timeline
from slr_pose.pose import Pose
from slr_pose.roads.clips import extract_jobs
from slr_pose.timeline import Timeline
from slr_pose.view import check_output, pose_of, video_of
from slr_pose.view import draw as draw_pose


@dataclass(frozen=True)
class Drawn:
    """A drawing.

    Attributes:
        file: the picture or film.
        frames: of the pose.
        video: what it is drawn over; `None` where that is white.
        annotations: what says what is signed; `None` where nothing does.
    """

    file: Path
    frames: int
    video: Path | None
    annotations: Path | None


def draw(
    clip: Path | str,
    output: Path | str | None = None,
    *,
    annotations: Path | str | None = None,
    on_event: Listener = ignore,
) -> Drawn:
    """Draw what the extraction saw: the skeleton over its video, or on white; and below it what is signed.

    Args:
        clip: a video or a folder of pictures, which is extracted unless it is already, or a `.pose` file.
        output: `.mp4`, `.gif`, or `.png` for a sheet of frames; by default `CLIP-skeleton.mp4`.
        annotations: an `.eaf` file, or a `.json` of `slr annotate`; by default the `.eaf` beside the clip, if any.
        on_event: told of progress and remarks.

    Raises:
        BadInput: there is no such clip, nobody is in it, the annotations that are named cannot be read, or the drawing
            cannot go there.
    """
    clip = with_name(Path(clip))
    output = Path(output) if output else Path(f"{stem_of(clip)}-skeleton.mp4")
    pose: Pose | None
    if clip.suffix.lower() == ".pose":
        pose = Pose.read(clip)
        video = video_of(pose.source, clip.parent)
    else:
        video, pose = clip, pose_of(clip)
    check_output(output, video)
    annotations, timeline = _annotated(video or clip, annotations, on_event)
    if pose is None:
        (outcome,) = extract_jobs([Job(clip, default_estimator())], on_event)
        if outcome.error:
            raise outcome.error
        pose = outcome.pose
    assert pose is not None  # of a job without a file
    for sentence in crowd([pose.name] * (pose.people > 1)):
        on_event(Caution(sentence))
    draw_pose(pose, video, output, timeline, on_event)
    return Drawn(output, len(pose.keypoints), video, annotations)


def _annotated(clip: Path, named: Path | str | None, on_event: Listener) -> tuple[Path, Timeline] | tuple[None, None]:
    """What is signed, as the named file says, or one beside the clip, if there is one that can be read."""
    file = Path(named) if named else clip.with_name(f"{stem_of(clip)}.eaf")
    if not named and not file.is_file():
        return None, None
    try:
        return file, read_timeline(file)
    except BadInput as error:
        if named:
            raise
        on_event(Caution(f"Nothing is drawn of the annotations: {error}"))
        return None, None
