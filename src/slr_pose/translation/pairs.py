"""A table with columns `glosses` and `text` -> pairs to learn from and pairs to measure on."""

import random
from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput
from slr_pose.info import LARGEST
from slr_pose.tables import Row, each, key, read_rows
from slr_pose.translation.glosses import Alternatives, clean, split

HELD_OUT = 0.1  # share of the pairs that are measured on, where the table names none
MOST_HELD_OUT = 500
FEWEST = 10  # pairs
MOST_TEXT = LARGEST // 2  # characters; they travel with the model, and JSON is longer than what it holds


@dataclass(frozen=True)
class Pair:
    """Glosses, without corpus marks, and the sentence that they stand for."""

    glosses: tuple[str, ...]
    text: str

    @property
    def places(self) -> list[Alternatives]:
        """The glosses as one sure alternative at each place."""
        return [[(gloss, 1.0)] for gloss in self.glosses]


def read_pairs(table: Path, seed: int = 0) -> tuple[list[Pair], list[Pair], list[str]]:
    """Read a CSV or TSV table.

    Args:
        table: with columns `glosses`, separated by spaces, and `text`; a column `split` may say `train`, `val` or
            `test`. Else a tenth of the pairs, drawn by the seed, is measured on; equal sentences stay together.

    Returns:
        The pairs to train on, those to validate on, and a sentence for each row that is left out.

    Raises:
        BadInput: it is no such table, or holds too few pairs, or more than fit into a model.
    """
    rows = read_rows(table, ("glosses", "text"), "pairs")
    found, problems = each([row for row in rows if row.text("glosses") or row.text("text")], _read)
    parts = {split: [pair for name, pair in found if name == split] for split in (None, "train", "val", "test")}
    if parts[None] and (parts["train"] or parts["val"] or parts["test"]):
        raise BadInput(f"{table}: some pairs have a split and some have none; fill the column, or leave it out.")
    train, val = parts["train"] or parts[None], parts["val"]
    if not val:
        train, val = _hold_out(train, seed)
    if len(train) < FEWEST or not val:
        why = f", and {len(problems)} rows cannot be read" if problems else ""
        raise BadInput(f"{table} has {len(train) + len(val)} pairs to learn from{why}; give it more than {FEWEST}.")
    if sum(len(pair.text) + sum(len(gloss) + 3 for gloss in pair.glosses) for pair in train) > MOST_TEXT:
        raise BadInput(f"{table} holds more than {MOST_TEXT >> 20} million characters to learn from; take fewer pairs.")
    return train, val, problems


def _read(row: Row) -> tuple[str | None, Pair]:
    glosses, text, split_ = (row.text(column) for column in ("glosses", "text", "split"))
    if not glosses or not text:
        raise BadInput(f"the cell '{'text' if glosses else 'glosses'}' is empty; fill it, or leave the row out.")
    if split_ and key(split_) not in ("train", "val", "test"):
        raise BadInput(f"the split '{split_}' is none of train, val, test; correct it.")
    places = clean(split(glosses))
    if not places:
        raise BadInput(f"'{glosses}' holds marks and no gloss; leave the row out.")
    return split_ and key(split_), Pair(tuple(place[0][0] for place in places), text)


def _hold_out(pairs: list[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    texts = sorted({pair.text for pair in pairs})
    random.Random(seed).shuffle(texts)
    held_out = set(texts[: min(MOST_HELD_OUT, round(HELD_OUT * len(texts)))])
    train = [pair for pair in pairs if pair.text not in held_out]
    return train, [pair for pair in pairs if pair.text in held_out]
