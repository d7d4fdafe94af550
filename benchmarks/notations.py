"""Every 14th of the public notations that says enough for eight attributes, as a lexicon for `slr synthesize`:

python benchmarks/notations.py ../shared/data/hamnosys/lexicon.csv notations.csv
"""

import csv
import sys
from pathlib import Path

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.hamnosys import read_attributes

EVERY = 14


def main(lexicon: Path, output: Path) -> None:
    with open(lexicon, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))[::EVERY]
    with write_whole(output) as partial, open(partial, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["gloss", "hamnosys"])
        for row in rows:
            try:
                read_attributes(row["hamnosys"])
            except BadInput:
                continue
            table.writerow([row["id"], row["hamnosys"]])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
