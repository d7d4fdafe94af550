"""How often attributes stand together in public lexicons: what geometry expects before anything is seen."""

import csv
from functools import lru_cache
from pathlib import Path

import numpy as np

from slr_pose.hamnosys.attributes import ATTRIBUTES, BENDING, DIRECTION, PALM, SHAPE, THUMB

SYMMETRY, SIDE, PLACE = "symmetry_operator", "hand_location_x", "hand_location_y"
TOGETHER = {
    "symmetry": (SYMMETRY,),
    "handshape": (SHAPE, THUMB, BENDING),
    "orientation": (DIRECTION, PALM),
    "location": (PLACE, SIDE),
}
FREQUENCIES = Path(__file__).with_name("frequencies.csv")  # benchmarks/frequencies.py makes it
PRIOR_COUNT = 0.5  # added to what was counted
PRIOR_POWER = {"symmetry": 1.0, "handshape": 1.0, "orientation": 0.5, "location": 1.0}


@lru_cache
def prior(kind: str) -> np.ndarray:
    """How probable classes are together, before anything is seen.

    Returns:
        (classes, ...) with an axis for each head of `TOGETHER[kind]`; it sums to 1.
    """
    heads = TOGETHER[kind]
    counts = np.full([len(ATTRIBUTES[head]) for head in heads], PRIOR_COUNT)
    with open(FREQUENCIES, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == kind:
                names = [name for name in (row["first"], row["second"], row["third"]) if name]
                classes = [ATTRIBUTES[head].index(name) for head, name in zip(heads, names, strict=True)]
                counts[tuple(classes)] += int(row["count"])
    counts = counts ** PRIOR_POWER[kind]
    return counts / counts.sum()
