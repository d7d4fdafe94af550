"""What a check finds, and what kinds of it there are."""

from dataclasses import dataclass
from typing import NamedTuple


class Kind(NamedTuple):
    """What some findings have in common, and what to do about them."""

    title: str
    advice: str


KINDS = {
    "unreadable": Kind("clips that cannot be read", "Mend what the sentence says, or take the rows out."),
    "double across splits": Kind(
        "the same clip in two splits", "Leave it out of one of them: what is measured on it is too good."
    ),
    "double with two labels": Kind(
        "the same clip with two labels",
        "Look at it, and correct one of the labels; a clip of two signs needs its times.",
    ),
    "double": Kind("the same clip twice", "Leave one of them out; it counts twice and tells nothing new."),
    "wrong label": Kind(
        "labels that are probably wrong", "Look at these clips, the most suspicious first, and correct what is wrong."
    ),
    "one clip": Kind("glosses with a single clip", "Add clips, or leave the gloss out: `slr train` refuses it."),
    "few clips": Kind("glosses with few clips", "Add clips by other signers, or expect mistakes."),
    "not in train": Kind("glosses that no train clip has", "Move clips of them to train; nobody can know them."),
    "look-alikes": Kind("glosses that look the same", "Are they one sign? Then write them in one way."),
    "signer in two splits": Kind(
        "signers in two splits", "What is measured on them says little of people whom the model has not met."
    ),
    "no signer": Kind(
        "signers who are not known", "Fill the column `signer`, so that training and val can be kept apart."
    ),
    "no hands": Kind("clips in which no hand is seen", "Leave them out, or extract them again in better light."),
    "hands lost": Kind(
        "clips that lose the hands", "See with `slr view` where; `slr extract-pose --engine litert` finds more of them."
    ),
    "several people": Kind(
        "clips with several people", "The one whose hands are seen most is taken for the signer; cut out the others."
    ),
    "odd length": Kind(
        "clips of an odd length", "Cut them with `start` and `end`: a clip is one sign, from rest to rest."
    ),
    "odd frame rate": Kind("clips with an odd frame rate", "Look whether they play at the pace of signing."),
    "extracted in several ways": Kind(
        "keypoints found in several ways", "`slr extract-pose --force` finds them all in one way."
    ),
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or that somebody should look at.

    Attributes:
        kind: one of `KINDS`.
        text: what it is, in a line.
        signs: which of the data set's signs it is about, if it is about some.
        beside: others, to compare with.
    """

    kind: str
    text: str
    signs: tuple[int, ...] = ()
    beside: tuple[int, ...] = ()
