"""Tiers of glosses, as annotators of sign languages lay them out -> the signs of one signer, in order of time.

Read are the layouts of the BSL Corpus (also Auslan's and that of `slr annotate`), of the Corpus NGT and of the
DGS-Korpus, which have a tier for each hand, and `gloss`, which `slr` writes where it does not know the hands; or any
tiers by name. A sign of both hands is one sign.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from slr_pose import BadInput
from slr_pose.media.answers import Answer, answers_of
from slr_pose.media.elan import Annotation, Elan, Tier
from slr_pose.tables import normal
from slr_pose.text import first_of
from slr_pose.timeline import Hand

GLOSS = "gloss"  # the tier that we write where we do not know which hands sign
HANDS: dict[Hand, str] = {"right": "RH-IDgloss", "left": "LH-IDgloss"}  # and where we do
HAMNOSYS = "hamnosys"  # in the name of a tier whose values are notations

# Of each layout, what its tiers are called: the hand, where there is one, and who signs.
LAYOUTS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<hand>[RL])H[-_ ]?ID[-_ ]?gloss(?:[-_ ](?P<signer>\w+))?",
        r"Gloss[-_ ]?(?P<hand>[RL])(?:[-_ ](?P<signer>\w+))?",
        r"Lexem_Sign_(?P<hand>[rl])(?:_(?P<signer>\w+))?",
        r"gloss(?P<hand>)(?P<signer>)",
    )
]

# A question mark at an end, or X for a word: the annotator saw a sign, and was not sure which.
_UNCERTAIN = re.compile(r"\W*|[\[(]?\?.*|.*\?[\])]?|[\[(]?(?:X{2,}|UNKNOWN|INDECIPHERABLE)[\])]?", re.IGNORECASE)


@dataclass(frozen=True)
class Sign(Annotation):
    """What is signed from when to when.

    Attributes:
        hands: which hands sign it, the right one first; none where the tiers do not say.
    """

    hands: tuple[Hand, ...] = ()


@dataclass(frozen=True)
class Signs:
    """What one person signs in a file.

    Attributes:
        signer: who; `None` where the file does not say.
        signs: in order of time, none over another, in ms of the file's own time; `gloss` says what of each.
        tiers: where they were read.
        notations: HamNoSys of signs, by their id, from tiers below these that have it in their name.
        other_signers: whose signs are not among them.
        other_hand: how many signs of the other hand are left out, as this one signs something else.
        empty: how many annotations have no length, or stand where another one of their tier does.
    """

    signer: str | None
    signs: list[Sign]
    tiers: list[Tier]
    notations: dict[str, str]
    other_signers: list[str]
    other_hand: int
    empty: int


def signs_of(elan: Elan, tiers: Sequence[str] = ()) -> Signs:
    """The signs of the person who signs most.

    Where two hands sign different things at one time, the hand with more annotations is read, of equals the right one.
    If we wrote that both sign one thing, what a person corrected on one hand counts for both.

    Args:
        tiers: names of tiers to read instead of those that are known; where they differ, the first one is right.

    Raises:
        BadInput: there are no such tiers.
    """
    people = _people(_named(elan, tiers) if tiers else _known(elan))
    signer = max(people, key=lambda who: sum(len(tier.annotations) for tier in people[who]))
    chosen = people[signer]
    if not tiers:
        chosen.sort(key=lambda tier: len(tier.annotations), reverse=True)  # of equals, the right hand stands first
    signs: list[Sign] = []
    answers = answers_of(elan, [tier.name for tier in chosen])
    other_hand = empty = 0
    for tier in chosen:
        single = _single(tier)
        empty += len(tier.annotations) - len(single)
        signs, lost = _both(signs, single, answers)
        other_hand += lost
    others = [who for who in people if who != signer and any(tier.annotations for tier in people[who])]
    participant = next((tier.participant for tier in chosen if tier.participant), None)
    return Signs(participant, signs, chosen, _notations(elan, chosen), others, other_hand, empty)


def annotated_tiers(elan: Elan) -> list[str]:
    """The names of the tiers of glosses, of all layouts, on which something is written."""
    return [tier.name for layout in LAYOUTS for _, tier in _of_layout(elan, layout) if tier.annotations]


def gloss(value: str) -> str | None:
    """What an annotation says was signed, in its normal form; nothing where its annotator was not sure.

    >>> gloss(" PT:PRO1SG "), gloss("HOUSE?"), gloss("XXX"), gloss("")
    ('PT:PRO1SG', None, None, None)
    """
    found = normal(value)
    return None if _UNCERTAIN.fullmatch(found) else found


def _named(elan: Elan, names: Sequence[str]) -> dict[str, list[Tier]]:
    tiers = {normal(name): tier for name, tier in elan.tiers.items()}
    for name in names:
        if normal(name) not in tiers:
            raise BadInput(f"{elan.path} has no tier '{name}'; its tiers are {first_of(list(elan.tiers), 20)}.")
    found: dict[str, list[Tier]] = {}
    for name in dict.fromkeys(map(normal, names)):
        found.setdefault(tiers[name].participant, []).append(tiers[name])
    return found


def _known(elan: Elan) -> dict[str, list[Tier]]:
    """The tiers of the first layout in which something is written, right hands first, by who signs."""
    empty: dict[str, list[Tier]] = {}
    for layout in LAYOUTS:
        matches = _of_layout(elan, layout)
        matches.sort(key=lambda each: each[0]["hand"].upper(), reverse=True)
        found: dict[str, list[Tier]] = {}
        for match, tier in matches:
            found.setdefault(match["signer"] or tier.participant, []).append(tier)
        if any(tier.annotations for _, tier in matches):
            return found
        empty = empty or found
    if not empty:
        raise BadInput(
            f"{elan.path} has no tier of glosses that is known, such as {HANDS['right']}, GlossR S1, Lexem_Sign_r_A"
            f" or {GLOSS}; name one with --tier: its tiers are {first_of(list(elan.tiers), 20)}."
        )
    return empty


def _of_layout(elan: Elan, layout: re.Pattern[str]) -> list[tuple[re.Match[str], Tier]]:
    """The tiers that are called as the layout has it. One below another of them only says something about that."""
    found = {name: match for name in elan.tiers if (match := layout.fullmatch(normal(name)))}
    return [(match, elan.tiers[name]) for name, match in found.items() if elan.tiers[name].parent not in found]


def _hands(tier: Tier) -> tuple[Hand, ...]:
    """The hand that signs what stands on a tier, where its name says so."""
    matches = [match for layout in LAYOUTS if (match := layout.fullmatch(normal(tier.name))) and match["hand"]]
    return tuple(hand for hand in get_args(Hand) if matches and hand.startswith(matches[0]["hand"].lower()))


def _people(tiers: dict[str, list[Tier]]) -> dict[str, list[Tier]]:
    """The same, with tiers that do not say who signs given to the only person who is named, if one is."""
    if len(tiers) == 2 and "" in tiers:
        (named,) = tiers.keys() - {""}
        return {named: [tier for group in tiers.values() for tier in group]}
    return tiers


def _single(tier: Tier) -> list[Sign]:
    """A tier's annotations that have a length, each cut off where one before it ends: programs write overlaps."""
    hands = _hands(tier)
    found: list[Sign] = []
    for each in tier.annotations:
        start_ms = max(each.start_ms, found[-1].end_ms) if found else each.start_ms
        if each.end_ms > start_ms:
            found.append(Sign(each.id, start_ms, each.end_ms, each.value, each.parent, hands))
    return found


def _notations(elan: Elan, tiers: list[Tier]) -> dict[str, str]:
    parents = {tier.name for tier in tiers}
    below = [tier for tier in elan.tiers.values() if tier.parent in parents and HAMNOSYS in tier.name.lower()]
    return {each.parent: each.value for tier in below for each in tier.annotations if each.parent and each.value}


def _both(signs: list[Sign], other: list[Sign], answers: dict[str, Answer]) -> tuple[list[Sign], int]:
    """The signs of one hand and what the other one signs meanwhile, and how many of the other are left out."""
    ends = [sign.end_ms for sign in signs]
    found, added, lost = list(signs), [], 0
    for each in other:
        first = bisect_right(ends, each.start_ms)
        start_ms, end_ms, is_same = each.start_ms, each.end_ms, False
        for place, sign in enumerate(signs[first:], first):
            if sign.start_ms >= each.end_ms:
                break
            if one := _as_one(found[place], each, answers):
                found[place], is_same = one, True
            if sign.start_ms <= start_ms:
                start_ms = sign.end_ms
            else:
                end_ms = min(end_ms, sign.start_ms)
        if is_same:
            continue
        if end_ms - start_ms >= (each.end_ms - each.start_ms) / 2:  # annotators of two tiers do not hit the same frame
            added.append(replace(each, start_ms=start_ms, end_ms=end_ms))
        else:
            lost += gloss(each.value) is not None
    return sorted([*found, *added], key=lambda sign: sign.start_ms), lost


def _as_one(sign: Sign, other: Sign, answers: dict[str, Answer]) -> Sign | None:
    """What both hands sign, if that is one sign: it is called the same, or was when we wrote it."""
    both = replace(sign, hands=tuple(hand for hand in get_args(Hand) if hand in (*sign.hands, *other.hands)))
    if gloss(sign.value) == gloss(other.value):
        return both
    answer, overlap_ms = answers.get(sign.id), min(sign.end_ms, other.end_ms) - max(sign.start_ms, other.start_ms)
    if not answer or answer != answers.get(other.id) or overlap_ms < (other.end_ms - other.start_ms) / 2:
        return None
    return replace(both, value=other.value) if answer.is_kept(sign) else both
