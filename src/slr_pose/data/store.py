"""Store: the keypoints of a data set's clips on disk, memory-mapped; written once, and found again by the files' state.

A store is one `.npy` file in the user's cache, (all frames, joints, 4) float32, and behind it an index that tells where
each clip stands, what was found, and of which file: path, size and time of change. As long as those stay, none of the
data set's files is opened again. What is in no store goes into a new one, with whatever others have of the rest. A data
set that was moved is read anew: to know it by its content, as much of it would have to be read.
"""

import functools
import hashlib
import importlib.util
import json
import os
import shutil
import struct
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import msgspec
import numpy as np
import platformdirs

from slr_pose import BadInput
from slr_pose.data.clip import Clip, State, state_of
from slr_pose.events import Listener, Reading, ignore
from slr_pose.files import is_writable, write_whole
from slr_pose.keypoints.batch import Outcome
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFile, PoseFiles
from slr_pose.skeleton import SYNONYMS, Skeleton
from slr_pose.text import first_of, shown
from slr_pose.workers import begin, cores

T = TypeVar("T")

UNUSED_S = 30 * 86400.0  # a store that nobody has used for so long is removed when another one is written
SIDE_BY_SIDE = 2000  # clips to read from on which several processes do it: each takes seconds to start
BLOCK = 64  # clips that one of them reads at a time
BLOCKS = 32  # of each of them that may wait to be written
MARK = b"slr-store"
LENGTH = struct.Struct("<Q")
MADE_BY = ("slr_pose.pose", "slr_pose.skeleton", "slr_pose.media.arrays")  # these rooms make a file's numbers


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What the index tells of one clip.

    Attributes:
        key: which clip it is: the state of its file, and the part of it.
        identity: as `Clip.identity` gives it.
        first, last: its frames in the file.
        extractor: what found its keypoints, as JSON.
        people: how many the clip shows.
        name: how messages call it.
        pose: state of the file that its video was extracted to.
        problem: why it cannot be read, if so.
    """

    key: bytes
    identity: bytes
    first: int
    last: int
    extractor: str
    people: int
    name: str
    pose: State | None
    problem: str | None


@dataclass
class Store:
    """Clips with their keypoints.

    Attributes:
        path: the file with the keypoints.
        frames: (all frames, joints, 4) that are in it, memory-mapped.
        clips: those that could be read, in order.
        spans: (clips, 2), from which frame up to which each of them goes.
        left_out: why each of the others could not.
        extractors: the different ways in which keypoints were found; an empty one where that is unknown.
        remarks: what else there is to say, a sentence each.
    """

    path: Path
    frames: np.ndarray
    clips: list[Clip]
    spans: np.ndarray
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


class _File(NamedTuple):
    """A store on disk, whoever's clips are in it."""

    path: Path
    frames: np.ndarray
    entries: dict[bytes, Entry]


Places = dict[int, tuple[_File, Entry]]  # where each clip is, by its number
Task = tuple[Clip, bytes, PoseFile | None, State | None]  # to be read: a clip, its key, where its video's pose is


def load(
    clips: list[Clip],
    skeleton: Skeleton,
    extract: Callable[[list[Job]], list[Outcome]],
    fast: bool = False,
    on_event: Listener = ignore,
) -> Store:
    """Read clips, of which videos are extracted unless they are already, in whatever way.

    Args:
        extract: extracts what is missing.
        fast: how it is extracted.
        on_event: told how far the reading is.

    Raises:
        BadInput: none of the clips can be read, or a pose or the store cannot be written.
    """
    keys, reasons = _keys(clips)
    kind = _kind(skeleton)
    places = _find(keys, kind)
    videos = PoseFiles()
    for number, (_, entry) in places.items():
        if entry.pose:
            videos.know(clips[number].job(fast), Path(os.fsdecode(entry.pose[0])))
    unread, failures = _extracted(clips, [number for number in keys if number not in places], videos, extract, fast)
    reasons |= failures
    folder = None
    if unread or len({file.path for file, _ in places.values()}) > 1:
        folder = _folder()
        poses = {number: state_of(file.path) for number, file in unread.items() if file}
        tasks = [(clips[number], keys[number], unread[number], poses.get(number)) for number in sorted(unread)]
        places = _gather(folder, kind, skeleton, keys, places, dict(zip(sorted(unread), tasks, strict=True)), on_event)
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
        left_out=list(named.values()),
        extractors=[json.loads(extractor) for extractor in dict.fromkeys(entry.extractor for entry in entries)],
        remarks=[*videos.sentences(), *crowd([entry.name for entry in entries if entry.people > 1])],
    )
    if folder not in (None, _home()):
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
    known = {key: entry.identity for file in _files() for key, entry in file.entries.items()}
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
            part = repr((what, clip.start_s, clip.end_s))
            keys[number] = hashlib.blake2b(part.encode(), digest_size=16).digest()
    return keys, reasons


def _extracted(
    clips: list[Clip],
    numbers: list[int],
    videos: PoseFiles,
    extract: Callable[[list[Job]], list[Outcome]],
    fast: bool,
) -> tuple[dict[int, PoseFile | None], dict[int, str]]:
    """Those of the numbered clips that can be read now, with the poses of videos; and why the others cannot."""
    kept: dict[int, PoseFile | None] = {}
    reasons: dict[int, str] = {}
    for number in numbers:
        try:
            kept[number] = videos.of(clips[number].job(fast)) if clips[number].is_video else None
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


def _home() -> Path:
    return platformdirs.user_cache_path("slr-pose", appauthor=False) / "stores"


def _folder() -> Path:
    """Where a new store is kept: in the user's cache, or, where that is read-only, among temporary files."""
    with suppress(OSError):
        _home().mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_writable(_home()):
            return _home()
    return Path(tempfile.mkdtemp(prefix="slr-pose-"))


def _files(kind: str = "") -> list[_File]:
    """The stores that there are, of one kind or of all."""
    found = [_open(path) for path in _home().glob(f"{kind or '[0-9a-f]'}*.npy")]
    return [file for file in found if file]


def _open(path: Path) -> _File | None:
    """A store; `None` where it is damaged, or gone. It can be read on where somebody removes it later."""
    try:
        status = path.stat()
        return _read_file(path, status.st_ino, status.st_size)
    except OSError:
        return None


@functools.lru_cache(8)
def _read_file(path: Path, inode: int, size: int) -> _File | None:
    try:
        with open(path, "rb") as file:
            end = size - LENGTH.size - len(MARK)
            file.seek(end)
            (length,), mark = LENGTH.unpack(file.read(LENGTH.size)), file.read()
            file.seek(end - length)
            entries = msgspec.msgpack.decode(file.read(length), type=list[Entry])
            frames = np.load(path, mmap_mode="r")
    except (ValueError, struct.error):
        return None
    whole = mark == MARK and all(entry.last <= len(frames) for entry in entries)
    return _File(path, frames, {entry.key: entry for entry in entries}) if whole else None


def _find(keys: dict[int, bytes], kind: str) -> Places:
    """Where the clips are that are in stores: all in one if one has them all."""
    found: list[Places] = []
    for file in _files(kind):
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
    read = _told(_read_all([unread[number] for number in sorted(unread)], skeleton), len(unread), on_event)
    found = (next(read) if number in unread else _kept(*places[number]) for number in numbers)
    name = hashlib.sha1(b"".join(keys[number] for number in numbers)).hexdigest()[:16]
    store = _write(folder / f"{kind}-{name}.npy", len(skeleton.joints), found)
    for other in _files(kind):
        if other.path != store.path and other.entries.keys() <= store.entries.keys():
            with suppress(OSError):
                other.path.unlink()
    return {number: (store, store.entries[keys[number]]) for number in numbers}


def _write(path: Path, joints: int, clips: Iterator[tuple[np.ndarray, Entry]]) -> _File:
    """Write a store of clips, one after the other, whole or not at all."""
    _remove_unused(path.parent)
    with write_whole(path) as partial:
        try:
            with open(partial, "wb") as file:
                _write_clips(file, joints, clips)
        except OSError as error:
            raise BadInput(
                f"the keypoints of the clips cannot be kept in {path.parent} ({error.strerror or error}): make room"
                " there, or name another folder in XDG_CACHE_HOME."
            ) from error
    store = _open(path)
    if store is None:
        raise BadInput(f"{path} was changed by another program meanwhile; run this again.")
    return store


def _write_clips(file: BinaryIO, joints: int, clips: Iterator[tuple[np.ndarray, Entry]]) -> None:
    entries, frames = [], 0
    _write_header(file, frames, joints)
    for keypoints, entry in clips:
        file.write(np.ascontiguousarray(keypoints).data)
        entries.append(msgspec.structs.replace(entry, first=frames, last=frames + len(keypoints)))
        frames += len(keypoints)
    index = msgspec.msgpack.encode(entries)
    file.write(index + LENGTH.pack(len(index)) + MARK)
    file.seek(0)
    _write_header(file, frames, joints)


def _write_header(file: BinaryIO, frames: int, joints: int) -> None:
    """The beginning of a `.npy` file, which has room for any number of frames."""
    shape = {"descr": "<f4", "fortran_order": False, "shape": (frames, joints, 4)}
    np.lib.format.write_array_header_1_0(file, shape)


def _remove_unused(folder: Path) -> None:
    for path in folder.glob("*.npy"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > UNUSED_S:
                path.unlink()


def _kept(file: _File, entry: Entry) -> tuple[np.ndarray, Entry]:
    return file.frames[entry.first : entry.last], entry


def _told(read: Iterator[T], clips: int, on_event: Listener) -> Iterator[T]:
    """The same, and how far it is, once a second."""
    told_s = time.monotonic()
    for number, clip in enumerate(read):
        if time.monotonic() - told_s >= 1:
            told_s = time.monotonic()
            on_event(Reading(number, clips))
        yield clip


def _read_all(tasks: list[Task], skeleton: Skeleton) -> Iterator[tuple[np.ndarray, Entry]]:
    """Read clips in order, many of them in several processes; few wait in memory at a time."""
    if len(tasks) < SIDE_BY_SIDE:
        yield from _read_block(skeleton, tasks)
        return
    blocks = [tasks[first : first + BLOCK] for first in range(0, len(tasks), BLOCK)]
    some = BLOCKS * cores()
    with ProcessPoolExecutor(cores(), get_context("spawn"), begin) as pool:
        for first in range(0, len(blocks), some):
            for block in pool.map(functools.partial(_read_list, skeleton), blocks[first : first + some]):
                yield from block


def _read_list(skeleton: Skeleton, tasks: list[Task]) -> list[tuple[np.ndarray, Entry]]:
    return list(_read_block(skeleton, tasks))


def _read_block(skeleton: Skeleton, tasks: list[Task]) -> Iterator[tuple[np.ndarray, Entry]]:
    nothing = np.zeros((0, len(skeleton.joints), 4), np.float32)
    for clip, key, file, extracted in tasks:
        identity = clip.identity()
        try:
            pose = clip.read(skeleton, file)
            keypoints = skeleton.select(pose)
        except BadInput as error:
            yield nothing, Entry(key, identity, 0, 0, "{}", 0, "", extracted, shown(error))
        else:
            extractor = json.dumps(pose.extractor, sort_keys=True)
            yield keypoints, Entry(key, identity, 0, 0, extractor, pose.people, shown(pose.name), extracted, None)
