"""AUTSL: `train_labels.csv`, `validation_labels.csv`, `test_labels.csv`."""

import re
from collections import Counter
from pathlib import Path

from slr_pose import BadInput
from slr_pose.data.published.entry import WHOLE, Entry, read_lines, split_in
from slr_pose.tables import normal, read_rows

INDICES = ("{split}_labels.csv",)
NAMES = "SignList_ClassId_TR_EN.csv"  # of the signs, in Turkish and English

_LINE = re.compile(r"(signer[0-9]+)(_sample[0-9]+)(?:_color(?:\.mp4)?)?,([0-9]+)")


def read(index: Path) -> list[Entry] | None:
    """Its clips; `None` where the file is no index of AUTSL's.

    Format: `signer0_sample1,41`, without a header, of the video `signer0_sample1_color.mp4`, by sign-language-
    processing/datasets, `autsl.py`, and AI4Bharat/OpenHands. Their poses are called `signer0_sample1.pose`. Signs are
    called by their Turkish names, where the table of these is beside the file, and else by their numbers.

    Raises:
        BadInput: the file cannot be read, or a line of it is something else.
    """
    lines = read_lines(index)
    if not lines or not _LINE.fullmatch(lines[-1]):  # some copies begin with a header
        return None
    called = _names(index.with_name(NAMES))
    entries = []
    for number, line in enumerate(lines, 1):
        if found := _LINE.fullmatch(line):
            signer, sample, sign = found.groups()
            files = {f"{signer}{sample}_color": WHOLE, f"{signer}{sample}": WHOLE}
            entries.append(Entry(files, called.get(sign, sign), signer=signer, split=split_in(index.stem)))
        elif line and number > 1:
            raise BadInput(f"{index}, line {number}: it is no clip and a sign, as signer0_sample1,41; get it again.")
    return entries


def _names(table: Path) -> dict[str, str]:
    """The name of each sign's number; where two signs have one, with their numbers."""
    if not table.is_file():
        return {}
    rows = read_rows(table, ("ClassId", "TR"), "signs")
    names = {row.text("ClassId") or "": normal(row.text("TR") or "") for row in rows}
    count = Counter(names.values())
    return {sign: name if count[name] == 1 else f"{name} {sign}" for sign, name in names.items()}
