"""INCLUDE and INCLUDE-50: `include_train.txt`, `include_val.txt`, `include_test.txt`."""

import re
from pathlib import Path

from slr_pose.data.published.entry import WHOLE, Entry, read_lines, split_in

INDICES = (
    "train_test_paths/include_{split}.txt",
    "train_test_paths/include50_{split}.txt",
    "include_{split}.txt",
    "include50_{split}.txt",
)

_PATH = re.compile(r"([^/]+/(?:[0-9]+\. *)?([^/]+)/[^/]+)\.[^./]+")


def read(index: Path) -> list[Entry] | None:
    """Its clips; `None` where the file is no index of INCLUDE's.

    Format: the lists in train_test_paths of github.com/AI4Bharat/INCLUDE, a path a line, `Adjectives/1. loud/
    MVI_5177.MOV`, of which the second folder is the sign with a number. They say nothing of signers.
    """
    found = [_PATH.fullmatch(line) for line in read_lines(index) if line]
    if not found or None in found:
        return None
    return [Entry({one[1]: WHOLE}, one[2], split=split_in(index.stem)) for one in found if one]
