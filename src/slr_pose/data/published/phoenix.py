"""RWTH-PHOENIX-Weather 2014 and 2014 T: `annotations/manual/*.corpus.csv`, a sentence a row."""

from pathlib import Path

from slr_pose.data.published.entry import WHOLE, Entry, split_in
from slr_pose.tables import has_columns, read_rows

INDICES = (
    "annotations/manual/PHOENIX-2014-T.{split}.corpus.csv",
    "annotations/manual/{split}.corpus.csv",
    "annotations/manual/{split}.SI5.corpus.csv",
)
OF_2014_T = ("name", "speaker", "orth")  # beside video, start, end and translation; start and end are always -1
OF_2014 = ("id", "signer", "annotation")  # beside folder


def read(index: Path) -> list[Entry] | None:
    """Its sentences; `None` where the file is no index of Phoenix's.

    Format: `name|video|start|end|speaker|orth|translation` of 2014 T and `id|folder|signer|annotation` of 2014, by
    their README files and github.com/enhuiz/phoenix-datasets. A sentence is a video called after it, or a folder of
    pictures, `NAME` or `NAME/1`. Glosses are taken as they are written, marks like `__ON__` and `loc-` among them.
    """
    columns = next((columns for columns in (OF_2014_T, OF_2014) if has_columns(index, columns)), None)
    if columns is None:
        return None
    name, signer, glosses = columns
    return [
        Entry(
            {file: WHOLE for file in (row.cells[name], f"{row.cells[name]}/1")},
            glosses=tuple((row.text(glosses) or "").split()),
            signer=row.text(signer),
            split=split_in(index.name),
        )
        for row in read_rows(index, columns, "sentences")
    ]
