"""Values by the million, which lie on disk, so that memory does not grow with them; few of them stay in memory.

They are of one process, and gone with it: SQLite's temporary databases, files without a name where it puts those
(https://www.sqlite.org/tempfiles.html).
"""

import os
import pickle
import sqlite3
import weakref
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from slr_pose import BadInput

T = TypeVar("T")


class Spool(Collection[T]):
    """Values in the order of their keys, and those of one key in the order in which they came. They are pickled."""

    def __init__(self) -> None:
        self._disk = _database("CREATE TABLE kept (key, value)")
        self._length = 0
        weakref.finalize(self, self._disk.close)

    def append(self, value: T, key: int | str = 0) -> None:
        """Keep a value.

        Raises:
            BadInput: the disk is full.
        """
        sortable = os.fsencode(key) if isinstance(key, str) else key  # the order of bytes is that of characters
        with _room():
            self._disk.execute("INSERT INTO kept VALUES (?, ?)", (sortable, pickle.dumps(value)))
        self._length += 1

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        with _room():
            for (value,) in self._disk.execute("SELECT value FROM kept ORDER BY key, rowid"):
                yield pickle.loads(value)

    def __contains__(self, value: object) -> bool:
        return any(value == each for each in self)


class Shelf(Generic[T]):
    """Values that are found again by their names. They are pickled."""

    def __init__(self) -> None:
        self._disk = _database("CREATE TABLE kept (name PRIMARY KEY, value) WITHOUT ROWID")
        weakref.finalize(self, self._disk.close)

    def find(self, names: Collection[str]) -> dict[str, T]:
        """The values of those names that have one, in the order of the names."""
        places = ",".join("?" * len(names))
        with _room():
            rows = self._disk.execute(f"SELECT * FROM kept WHERE name IN ({places})", [*map(os.fsencode, names)])
            found = {os.fsdecode(name): value for name, value in rows}
        return {name: pickle.loads(found[name]) for name in names if name in found}

    def __contains__(self, name: str) -> bool:
        return bool(self.find([name]))

    def __setitem__(self, name: str, value: T) -> None:
        with _room():
            self._disk.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (os.fsencode(name), pickle.dumps(value)))


def _database(table: str) -> sqlite3.Connection:
    disk = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    for command in ("PRAGMA temp_store = FILE", "PRAGMA journal_mode = OFF", table):
        disk.execute(command)
    return disk


@contextmanager
def _room() -> Iterator[None]:
    """Says in a sentence that there is none."""
    try:
        yield
    except sqlite3.Error as error:
        raise BadInput(
            f"the disk of temporary files cannot be used ({error}); free some of it, or set SQLITE_TMPDIR to a folder."
        ) from error
