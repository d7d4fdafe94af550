"""GISLR, "Google - Isolated Sign Language Recognition": `train.csv`, and a Parquet file of landmarks for each clip."""

from pathlib import Path

from slr_pose.data.published.entry import WHOLE, Entry
from slr_pose.tables import has_columns, read_rows

INDICES = ("train.csv",)
COLUMNS = ("path", "participant_id", "sequence_id", "sign")


def read(index: Path) -> list[Entry] | None:
    """Its clips; `None` where the file is no index of GISLR's.

    Format: kaggle.com/competitions/asl-signs, and sign-language-processing/datasets, `asl_signs.py`. Only its training
    clips are public, so it has no split.
    """
    if not has_columns(index, COLUMNS):
        return None
    return [
        Entry(
            {row.cells["path"].removesuffix(".parquet"): WHOLE},
            row.text("sign") or "",
            signer=row.text("participant_id"),
        )
        for row in read_rows(index, COLUMNS, "clips")
    ]
