"""CSL-Daily: `sentence_label/video_map.txt`, a sentence a row, and `split_1.txt` beside it."""

import re
from pathlib import Path

from slr_pose.data.published.entry import WHOLE, Entry, split_in
from slr_pose.tables import has_columns, read_rows

INDICES = ("sentence_label/video_map.txt", "video_map.txt")
COLUMNS = ("name", "gloss")  # beside index, length, char, word and postag
SPLITS = "split_1.txt"
FPS = 30.0  # of the videos that its pictures were

_SIGNER = re.compile(r"S[0-9]+_P([0-9]+)_T[0-9]+")


def read(index: Path) -> list[Entry] | None:
    """Its sentences; `None` where the file is no index of CSL-Daily's.

    Format: `index|name|length|gloss|char|word|postag` and `name|split`, as programs that train on it read them. The
    pickle beside them says the same, and is not opened: it may run code. Names are of sentence, person and time,
    `S000196_P0000_T00`, by the readme of the data set. A sentence is a folder of pictures, or a video called after it.
    """
    if not has_columns(index, COLUMNS):
        return None
    splits = read_rows(index.with_name(SPLITS), ("name", "split"), "sentences")
    split_of = {row.cells["name"]: split_in(row.cells["split"]) for row in splits}
    return [
        Entry(
            {name: WHOLE},
            glosses=tuple((row.text("gloss") or "").split()),
            signer=signer[1] if (signer := _SIGNER.fullmatch(name)) else None,
            split=split_of[name],
            fps=FPS,
        )
        for row in read_rows(index, COLUMNS, "sentences")
        if (name := row.cells["name"]) in split_of  # who splits the data set leaves some out
    ]
