"""Store: the keypoints of a data set's clips on disk, memory-mapped; written once, and found again by the files' state.

A store is one `.npy` file in the user's cache, (all frames, joints, 4) float32, and behind it an index that tells where
each clip stands, what was found, and of which file: path, size and time of change. As long as those stay, none of the
data set's files is opened again. What is in no store goes into a new one, with whatever others have of the rest. A data
set that was moved is read anew: to know it by its content, as much of it would have to be read.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slr_pose import BadInput
from slr_pose.data.clip import Clip, state_of
from slr_pose.data.reading import Task, read_all
from slr_pose.data.store_file import Entry, StoreFile, home, new_home, store_files, write_store_file
from slr_pose.events import Listener, ignore
from slr_pose.keypoints.batch import Outcome
from slr_pose.keypoints.engines import asked_by
from slr_pose.keypoints.estimator import Estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFile, PoseFiles
from slr_pose.skeleton import SYNONYMS, Skeleton
from slr_pose.text import first_of

MADE_BY = (
    "slr_pose.pose",
    "slr_pose.skeleton",
    "slr_pose.media.arrays",
    "slr_pose.media.landmarks",
)  # these rooms make a file's numbers


@dataclass
class Store:
    """Clips with their keypoints.

    Attributes:
        path: the file with the keypoints.
        frames: (all frames, joints, 4) that are in it, memory-mapped.
        clips: those that could be read, in order.
        spans: (clips, 2), from which frame up to which each of them goes.
        fps: (clips,) frames a second of each of them.
        people: (clips,) how many each of them shows.
        left_out: why each of the others could not.
        extractors: the different ways in which keypoints were found; an empty one where that is unknown.
        remarks: what else there is to say, a sentence each.
    """

    path: Path
    frames: np.ndarray
    clips: list[Clip]
    spans: np.ndarray
    fps: np.ndarray
    people: np.ndarray
    left_out: list[str]
    extractors: list[dict[str, Any]]
    remarks: list[str]

    def __len__(self) -> int:
        return len(self.clips)

    def __iter__(self) -> Iterator[np.ndarray]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, clip: int) -> np.ndarray:
        """(frames, joints, 4) of one clip, as `Skeleton.select` gives them; a view of the file."""
        first, last = self.spans[clip]
        return self.frames[first:last]

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "frames": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Another process maps the file itself."""
        vars(self).update(state, frames=np.load(state["path"], mmap_mode="r"))


Places = dict[int, tuple[StoreFile, Entry]]  # where each clip is, by its number


def load(
    clips: list[Clip],
    skeleton: Skeleton,
    extract: Callable[[list[Job]], list[Outcome]],
    extractor: Mapping[str, Any] | None = None,
    on_event: Listener = ignore,
) -> Store:
    """Read clips, of which videos are extracted unless they are already, in whatever way.

    Args:
        extract: extracts what is missing.
        extractor: that of the model which is to be asked, if there is one.
        on_event: told how far the reading is.

    Raises:
        BadInput: none of the clips can be read, or a pose or the store cannot be written.
    """
    keys, reasons = _keys(clips)
    kind = _kind(skeleton)
    places = _find(keys, kind)
    videos = PoseFiles()
    how = asked_by(skeleton, extractor)
    for number, (_, entry) in places.items():
        if entry.pose:
            videos.know(clips[number].job(*how), Path(os.fsdecode(entry.pose[0])))
    unread, failures = _extracted(clips, [number for number in keys if number not in places], videos, extract, how)
    reasons |= failures
    folder = None
    if unread or len({file.path for file, _ in places.values()}) > 1:
        folder = new_home()
        tasks = {n: (clips[n], keys[n], file, state_of(file.path) if file else None) for n, file in unread.items()}
        places = _gather(folder, kind, skeleton, keys, places, tasks, on_event)
    reasons |= {number: entry.problem for number, (_, entry) in places.items() if entry.problem}
    named = {n: why if clips[n].name in why else f"{clips[n].name}: {why}" for n, why in sorted(reasons.items())}
    if len(named) == len(clips):
        raise BadInput(f"none of the {len(clips)} clips can be read: {named[0]}")
    read = [number for number in range(len(clips)) if number not in reasons]
    kept, entries = places[read[0]][0], [places[number][1] for number in read]
    store = Store(
        path=kept.path,
        frames=kept.frames,
        clips=[clips[number] for number in read],
        spans=np.array([(entry.first, entry.last) for entry in entries]),
        fps=np.array([entry.fps for entry in entries]),
        people=np.array([entry.people for entry in entries]),
        left_out=list(named.values()),
        extractors=[json.loads(extractor) for extractor in dict.fromkeys(entry.extractor for entry in entries)],
        remarks=[*videos.sentences(), *crowd([entry.name for entry in entries if entry.people > 1])],
    )
    if folder not in (None, home()):
        weakref.finalize(store, shutil.rmtree, folder, ignore_errors=True)
    with suppress(OSError):
        os.utime(kept.path)  # it is in use
    return store


def crowd(names: list[str]) -> list[str]:
    """A sentence about the clips that show several people, if there are any."""
    if not names:
        return []
    return [f"several people are in {first_of(names, 1)}: the one whose hands are seen most is taken for the signer."]


def identities(clips: list[Clip]) -> list[bytes]:
    """The `Clip.identity` of each clip; of those that are in a store, no file is opened."""
    keys, _ = _keys(clips)
    known = {key: entry.identity for file in store_files() for key, entry in file.entries.items()}
    return [known.get(keys.get(number, b"")) or clip.identity() for number, clip in enumerate(clips)]


def _keys(clips: list[Clip]) -> tuple[dict[int, bytes], dict[int, str]]:
    """What each clip is looked up by, and why those have no key that have none."""
    keys, reasons = {}, {}
    for number, clip in enumerate(clips):
        try:
            what = clip.state() if clip.array is None else (clip.name, clip.identity())
        except BadInput as error:
            reasons[number] = str(error)
        else:
            part = repr((what, clip.start_s, clip.end_s, bool(clip.signs), clip.box, clip.fps))
            keys[number] = hashlib.blake2b(part.encode(), digest_size=16).digest()
    return keys, reasons


def _extracted(
    clips: list[Clip],
    numbers: list[int],
    videos: PoseFiles,
    extract: Callable[[list[Job]], list[Outcome]],
    how: tuple[Estimator, bool],
) -> tuple[dict[int, PoseFile | None], dict[int, str]]:
    """Those of the numbered clips that can be read now, with the poses of videos; and why the others cannot."""
    kept: dict[int, PoseFile | None] = {}
    reasons: dict[int, str] = {}
    for number in numbers:
        try:
            kept[number] = videos.of(clips[number].job(*how)) if clips[number].is_video else None
        except BadInput as error:
            reasons[number] = str(error)
    pending = [file.job for file in dict.fromkeys(filter(None, kept.values())) if not file.is_extracted]
    failures = {outcome.job: str(outcome.error) for outcome in extract(pending) if outcome.error}
    reasons |= {number: failures[file.job] for number, file in kept.items() if file and file.job in failures}
    return {number: file for number, file in kept.items() if number not in reasons}, reasons


def _kind(skeleton: Skeleton) -> str:
    """What the names of a skeleton's stores begin with; another one where the code that makes the numbers is."""
    rooms = [importlib.util.find_spec(room) for room in MADE_BY]
    parts = [skeleton.toml.encode(), repr(SYNONYMS).encode()]
    parts += [Path(room.origin).read_bytes() for room in rooms if room and room.origin]
    return hashlib.sha1(b"\0".join(parts)).hexdigest()[:16]


def _find(keys: dict[int, bytes], kind: str) -> Places:
    """Where the clips are that are in stores: all in one if one has them all."""
    found: list[Places] = []
    for file in store_files(kind):
        there = {number: file.entries[key] for number, key in keys.items() if key in file.entries}
        found.append({number: (file, entry) for number, entry in there.items() if _is_current(entry)})
    places: Places = {}
    for more in sorted(found, key=len, reverse=True):
        places = {**more, **places}
    return places


def _is_current(entry: Entry) -> bool:
    """Whether what a video was extracted to is still what was read."""
    try:
        return entry.pose is None or state_of(Path(os.fsdecode(entry.pose[0]))) == entry.pose
    except OSError:
        return False


def _gather(
    folder: Path,
    kind: str,
    skeleton: Skeleton,
    keys: dict[int, bytes],
    places: Places,
    unread: dict[int, Task],
    on_event: Listener,
) -> Places:
    """Write a store of the clips that are in others, and of those that are to be read."""
    numbers = sorted([*places, *unread])
    read = read_all([unread[number] for number in sorted(unread)], skeleton, on_event)
    found = (next(read) if number in unread else _kept(*places[number]) for number in numbers)
    name = hashlib.sha1(b"".join(keys[number] for number in numbers)).hexdigest()[:16]
    store = write_store_file(folder / f"{kind}-{name}.npy", len(skeleton.joints), found)
    for other in store_files(kind):
        if other.path != store.path and other.entries.keys() <= store.entries.keys():
            with suppress(OSError):
                other.path.unlink()
    return {number: (store, store.entries[keys[number]]) for number in numbers}


def _kept(file: StoreFile, entry: Entry) -> tuple[np.ndarray, Entry]:
    return file.frames[entry.first : entry.last], entry
