"""How often public notations have which attributes together: writes `src/slr_pose/hamnosys/geometry/frequencies.csv`.

    python benchmarks/frequencies.py ../shared/data/hamnosys/lexicon.csv

The file holds counts alone, of handshapes (base form, thumb, bending), orientations (finger direction, palm) and
locations (place, side) of first postures; `hamnosys/geometry/prior.py` takes them for its prior.
"""

import csv
from collections import Counter
from pathlib import Path

import typer

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.hamnosys import read_attributes
from slr_pose.hamnosys.geometry.prior import FREQUENCIES, TOGETHER


def main(lexicon: Path) -> None:
    counts: dict[str, Counter] = {kind: Counter() for kind in TOGETHER}
    with open(lexicon, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            try:
                attributes = read_attributes(row["hamnosys"])
            except BadInput:
                continue
            for kind, heads in TOGETHER.items():
                counts[kind][tuple(attributes[head] for head in heads)] += 1
    with write_whole(FREQUENCIES) as partial, open(partial, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["kind", "first", "second", "third", "count"])
        for kind, found in counts.items():
            for names, count in sorted(found.items()):
                table.writerow([kind, *names, *[""] * (3 - len(names)), count])
    print({kind: sum(found.values()) for kind, found in counts.items()})


if __name__ == "__main__":
    typer.run(main)
