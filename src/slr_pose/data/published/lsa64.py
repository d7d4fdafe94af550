"""LSA64, whose files' names say all: `001_002_003.mp4`."""

import re
from collections.abc import Sequence
from pathlib import Path

from slr_pose.data.published.entry import WHOLE, Entry

_NAME = re.compile(r"(0[0-6][0-9])_(0[01][0-9])_00[1-5]")  # 64 signs, 10 signers, 5 times each


def read(files: Sequence[Path]) -> list[Entry] | None:
    """Its clips; `None` where these are other files, or sorted into folders, whose names then are the signs.

    Format: sign, signer and repetition, by AI4Bharat/OpenHands, `lsa64.py`. The data set has no split of its own.
    """
    found = [_NAME.fullmatch(file.stem) for file in files]
    if not found or None in found or len({file.parent for file in files}) > 1:
        return None
    return [Entry({one[0]: WHOLE}, one[1], signer=one[2]) for one in found if one]
