"""Files that appear whole or not at all, and files that may be read."""

import functools
import os
import re
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from slr_pose import BadInput
from slr_pose.places import Address, place

LONGEST_SUFFIX = 16  # characters; libraries tell by it what to write, and none has a longer one
PARTIAL = re.compile(r"\.slr-[0-9a-f]{16}\.partial(\..*)?")
ABANDONED_S = 3600.0  # a partial file that nobody has written to for so long is of a run that was killed


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Give a path to write to; what is there when the block ends becomes `path` in one step.

    When the block raises, `path` keeps what it held before. Of several writers, the last one wins whole. A link at
    `path` is replaced, and not followed. Missing folders are made. What goes to an object store is among the temporary
    files until then.

    Raises:
        BadInput: the folder or the file cannot be written.
    """
    path, partial = place(path), None
    try:
        if isinstance(path, Address):
            partial = _new_file(Path(tempfile.gettempdir()), path.suffix)
            yield partial
            path.put(partial)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise BadInput(f"{path} is no file that can be replaced; choose another place.")
        partial = _new_file(path.parent, path.suffix)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror or error}; choose another place.") from error
    finally:
        if partial:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _new_file(folder: Path, suffix: str) -> Path:
    """An empty file with a suffix, whose name nobody can have guessed; those that killed runs have left there go."""
    _clear(folder)
    suffix = suffix if len(suffix) <= LONGEST_SUFFIX else ""
    partial = folder / f".slr-{secrets.token_hex(8)}.partial{suffix}"
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    return partial


@functools.lru_cache(4096)
def _clear(folder: Path) -> None:
    """Remove what killed runs have left half-written in a folder; once, unless there are thousands."""
    with suppress(OSError):  # a folder that may be written to need not be one that may be listed
        for file in os.scandir(folder):
            if PARTIAL.fullmatch(file.name) and time.time() - file.stat(follow_symlinks=False).st_mtime > ABANDONED_S:
                os.unlink(file.path)


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read its bytes. A pipe or a device, which might never answer, is not opened.

    Raises:
        BadInput: there is no such file, it is something else, or it may not be read.
    """
    try:
        is_regular = stat.S_ISREG(path.stat().st_mode)
        if is_regular:
            return path.opened() if isinstance(path, Address) else open(path, "rb")
    except BadInput:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput(f"there is no file {path}.") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise BadInput(f"{path} cannot be read: {getattr(error, 'strerror', error)}; name another file.") from error
    raise BadInput(f"{path} is a folder, a pipe or a device, and not a file; name a file.")


def last_bytes(path: Path, most: int) -> bytes:
    """The end of a file; nothing where there is none, or it may not be read.

    Raises:
        BadInput: it is in an object store that cannot be asked: it may be there, and be whole.
    """
    if isinstance(path, Address):
        with suppress(FileNotFoundError):
            return path.last_bytes(most)
    else:
        with suppress(BadInput, OSError), open_regular(path) as file:
            file.seek(max(file.seek(0, os.SEEK_END) - most, 0))
            return file.read()
    return b""


def is_readable(path: Path) -> bool:
    """Whether there is such a file or folder now, and it may be read.

    Raises:
        BadInput: it is in an object store that cannot be asked.
    """
    return path.is_there() if isinstance(path, Address) else os.access(path, os.R_OK)


def is_writable(folder: Path) -> bool:
    """Whether files may be made in `folder`; one that is marked read-only is left alone, by root too. What an object
    store takes, is known when it is written."""
    if isinstance(folder, Address):
        return True
    return os.access(folder, os.W_OK) and bool(folder.stat().st_mode & 0o222)


def is_hidden(file: Path | os.DirEntry[str]) -> bool:
    """Whether a name begins with a dot, as do unfinished files and what macOS leaves beside a clip on other disks."""
    return file.name.startswith(".")
