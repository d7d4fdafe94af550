"""What a data set's clips are labelled with, and what of it can be learnt."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from slr_pose import BadInput
from slr_pose.data.clip import Clip
from slr_pose.data.manifest import COLUMNS
from slr_pose.hamnosys import ATTRIBUTES


def refuse_columns(heads: Iterable[str]) -> None:
    """What says where a clip is, or who signs, is not to be learnt.

    Raises:
        BadInput: a head is such a column.
    """
    for name in heads:
        if name in COLUMNS and name != "gloss" and name not in ATTRIBUTES:
            raise BadInput(
                f"the column '{name}' is no label that can be learnt with --head; copy it under another name."
            )


def refuse_lonely(clips: list[Clip], data: Path) -> None:
    """A gloss that is to be learnt needs a clip to learn from and one to validate on.

    Raises:
        BadInput: a gloss has a single clip.
    """
    counts = Counter(clip.labels["gloss"] for clip in clips if "gloss" in clip.labels)
    if lonely := sorted(gloss for gloss, count in counts.items() if count == 1):
        names = ", ".join(lonely[:5]) + (f" and {len(lonely) - 5} more" if len(lonely) > 5 else "")
        raise BadInput(f"{data} has a single clip of {names}: give each gloss at least two, or leave it out.")


def class_names(clips: list[Clip]) -> dict[str, list[str]]:
    """The classes of each head: an attribute's whole table, any other head's labels as found, sorted.

    Raises:
        BadInput: there is nothing to tell apart.
    """
    found: dict[str, set[str]] = {}
    for clip in clips:
        for head, label in clip.labels.items():
            found.setdefault(head, set()).add(label)
    for head, labels in found.items():
        if head not in ATTRIBUTES and len(labels) < 2:
            raise BadInput(f"all training clips have the same {head}, '{labels.pop()}'; a model needs at least two.")
    if not found:
        raise BadInput("no training clip has a label.")
    order = ["gloss", *ATTRIBUTES]
    heads = sorted(found, key=lambda head: (order.index(head) if head in order else len(order), head))
    return {head: ATTRIBUTES.get(head) or sorted(found[head]) for head in heads}
