"""Both engines on the same pictures: do they find the same points, which hands do they lose, and what does it cost?

    python benchmarks/engines.py FOLDER|VIDEO...

Each clip goes to each engine in turn, in this one process, for machines and their neighbours change. The CPU time is
that of all threads of the process, without the decoding. A hand should be seen where the body's wrist is visible, and
the point a hand's length beyond it along the forearm is inside of the picture.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.progress import track

from slr_pose.keypoints.engines import ENGINES, estimator
from slr_pose.media.folder import clips_of
from slr_pose.media.video import read_frames

REFERENCE = "mediapipe"
BODY, HANDS = slice(0, 33), {"left": slice(33, 54), "right": slice(54, 75)}
ELBOW, WRIST, SHOULDERS = {"left": 13, "right": 14}, {"left": 15, "right": 16}, (11, 12)
HAND_OF_FOREARM = 0.75  # the length of a hand, as a share of the forearm's
VISIBLE, APART, SAME = 0.5, 1.0, 0.2  # wrists are apart from one hand's length on; hands are one up to a fifth of it

Places = Annotated[list[Path], typer.Argument(metavar="FOLDER|VIDEO...", help="Videos, or folders of them.")]
Clips = Annotated[int, typer.Option(help="So many of them, evenly.")]
Frames = Annotated[int, typer.Option(help="The first so many of each.")]
Found = tuple[np.ndarray, np.ndarray]  # keypoints (frames, 75, 3) and confidence (frames, 75)


def main(places: Places, clips: Clips = 25, frames: Frames = 60) -> None:
    videos = evenly(places, clips)
    cpu_s, counts = dict.fromkeys(ENGINES, 0.0), {engine: defaultdict(int) for engine in ENGINES}
    distances = {engine: defaultdict(list) for engine in ENGINES}
    total = 0
    for video in track(videos, "Looking", transient=True):
        pictures = [picture for _, picture in islice(read_frames(video), frames)]
        height, width = pictures[0].shape[:2]
        total += len(pictures)
        found = {}
        for engine in ENGINES:
            with estimator(engine).open() as session:
                started = time.process_time()
                results = [session.find(picture) for picture in pictures]
                cpu_s[engine] += time.process_time() - started
            found[engine] = tuple(np.array(part) for part in zip(*results, strict=True))
        for engine in ENGINES:
            for name, much in differences(found[REFERENCE], found[engine]):
                distances[engine][name].append(much)
            for name, count in hands(found[REFERENCE], found[engine], width, height):
                counts[engine][name] += count
    print(f"{len(videos)} videos, {total} frames\n")
    print("| | CPU ms a frame | body: median, 95 % | hands: median, 95 % | hands of both | only here | only there |")
    print("|---|---|---|---|---|---|---|")
    for engine in ENGINES:
        much = {name: np.concatenate(parts) for name, parts in distances[engine].items()}
        columns = [f"{1e3 * cpu_s[engine] / total:.1f}"]
        columns += ["{:.4f}, {:.4f}".format(*np.percentile(much[part], [50, 95])) for part in ("body", "hands")]
        columns += [str(counts[engine][name]) for name in ("both", "only here", "only there")]
        print(f"| {engine} | {' | '.join(columns)} |")
    print("\n| hands that should be seen | lost: left | right | on the other arm: left | right | both are one |")
    print("|---|---|---|---|---|---|")
    for engine in ENGINES:
        of = counts[engine]
        shares = [(f"{side} {what}", f"{side} {whole}") for what, whole in WHAT for side in HANDS]
        shares += [("one", "two")]
        columns = [f"{of[part] / max(1, of[whole]):.1%} of {of[whole]}" for part, whole in shares]
        print(f"| {engine} | {' | '.join(columns)} |")


def evenly(places: list[Path], clips: int) -> list[Path]:
    """So many of the videos in some places."""
    videos = [clip for place in places for clip in clips_of(place, keypoints=False).clips]
    return videos[:: max(1, len(videos) // clips)][:clips]


WHAT = (("lost", "expected"), ("on the other arm", "apart"))


def differences(reference: Found, found: Found) -> Iterator[tuple[str, np.ndarray]]:
    """Distances to the reference's points where both see them: in shoulder widths, and of hands in hand lengths."""
    (there, seen_there), (here, seen_here) = reference, found
    shoulders = length(there[:, SHOULDERS[0]] - there[:, SHOULDERS[1]])
    for part in (BODY, *HANDS.values()):
        both = seen_there[:, part].any(axis=1) & seen_here[:, part].any(axis=1)
        scale = shoulders if part == BODY else length(there[:, part.start] - there[:, part.start + 9])
        apart = length(there[:, part] - here[:, part])[both] / scale[both, None]
        yield "body" if part == BODY else "hands", apart.ravel()


def hands(reference: Found, found: Found, width: int, height: int) -> Iterator[tuple[str, int]]:
    """How many hands are found by both and by one, and of how many what is wrong, by the reference's body."""
    (there, seen_there), (here, seen_here) = reference, found
    seen = {side: seen_here[:, hand].any(axis=1) for side, hand in HANDS.items()}
    body = seen_there[:, BODY].any(axis=1)
    for side, other in (("left", "right"), ("right", "left")):
        before = seen_there[:, HANDS[side]].any(axis=1)
        yield "both", int((seen[side] & before).sum())
        yield "only here", int((seen[side] & ~before).sum())
        yield "only there", int((~seen[side] & before).sum())
        wrist, forearm = there[:, WRIST[side]], there[:, WRIST[side]] - there[:, ELBOW[side]]
        tip = wrist[:, :2] + HAND_OF_FOREARM * forearm[:, :2]
        inside = ((tip >= 0) & (tip < (width, height))).all(axis=1)
        expected = body & inside & (seen_there[:, WRIST[side]] > VISIBLE)
        yield f"{side} expected", int(expected.sum())
        yield f"{side} lost", int((expected & ~seen[side]).sum())
        hand = here[:, HANDS[side].start]
        apart = body & seen[side] & (length(wrist - there[:, WRIST[other]]) > APART * HAND_OF_FOREARM * length(forearm))
        yield f"{side} apart", int(apart.sum())
        wrong = apart & (length(hand - there[:, WRIST[other]]) < length(hand - wrist))
        yield f"{side} on the other arm", int(wrong.sum())
    two = seen["left"] & seen["right"]
    left, right = (here[:, hand] for hand in HANDS.values())
    yield "two", int(two.sum())
    yield "one", int((two & (length(left - right).mean(axis=1) < SAME * length(left[:, 0] - left[:, 9]))).sum())


def length(vectors: np.ndarray) -> np.ndarray:
    """Of vectors in the picture, (..., 2 or more) -> (...)."""
    return np.linalg.norm(vectors[..., :2], axis=-1)


if __name__ == "__main__":
    typer.run(main)
