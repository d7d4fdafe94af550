"""Two people in a picture: are both found, is each followed by number, and, by default, the one who signs?

    python benchmarks/people.py FOLDER|VIDEO...

Of pairs of clips, films are made that show both: side by side and as high as each other, and one at a third of the
other's size in a corner of it, as an interpreter. Each person is extracted by number, and compared with what the
engine finds in a film of that person alone, as `benchmarks/engines.py` compares. Then one of the two holds still, and
the other should be followed. Last, clips of one person each: how many are taken for more, and what the search costs.
The CPU time is that of all threads of the process.
"""

import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from engines import SHOULDERS, Found, differences, length
from PIL import Image
from rich.progress import track

from slr_pose.keypoints.engines import ENGINES, estimator
from slr_pose.keypoints.estimator import Estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.people import followed
from slr_pose.keypoints.segment import extract_pose
from slr_pose.media.encoding import write_video
from slr_pose.media.folder import clips_of
from slr_pose.media.video import read_frames

HEIGHT, FPS = 360, 25  # of the films
SMALL, MARGIN = 1 / 3, 8  # the one in the corner, as a share of the other; how many pixels from the edge
NOSE, MOST = 0, 0.95  # somebody is followed if the nose is where it should be in so many of the frames

Clip = list[np.ndarray]  # pictures
Place = tuple[int, int]  # of a clip in the film of both: left and top, pixels


def main(
    places: Annotated[list[Path], typer.Argument(metavar="FOLDER|VIDEO...", help="Videos, or folders of them.")],
    pairs: Annotated[int, typer.Option(help="So many pairs of them, evenly.")] = 20,
    singles: Annotated[int, typer.Option(help="So many of them alone, evenly.")] = 60,
    frames: Annotated[int, typer.Option(help="So many of the middle of each: there it is signed.")] = 60,
) -> None:
    videos = [clip for place in places for clip in clips_of(place, keypoints=False).clips]
    some, alone = (videos[:: max(1, len(videos) // count)][:count] for count in (2 * pairs, singles))
    films = list(zip(some[::2], some[1::2], strict=False))
    print("| | | both are found | each is followed | the signer is | body: median, 95 % | hands: median, 95 % |")
    print("|---|---|---|---|---|---|---|")
    for way, arrange in (("side by side", side_by_side), ("in a corner", in_a_corner)):
        counts, distances = ({engine: defaultdict(kind) for engine in ENGINES} for kind in (int, list))
        for pair in track(films, way, transient=True):
            clips = [middle(video, frames) for video in pair]
            for engine in ENGINES:
                measure(*arrange(*clips), estimator(engine), counts[engine], distances[engine])
        for engine in ENGINES:
            columns = [f"{counts[engine]['found']} of {len(films)}"]
            columns += [f"{counts[engine][what]} of {2 * len(films)}" for what in ("followed", "signer")]
            much = [np.concatenate(distances[engine][part]) for part in ("body", "hands")]
            columns += ["{:.4f}, {:.4f}".format(*np.percentile(each, [50, 95])) for each in much]
            print(f"| {way} | {engine} | {' | '.join(columns)} |")
    print("\n| | taken for several people | CPU ms of the search | of a whole extraction, search included |")
    print("|---|---|---|---|")
    for engine in ENGINES:
        several = search_s = all_s = 0.0
        for video in track(alone, engine, transient=True):
            job = Job(video, estimator(engine))
            started = time.process_time()
            several += followed(job.plan()).people > 1
            searched = time.process_time()
            extract_pose(video, estimator=job.estimator)
            search_s, all_s = search_s + searched - started, all_s + time.process_time() - searched
        columns = [
            f"{several:.0f} of {len(alone)}",
            *(f"{1e3 * sum_s / len(alone):.0f}" for sum_s in (search_s, all_s)),
        ]
        print(f"| {engine} | {' | '.join(columns)} |")


def measure(
    clips: list[Clip],
    places: list[Place],
    finder: Estimator,
    counts: dict[str, int],
    distances: dict[str, list[np.ndarray]],
) -> None:
    """Who is found and followed in films of two clips, and how far the keypoints are from those of each alone."""
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        references = []
        for clip, place in zip(clips, places, strict=True):
            write_video(film, clip, FPS)
            with finder.open() as session:
                keypoints, confidence = zip(*(session.find(picture) for _, picture in read_frames(film)), strict=True)
            references.append((np.array(keypoints) + (*place, 0), np.array(confidence)))
        write_video(film, together(clips, places), FPS)
        people = followed(Job(film, finder).plan()).people
        counts["found"] += people == 2
        from_left = sorted(references, key=lambda reference: np.median(reference[0][:, NOSE, 0]))
        for number, reference in enumerate(from_left[: max(1, people)], start=1):
            found = extract(film, finder, person=number)
            if is_right(found, reference):
                counts["followed"] += 1
                for part, much in differences(reference, found):
                    distances[part].append(much)
        for signer, still in ((0, 1), (1, 0)):
            held = list(clips)
            held[still] = clips[still][:1] * len(clips[still])
            write_video(film, together(held, places), FPS)
            counts["signer"] += is_right(extract(film, finder), references[signer])


def middle(video: Path, frames: int) -> Clip:
    """So many of its pictures: in the first of a clip nobody may sign yet."""
    clip = [picture for _, picture in read_frames(video)]
    first = max(0, len(clip) - frames) // 2
    return clip[first : first + frames]


def extract(film: Path, finder: Estimator, person: int | None = None) -> Found:
    pose = extract_pose(film, estimator=finder, person=person)
    return pose.keypoints, pose.confidence


def is_right(found: Found, reference: Found) -> bool:
    """Whether the nose is within a shoulder width of where it should be, in most of the frames in which it should."""
    (here, seen_here), (there, seen_there) = found, reference
    near = length(here[:, NOSE] - there[:, NOSE]) < length(there[:, SHOULDERS[0]] - there[:, SHOULDERS[1]])
    should = seen_there[:, NOSE] > 0
    return bool((near & (seen_here[:, NOSE] > 0))[should].mean() > MOST)


def side_by_side(left: Clip, right: Clip) -> tuple[list[Clip], list[Place]]:
    """Two clips as they are in a film of both, and where."""
    clips = scaled(left, right, HEIGHT)
    return clips, [(0, 0), (clips[0][0].shape[1], 0)]


def in_a_corner(large: Clip, small: Clip) -> tuple[list[Clip], list[Place]]:
    """The same, the second below at the right in the first."""
    wide, narrow = (clip[0].shape[1] / clip[0].shape[0] for clip in (large, small))
    clips = scaled(large, small, min(SMALL * HEIGHT, (wide * HEIGHT - 2 * MARGIN) / narrow))
    height, width = np.subtract(clips[0][0].shape[:2], clips[1][0].shape[:2]) - MARGIN
    return clips, [(0, 0), (int(width), int(height))]


def scaled(first: Clip, second: Clip, height: float) -> list[Clip]:
    """Two clips as long as the shorter, the second of another height; all sides are even."""
    frames, clips = min(len(first), len(second)), []
    for clip, high in ((first, HEIGHT), (second, height)):
        size = tuple(2 * round(side * high / clip[0].shape[0] / 2) for side in clip[0].shape[1::-1])
        clips.append([np.asarray(Image.fromarray(picture).resize(size)) for picture in clip[:frames]])
    return clips


def together(clips: list[Clip], places: list[Place]) -> Clip:
    """The pictures of a film of all clips, the later over the earlier."""
    ends = [(left + clip[0].shape[1], top + clip[0].shape[0]) for clip, (left, top) in zip(clips, places, strict=True)]
    width, height = np.max(ends, axis=0)
    film = []
    for pictures in zip(*clips, strict=True):
        film.append(np.zeros((height, width, 3), np.uint8))
        for picture, (left, top), (right, bottom) in zip(pictures, places, ends, strict=True):
            film[-1][top:bottom, left:right] = picture
    return film


if __name__ == "__main__":
    typer.run(main)
