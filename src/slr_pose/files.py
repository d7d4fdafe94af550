"""Files that appear whole or not at all."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from slr_pose import BadInput


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Give a path to write to; what is there when the block ends becomes `path` in one step.

    When the block raises, `path` keeps what it held before. Missing folders are made.

    Raises:
        BadInput: the folder or the file cannot be written.
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")  # what a killed run left there is overwritten
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror or error}; choose another place.") from error
    finally:
        partial.unlink(missing_ok=True)


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read its bytes. A pipe or a device, which might never answer, is not opened.

    Raises:
        BadInput: there is no such file, it is something else, or it may not be read.
    """
    try:
        is_regular = stat.S_ISREG(os.stat(path).st_mode)
        if is_regular:
            return open(path, "rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput(f"there is no file {path}.") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise BadInput(f"{path} cannot be read: {getattr(error, 'strerror', error)}; name another file.") from error
    raise BadInput(f"{path} is a folder, a pipe or a device, and not a file; name a file.")


def is_writable(folder: Path) -> bool:
    """Whether files may be made in `folder`; one that is marked read-only is left alone, by root too."""
    return os.access(folder, os.W_OK) and bool(folder.stat().st_mode & 0o222)


def is_hidden(file: Path) -> bool:
    """Whether a name begins with a dot, as do unfinished files and what macOS leaves beside a clip on other disks."""
    return file.name.startswith(".")
