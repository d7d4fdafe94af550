"""A file of keypoints: those of many clips, memory-mapped, and an index of which clip stands where.

It is one `.npy` file, (all frames, joints, 4) float32, with the index behind the frames, in the user's cache.
"""

import functools
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
import numpy as np
import platformdirs

from slr_pose import BadInput
from slr_pose.data.clip import State
from slr_pose.files import is_writable, write_whole

UNUSED_S = 30 * 86400.0  # a file that nobody has used for so long is removed when another one is written
MARK = b"slr-store"
LENGTH = struct.Struct("<Q")


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What the index tells of one clip.

    Attributes:
        key: which clip it is: the state of its file, and the part of it.
        identity: as `Clip.identity` gives it.
        first, last: its frames in the file.
        fps: how many of them are a second.
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
    fps: float
    extractor: str
    people: int
    name: str
    pose: State | None
    problem: str | None


class StoreFile(NamedTuple):
    """A store on disk, whoever's clips are in it."""

    path: Path
    frames: np.ndarray
    entries: dict[bytes, Entry]


def home() -> Path:
    """The folder of all stores, in the user's cache."""
    return platformdirs.user_cache_path("slr-pose", appauthor=False) / "stores"


def new_home() -> Path:
    """Where a new store is kept: in the user's cache, or, where that is read-only, among temporary files."""
    with suppress(OSError):
        home().mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_writable(home()):
            return home()
    return Path(tempfile.mkdtemp(prefix="slr-pose-"))


def store_files(kind: str = "") -> list[StoreFile]:
    """The stores that there are, of one kind or of all."""
    found = [_open(path) for path in home().glob(f"{kind or '[0-9a-f]'}*.npy")]
    return [file for file in found if file]


def _open(path: Path) -> StoreFile | None:
    """A store; `None` where it is damaged, or gone. It can be read on where somebody removes it later."""
    try:
        status = path.stat()
        return _read_file(path, status.st_ino, status.st_size)
    except OSError:
        return None


@functools.lru_cache(8)
def _read_file(path: Path, inode: int, size: int) -> StoreFile | None:
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
    return StoreFile(path, frames, {entry.key: entry for entry in entries}) if whole else None


def write_store_file(path: Path, joints: int, clips: Iterator[tuple[np.ndarray, Entry]]) -> StoreFile:
    """Write a store of clips, (frames, joints, 4) each, one after the other, whole or not at all.

    Raises:
        BadInput: there is no room for it, or it may not be written.
    """
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
