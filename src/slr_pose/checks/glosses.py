"""The glosses of a data set: which have few clips, are never trained on, or look the same."""

import unicodedata
from collections import Counter, defaultdict

from slr_pose.checks.finding import Finding
from slr_pose.data.clip import Clip
from slr_pose.text import count

FEW = 5  # clips; with so many per gloss, 75 % of asl30's unseen signers are right, with one 30 % (docs/results.md)
ACCENTS = range(0x300, 0x370)  # Unicode's marks of Latin, Greek and Cyrillic; vowels of Indic scripts are others


def check_glosses(clips: list[Clip]) -> list[Finding]:
    """What there is to say about the glosses of some clips, stretches and sentences."""
    counts: Counter[str] = Counter()
    trained: set[str] = set()
    for clip in clips:
        glosses = [label for head, label in clip.all_labels() if head == "gloss"]
        counts.update(glosses)
        trained |= set(glosses) if clip.split == "train" else set()
    found = [
        Finding("one clip" if number == 1 else "few clips", f"{gloss}: {count(number, 'clip')}")
        for gloss, number in sorted(counts.items(), key=lambda pair: (pair[1], pair[0]))
        if number < FEW
    ]
    if trained:
        found += [Finding("not in train", gloss) for gloss in sorted(counts.keys() - trained)]
    return found + _look_alikes(counts)


def _look_alikes(counts: Counter[str]) -> list[Finding]:
    groups = defaultdict(list)
    for gloss in sorted(counts):
        groups[bare(gloss)].append(gloss)
    return [
        Finding("look-alikes", ", ".join(f"{gloss} ({counts[gloss]})" for gloss in group))
        for group in groups.values()
        if len(group) > 1
    ]


def bare(gloss: str) -> str:
    """A gloss without what people write now one way and now another: capitals, accents, spaces, hyphens.

    >>> bare("Thank-You"), bare("thank you"), bare("CAFÉ"), bare("!")
    ('thankyou', 'thankyou', 'cafe', '!')
    """
    letters = [letter for letter in unicodedata.normalize("NFKD", gloss.casefold()) if ord(letter) not in ACCENTS]
    kept = "".join(letter for letter in letters if unicodedata.category(letter)[0] in "LNM")
    return unicodedata.normalize("NFC", kept) or gloss
