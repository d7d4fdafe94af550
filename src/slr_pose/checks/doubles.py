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
from slr_pose.checks.likeness import Look
from slr_pose.data.batches import Signs
from slr_pose.data.clip import Clip
from slr_pose.data.store import identities
from slr_pose.skeleton import Skeleton

NEIGHBOURS = 5  # of each sign that are compared with it
LENGTH = 0.9  # of the longer one's seconds that the shorter one has, at least
SAMPLES = 16  # at which they are compared

# How far apart joints are, in shoulders' distances: half of them, and most of them. Of recordings that were encoded
# again 0.005 to 0.02 and 0.02 to 0.1, of different ones of asl30 at least 0.039 and 0.12 (docs/check.md).
NEAR, MOST, FAR = 0.025, 0.9, 0.1
LEAST_SEEN = 0.1  # of joints and samples that both show

Link = tuple[int, int]
Places = tuple[NDArray[Any], NDArray[Any]]


def check_doubles(signs: Signs, skeleton: Skeleton, likeness: NDArray[Any]) -> list[Finding]:
    """Signs that are others over again, those in two splits or with two labels apart.

    Args:
        likeness: (signs, numbers).
    """
    files = identities(signs.clips)
    digests = [hashlib.blake2b(np.ascontiguousarray(each).data, digest_size=16).digest() for each in signs.keypoints]
    found = []
    for members in _groups(len(files), [*_same(files), *_same(digests), *_near(signs, skeleton, likeness)]):
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


def _near(signs: Signs, skeleton: Skeleton, likeness: NDArray[Any]) -> Iterable[Link]:
    """Links between signs that are equally long and in the same places all the time."""
    if not likeness.shape[1]:
        return
    neighbours = min(NEIGHBOURS, len(likeness) - 1)
    _, numbers = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(likeness).kneighbors()
    pairs = np.stack([np.arange(len(likeness)).repeat(neighbours), numbers.ravel()], axis=1)
    seconds = np.array([len(keypoints) for keypoints in signs.keypoints]) / signs.fps
    lengths = seconds[pairs]
    look = Look(skeleton)
    for one, other in np.unique(np.sort(pairs[lengths.min(axis=1) >= LENGTH * lengths.max(axis=1)]), axis=0).tolist():
        if _is_near(*(look.places(signs.keypoints[sign], SAMPLES) for sign in (one, other))):
            yield one, other


def _is_near(one: Places, other: Places) -> bool:
    both = one[1] & other[1]
    if both.mean() < LEAST_SEEN:
        return False
    distances = np.linalg.norm(one[0] - other[0], axis=-1)[both]
    return bool(np.median(distances) < NEAR and np.quantile(distances, MOST) < FAR)


def _groups(signs: int, links: list[Link]) -> Iterable[tuple[int, ...]]:
    """Signs that links hold together, those of each group in order."""
    if not links:
        return ()
    linked = np.array(links)
    graph = coo_array((np.ones(len(linked)), (linked[:, 0], linked[:, 1])), shape=(signs, signs))
    _, group_of = connected_components(graph, directed=False)
    members = defaultdict(list)
    for sign in np.unique(linked).tolist():
        members[group_of[sign]].append(sign)
    return map(tuple, members.values())
