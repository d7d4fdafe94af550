"""What a data set's clips are labelled with, and what of it can be learnt."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from slr_pose import BadInput
from slr_pose.data.clip import Clip
from slr_pose.data.manifest import COLUMNS
from slr_pose.hamnosys import ATTRIBUTES
from slr_pose.text import first_of


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

    Where there are stretches of signing or sentences, many glosses occur once, and none is refused.

    Raises:
        BadInput: a gloss has a single clip.
    """
    lonely = _lonely(clips)
    if lonely and not any(clip.signs or clip.glosses for clip in clips):
        names = ", ".join(lonely[:5]) + (f" and {len(lonely) - 5} more" if len(lonely) > 5 else "")
        raise BadInput(f"{data} has a single clip of {names}: give each gloss at least two, or leave it out.")


def without_lonely(clips: list[Clip], remark: Callable[[str], None]) -> list[Clip]:
    """The same, where there are stretches of signing, with glosses that occur once taken off: signs, unknown which.

    What is in sentences keeps its glosses, whose order would be wrong without them.

    Args:
        remark: called with a sentence about which they are.
    """
    lonely = set(_lonely(clips)) if any(clip.signs for clip in clips) else set()
    lonely -= {gloss for clip in clips for gloss in clip.glosses}
    if not lonely:
        return clips
    remark(f"signed once, and so not learnt: {first_of(sorted(lonely))}.")
    return [_unnamed(clip, lonely) for clip in clips]


def _lonely(clips: list[Clip]) -> list[str]:
    """The glosses that occur once, in clips, stretches and sentences together."""
    counts = Counter(label for clip in clips for head, label in clip.all_labels() if head == "gloss")
    return sorted(gloss for gloss, count in counts.items() if count == 1)


def _unnamed(clip: Clip, glosses: set[str]) -> Clip:
    def left(labels: dict[str, str]) -> dict[str, str]:
        return {head: label for head, label in labels.items() if head != "gloss" or label not in glosses}

    signs = tuple(replace(sign, labels=left(sign.labels)) for sign in clip.signs)
    return replace(clip, labels=left(clip.labels), signs=signs)


def untimed(clips: list[Clip]) -> set[str]:
    """The glosses that occur in sentences alone, of which nobody said when they are signed."""
    timed = {labels.get("gloss") for clip in clips for labels in (clip.labels, *(sign.labels for sign in clip.signs))}
    return {gloss for clip in clips for gloss in clip.glosses} - timed


def class_names(clips: list[Clip]) -> dict[str, list[str]]:
    """The classes of each head: an attribute's whole table, any other head's labels as found, sorted.

    Raises:
        BadInput: there is nothing to tell apart.
    """
    found: dict[str, set[str]] = {}
    for clip in clips:
        for head, label in clip.all_labels():
            found.setdefault(head, set()).add(label)
    for head, labels in found.items():
        if head not in ATTRIBUTES and len(labels) < 2:
            raise BadInput(f"all training clips have the same {head}, '{labels.pop()}'; a model needs at least two.")
    if not found:
        raise BadInput("no training clip has a label.")
    order = ["gloss", *ATTRIBUTES]
    heads = sorted(found, key=lambda head: (order.index(head) if head in order else len(order), head))
    return {head: ATTRIBUTES.get(head) or sorted(found[head]) for head in heads}
