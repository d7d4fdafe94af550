"""ASL Citizen: `splits/train.csv`, `splits/val.csv`, `splits/test.csv`."""

from pathlib import Path, PurePosixPath

from slr_pose.data.published.entry import WHOLE, Entry, split_in
from slr_pose.tables import has_columns, read_rows

INDICES = ("splits/{split}.csv",)
COLUMNS = ("Participant ID", "Video file", "Gloss")


def read(index: Path) -> list[Entry] | None:
    """Its clips; `None` where the file is no index of ASL Citizen's.

    Format: github.com/microsoft/ASL-citizen-code and sign-language-processing/datasets, `asl_citizen.py`. The columns
    are Participant ID, Video file, Gloss and ASL-LEX Code.
    """
    if not has_columns(index, COLUMNS):
        return None
    return [
        Entry(
            {PurePosixPath(row.text("Video file") or "").stem: WHOLE},
            row.text("Gloss") or "",
            signer=row.text("Participant ID"),
            split=split_in(index.stem),
        )
        for row in read_rows(index, COLUMNS, "clips")
    ]
