"""Signs that are in a data set twice: the same file, the same keypoints, or the same recording in another file."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import NearestNeighbors

from slr_pose.checks.finding import Finding
from slr_pose.data.batches import Signs
from slr_pose.data.clip import Clip
from slr_pose.data.store import identities

NEIGHBOURS = 3  # of each sign that are compared with it
NEAR = 0.25  # of the distance from a sign to those around it; what is nearer is the same recording
LENGTH = 0.9  # of the longer one's seconds that the shorter one has, at least

Link = tuple[int, int]


def check_doubles(signs: Signs, likeness: NDArray[Any]) -> list[Finding]:
    """Signs that are others over again, those in two splits or with two labels apart.

    Args:
        likeness: (signs, numbers).
    """
    files = identities(signs.clips)
    digests = [hashlib.blake2b(np.ascontiguousarray(each).data, digest_size=16).digest() for each in signs.keypoints]
    found = []
    for members in _groups(len(files), [*_same(files), *_same(digests), *_near(signs, likeness)]):
        how = "nearly the same keypoints"
        for keys, same in ((digests, "the same keypoints"), (files, "the same file")):
            how = same if len({keys[member] for member in members}) == 1 else how
        clips = [signs.clips[member] for member in members]
        named = ", ".join(_described(clip) for clip in clips)
        is_apart = len({clip.split for clip in clips if clip.split}) > 1
        is_contradicted = len({clip.labels["gloss"] for clip in clips if "gloss" in clip.labels}) > 1
        kinds = ["double across splits"] * is_apart + ["double with two labels"] * is_contradicted
        found += [Finding(kind, f"{named}: {how}", members) for kind in kinds or ["double"]]
    return found


def _described(clip: Clip) -> str:
    about = ", ".join(filter(None, (clip.labels.get("gloss"), clip.split)))
    return f"{clip.title} ({about})" if about else clip.title


def _same(keys: list[bytes]) -> Iterable[Link]:
    """Links between signs with the same key; an empty one is none."""
    first: dict[bytes, int] = {}
    for number, key in enumerate(keys):
        if key and first.setdefault(key, number) != number:
            yield first[key], number


def _near(signs: Signs, likeness: NDArray[Any]) -> Iterable[Link]:
    """Links between signs that are much nearer to each other than to those around them, and equally long."""
    if not likeness.shape[1]:
        return
    neighbours = min(NEIGHBOURS, len(likeness) - 1)
    distances, numbers = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(likeness).kneighbors()
    usual = np.median(distances[:, -1])
    seconds = [len(keypoints) / fps for keypoints, fps in zip(signs.keypoints, signs.fps, strict=True)]
    for number in range(len(likeness)):
        for distance, other in zip(distances[number], numbers[number], strict=True):
            shorter, longer = sorted((seconds[number], seconds[other]))
            if distance < NEAR * usual and shorter >= LENGTH * longer:
                yield number, int(other)


def _groups(signs: int, links: list[Link]) -> Iterable[tuple[int, ...]]:
    """Signs that links hold together, those of each group in order."""
    linked = np.array(links, dtype=int).reshape(-1, 2)
    graph = coo_array((np.ones(len(linked)), (linked[:, 0], linked[:, 1])), shape=(signs, signs))
    _, group_of = connected_components(graph, directed=False)
    members = defaultdict(list)
    for sign in np.unique(linked).tolist():
        members[group_of[sign]].append(sign)
    return map(tuple, members.values())
