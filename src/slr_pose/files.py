"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def is_writable(folder: Path) -> bool:
    """Whether files may be made in `folder`; one that is marked read-only is left alone, by root too."""
    return os.access(folder, os.W_OK) and bool(folder.stat().st_mode & 0o222)


def is_hidden(file: Path) -> bool:
    """Whether a name begins with a dot, as do unfinished files and what macOS leaves beside a clip on other disks."""
    return file.name.startswith(".")
