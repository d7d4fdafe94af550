"""Where files are: paths of this machine, and addresses in object stores, which have the face of a path.

fsspec speaks with the stores. universal_pathlib's paths over it raise whatever each store's client raises, and ask the
store anew at every step; here what cannot be asked is one sentence, and what a listing told is not asked again.
"""

import functools
import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path, PosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TypeVar, cast

from slr_pose import BadInput
from slr_pose.text import in_a_line

if TYPE_CHECKING:
    from typing_extensions import Buffer

STORES = {"s3": "slr-pose[objects]", "gs": "gcsfs"}  # whose PUT is whole or not at all; what pip is to install for it
BLOCK = 1 << 20  # bytes that are asked for at once
KEPT_BLOCKS = 32  # in memory: header and index of a video are read again for each of its parts
PATIENCE_S = 30.0  # for a block, or for what is said of an object; what a client tries again is within
SLOWEST = 100_000  # bytes a second that a store is to take at least
MODIFIED = ("LastModified", "updated", "mtime")  # what stores call the time of the last change

T = TypeVar("T")


def place(named: Path | str) -> Path:
    """A path, or what an address names: `s3://bucket/videos`.

    Raises:
        BadInput: no such store is known.
    """
    if isinstance(named, Path):
        return named
    found = re.match(r"([a-z0-9+.-]{2,})://", named)
    if not found:
        return Path(named)
    if found[1] not in STORES:
        raise BadInput(f"{named} is in no store that can be read; name an address that begins with s3:// or gs://.")
    return Address(named)


def was_address(path: Path) -> bool:
    """Whether a path of this machine is what is left of an address that was taken for one, as `s3:/bucket`."""
    return not isinstance(path, Address) and path.parts[:1] in {(f"{store}:",) for store in STORES}


class Address(PosixPath):
    """An object, or all whose names begin with it and a slash, as if that were a folder.

    What is done to the names is pathlib's. Of the methods that reach for files, it has those that are here; all others,
    and all functions of `os`, refuse it. What the store told of it is kept, and travels with it to other processes.
    """

    _status: os.stat_result | None = None

    def __str__(self) -> str:
        parts = self.parts
        return f"{parts[0]}//{'/'.join(parts[1:])}" if parts else "."  # of what has no parent left

    def __fspath__(self) -> NoReturn:
        raise BadInput(f"{self} is in an object store, where only `slr extract-pose` reads and writes.")

    def __reduce__(self) -> tuple[Any, ...]:
        return _told, (self.parts, self._status)

    def absolute(self) -> "Address":
        """It is."""
        return self

    def resolve(self, strict: bool = False) -> "Address":
        """There are no links."""
        return self

    def samefile(self, other: Any) -> bool:
        """Whether it is the same address."""
        return bool(self == other)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """What it is, its size in bytes, and when it was last changed, in whole seconds: a listing may say more than an
        answer about one object. It is as it was when it was first told.

        Raises:
            FileNotFoundError: there is neither an object nor a folder.
            BadInput: the store cannot be asked.
        """
        if self._status is None:
            self._status = _status(self.ask(lambda store, key: store.info(key, timeout=PATIENCE_S)))
        return self._status

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        """Whether there is an object, or any whose name begins as a folder's would.

        Raises:
            BadInput: the store cannot be asked.
        """
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether there is no object, but any whose name begins as a folder's would."""
        return self.exists() and stat.S_ISDIR(self.stat().st_mode)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether there is an object."""
        return self.exists() and stat.S_ISREG(self.stat().st_mode)

    def is_there(self) -> bool:
        """The same as `exists`, whatever was told before."""
        return _told(self.parts, None).exists()

    def opened(self) -> BinaryIO:
        """An object, to be read here and there; no more of it comes over the wire than the blocks that are touched.

        Raises:
            FileNotFoundError, BadInput: as `stat`; so does reading it.
        """
        return cast(BinaryIO, _Opened(self))

    def last_bytes(self, most: int) -> bytes:
        """The end of an object, which is asked for once.

        Raises:
            FileNotFoundError, BadInput: as `stat`.
        """
        return self.ask(lambda store, key: bytes(store.cat_file(key, start=-most, timeout=PATIENCE_S)))

    def put(self, file: Path) -> None:
        """Make it what a file of this machine holds, in one step: a store shows an object when all of it has arrived.

        Raises:
            BadInput: the store does not take it.
        """
        patience_s = PATIENCE_S + file.stat().st_size / SLOWEST
        self.ask(lambda store, key: store.put_file(str(file), key, timeout=patience_s))

    def entries(self) -> "tuple[list[Address], Iterator[Address]]":
        """The folders in a folder, and the objects in it, each in the order of their names, with what is told of them.

        Raises:
            FileNotFoundError: there is none.
            BadInput: the store cannot be asked.
        """
        folders: list[tuple[str, os.stat_result]] = []
        objects: list[tuple[str, os.stat_result]] = []
        for said in self.ask(lambda store, key: store.ls(key, detail=True)):
            name = said["name"].rstrip("/").rpartition("/")[2]
            if not (said["name"].strip("/") == self._key or name in ("", ".", "..")):  # itself, as some keep folders
                (folders if said["type"] == "directory" else objects).append((name, _status(said)))
        folders.sort(key=lambda named: named[0])
        objects.sort(key=lambda named: named[0])
        return list(map(self._entry, folders)), map(self._entry, objects)

    def ask(self, question: Callable[[Any, str], T]) -> T:
        """What a store answers: `question` gets fsspec's file system, and what is called there what is here.

        Raises:
            FileNotFoundError: it says that there is nothing.
            BadInput: it says anything else that is no answer, or nothing.
        """
        protocol = self.parts[0].rstrip(":")
        try:
            import fsspec
            from fsspec.exceptions import FSTimeoutError

            store = fsspec.filesystem(protocol, use_listings_cache=False)
        except ImportError as error:
            raise BadInput(f"{self} needs a package: pip install '{STORES[protocol]}'") from error
        except Exception as error:  # of its settings
            raise BadInput(f"the settings of {protocol}:// cannot be used: {in_a_line(error)[:300]}.") from error
        try:
            return question(store, self._key)
        except FileNotFoundError:
            raise
        except FSTimeoutError as error:
            raise BadInput(f"{self} cannot be used: its store does not answer; run this again when it does.") from error
        except Exception as error:  # each store's client has its own
            raise BadInput(f"{self} cannot be used; check address and access: {in_a_line(error)[:300]}.") from error

    @property
    def _key(self) -> str:
        return "/".join(self.parts[1:])

    def _entry(self, named: tuple[str, os.stat_result]) -> "Address":
        return _told((*self.parts, named[0]), named[1])


def names_in(folder: Path) -> Callable[[str], bool]:
    """Who knows of a name whether anything in a folder has it; an object store is asked for all of them at once.

    Raises:
        BadInput: the store cannot be asked, or there is no such bucket.
    """
    if not isinstance(folder, Address):
        return lambda name: os.path.lexists(folder / name)
    try:
        folders, objects = folder.entries()
    except FileNotFoundError as error:
        bucket = _told(folder.parts[:2], None)
        if not bucket.exists():
            raise BadInput(f"there is no bucket {bucket}; make it, or name another.") from error
        return lambda name: False
    return {entry.name for entry in (*folders, *objects)}.__contains__


class _Opened(io.RawIOBase):
    def __init__(self, address: Address):
        self.name, self._address, self._status, self._at = str(address), address, address.stat(), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._status.st_size}[whence]
        return self._at

    def readinto(self, buffer: "Buffer") -> int:
        if not 0 <= self._at < self._status.st_size:
            return 0
        view = memoryview(buffer).cast("B")
        number, start = divmod(self._at, BLOCK)
        found = _block(self._address, self._status, number)[start : start + len(view)]
        view[: len(found)] = found
        self._at += len(found)
        return len(found)


@functools.lru_cache(KEPT_BLOCKS)
def _block(address: Address, status: os.stat_result, number: int) -> bytes:
    """One block of an object that is as it was."""
    start, end = number * BLOCK, min((number + 1) * BLOCK, status.st_size)
    found = address.ask(lambda store, key: bytes(store.cat_file(key, start=start, end=end, timeout=PATIENCE_S)))
    if len(found) != end - start:
        raise BadInput(f"{address} was changed while it was read; run this again.")
    return found


def _told(parts: tuple[str, ...], status: os.stat_result | None) -> Address:
    """An address, and what was told of it."""
    address = Address(*parts)
    address._status = status
    return address


def _status(said: dict[str, Any]) -> os.stat_result:
    """What fsspec tells of an object or a folder."""
    changed = next(filter(None, map(said.get, MODIFIED)), 0)
    if isinstance(changed, str):
        changed = datetime.fromisoformat(changed.replace("Z", "+00:00"))
    seconds = int(changed.timestamp() if isinstance(changed, datetime) else changed)
    mode = stat.S_IFDIR if said["type"] == "directory" else stat.S_IFREG
    times = {"st_mtime": float(seconds), "st_mtime_ns": seconds * 10**9}
    return os.stat_result((mode, 0, 0, 0, 0, 0, said["size"] or 0, 0, seconds, 0), times)
