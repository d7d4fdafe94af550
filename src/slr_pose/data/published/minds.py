"""MINDS-Libras, whose files' names say all: `01AcontecerSinalizador01-1.mp4`."""

import re
from collections.abc import Sequence
from pathlib import Path

from slr_pose.data.published.entry import WHOLE, Entry
from slr_pose.tables import normal

_NAME = re.compile(r"[0-9]{2}(\D+)Sinalizador([0-9]{2})-[0-9]+")


def read(files: Sequence[Path]) -> list[Entry] | None:
    """Its clips; `None` where these are other files.

    Format: number and name of the sign, signer and repetition, as the files of zenodo.org/records/2667329 are called.
    The data set has no split of its own.
    """
    found = [_NAME.fullmatch(normal(file.stem)) for file in files]
    if not found or None in found:
        return None
    return [Entry({one[0]: WHOLE}, one[1], signer=one[2]) for one in found if one]
