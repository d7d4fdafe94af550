"""Entry: what the index of a published data set says of one clip, and how such index files are read."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from slr_pose import BadInput
from slr_pose.files import open_regular
from slr_pose.keypoints.job import Box
from slr_pose.tables import LARGEST, text_of

Part = tuple[float | None, float | None]  # start and end of what is meant, in seconds; None is the file's own
WHOLE: Part = (None, None)

SPLIT_NAMES = {"train": "train", "val": "val", "validation": "val", "dev": "val", "test": "test"}  # theirs, and ours

_SPLIT = re.compile(rf"(?<![a-z])({'|'.join(SPLIT_NAMES)})(?![a-z])", re.IGNORECASE)

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """What an index says of one clip.

    Attributes:
        files: the names that its file may have, without a suffix, the first that is there counts; and of each, which
            part of that file is meant.
        gloss: the sign; empty where there is none.
        glosses: of a sentence, in order.
        signer: who signs; `None` when the index does not say.
        split: `train`, `val` or `test`; `None` when the index does not say.
        box: where in the pictures the signer is; `None` when the index does not say.
        fps: how many pictures are a second, where they come as such; `None` when the index does not say.
    """

    files: dict[str, Part]
    gloss: str = ""
    glosses: tuple[str, ...] = ()
    signer: str | None = None
    split: str | None = None
    box: Box | None = None
    fps: float | None = None


def split_in(name: str) -> str | None:
    """The split that the name of a file or a cell tells, as we call it.

    >>> split_in("PHOENIX-2014-T.dev.corpus.csv")
    'val'
    """
    found = _SPLIT.search(name)
    return SPLIT_NAMES[found[0].lower()] if found else None


def read_lines(index: Path) -> list[str]:
    """The lines of a text, without white space around them.

    Raises:
        BadInput: it cannot be read.
    """
    return [line.strip() for line in text_of(index).rstrip().splitlines()]


def read_json(index: Path, kind: type[T]) -> T | None:
    """What a JSON file holds; `None` where that is something of another kind.

    Raises:
        BadInput: it cannot be read, or is no whole JSON file.
    """
    with open_regular(index) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadInput(f"{index} has more than {LARGEST // 10**6} MB, so it is no index of clips; name another.")
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{index} is not a whole JSON file ({error}); get it again.") from error
