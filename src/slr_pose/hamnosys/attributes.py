"""The eight attributes of a sign's first posture, from its notation, and a notation from eight attributes.

The classes are those of the HearAI project's parser (Majchrowska, Plantykow and Olech 2022, "Open source HamNoSys
parser for multilingual sign language encoding"); `attributes.csv` lists them. A class is named after its symbol, `none`
where nothing is written. Of a compound the first sign counts, of two hands the dominant one, of what is halfway between
two handshapes or directions the first.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput
from slr_pose.hamnosys.notation import (
    Both,
    Direction,
    Hand,
    Handshape,
    Location,
    Notation,
    Palm,
    Posture,
    Sign,
    Site,
    one_hand,
)
from slr_pose.hamnosys.parser import parse
from slr_pose.hamnosys.symbols import SYMBOLS
from slr_pose.hamnosys.writer import write_names

with open(Path(__file__).with_name("attributes.csv"), encoding="utf-8", newline="") as _table:
    _ROWS = list(csv.DictReader(_table))

# Names of the classes of each attribute, in the order of their numbers.
ATTRIBUTES: dict[str, list[str]] = {}
for _row in _ROWS:
    ATTRIBUTES.setdefault(_row["head"], []).append(_row["name"])

SHAPE, THUMB, BENDING = "hand_shape_base_form", "hand_shape_thumb_position", "hand_shape_bending"
DIRECTION, PALM = "hand_position_finger_direction", "hand_position_palm_orientation"
OF_A_HAND = (SHAPE, THUMB, BENDING, DIRECTION, PALM)
SIDES = {"hamlrbeside": ("left_beside", "right_beside"), "hamlrat": ("left", "right")}  # before, after the place

_SYMMETRY = {frozenset(name.split("+")): name for name in ATTRIBUTES["symmetry_operator"]}
_WORDS = {(row["head"], row["name"]): row["meaning"] for row in _ROWS}


@dataclass(frozen=True)
class Reading:
    """What a sign's first posture says.

    `attributes` holds the class name of each of the eight heads. `second` holds, of the five heads of the hand, what
    stands behind hambetween. `other_hand` is empty unless the notation says what the other hand does for itself.
    """

    attributes: dict[str, str]
    second: dict[str, str]
    other_hand: dict[str, str]
    other_second: dict[str, str]
    distance: str  # hamtouch, hamclose, ... or none
    nondominant: bool  # hamnondominant: the non-dominant hand does it


def read_attributes(notation: str) -> dict[str, str]:
    """The class name of each of the eight attributes of a notation, of Unicode characters or names.

    Raises:
        BadInput: the notation is not well-formed, or its first posture lacks handshape, direction or palm.

    >>> read_attributes("hamfinger2,hamextfingeru,hampalmd,hamchin,hammoveo")["hand_shape_base_form"]
    'hamfinger2'
    """
    return read(parse(notation)).attributes


def read(notation: Notation) -> Reading:
    """The attributes of a notation's first posture, and what goes beyond the eight.

    Raises:
        BadInput: its first posture lacks handshape, direction or palm.
    """
    sign = notation.signs[0]
    hand = one_hand(sign.posture)
    other = one_hand(sign.posture, dominant=False) if has_two_hands(sign.posture) else Hand()
    own, second = _of_a_hand(hand)
    for head, what in ((SHAPE, "handshape"), (DIRECTION, "extended finger direction"), (PALM, "palm orientation")):
        if head not in own:
            names = " ".join(write_names(Notation((Sign(sign.posture),))))
            raise BadInput(f"the first posture, {names}, has no {what}.")
    side, place, distance = _place(hand.locations)
    symmetry = _symmetry(sign.symmetry)
    attributes = {"symmetry_operator": symmetry, **own, "hand_location_x": side, "hand_location_y": place}
    return Reading(attributes, second, *_of_a_hand(other), distance, sign.nondominant)


def compose(attributes: dict[str, str]) -> Notation:
    """The shortest notation that has these eight attributes: a sign without movement.

    `read_attributes` gives the same attributes back, but for a `hand_location_y` of `none`, which reads as `hamchest`:
    where no place is written, the hand is in the neutral space in front of it.

    Raises:
        BadInput: a side, `hand_location_x`, of no place.
    """
    modifiers = tuple(attributes[head] for head in (THUMB, BENDING) if attributes[head] != "none")
    side, place = attributes["hand_location_x"], attributes["hand_location_y"]
    before = next((symbol for symbol, (left, _) in SIDES.items() if left == side), "")
    after = next((symbol for symbol, (_, right) in SIDES.items() if right == side), "")
    if place == "none" and side != "centre":
        raise BadInput(f"hand_location_x is {side} and hand_location_y none: HamNoSys has no side without a place.")
    hand = Hand(
        (Handshape(attributes[SHAPE], modifiers),),
        (Direction((attributes[DIRECTION],)),),
        (Palm(attributes[PALM]),),
        (Location((Site((place,), before, after),)),) if place != "none" else (),
    )
    symmetry = attributes["symmetry_operator"]
    return Notation((Sign((hand,), symmetry=() if symmetry == "none" else tuple(symmetry.split("+"))),))


def most_likely(heads: dict[str, list[tuple[str, float]]]) -> Notation | None:
    """The notation that the best class of each of the eight heads makes, classes best first; nothing if one lacks."""
    if not heads.keys() >= ATTRIBUTES.keys():
        return None
    best = {head: heads[head][0][0] for head in ATTRIBUTES}
    if best["hand_location_y"] == "none":
        best["hand_location_x"] = "centre"  # there is no side without a place
    return compose(best)


def meaning(head: str, name: str) -> str:
    """A class in plain words."""
    return _WORDS[head, name] or SYMBOLS[name].meaning


def has_two_hands(posture: Posture) -> bool:
    """Whether anything is written for the other hand."""
    return any(isinstance(part, Both) for part in posture)


def _of_a_hand(hand: Hand) -> tuple[dict[str, str], dict[str, str]]:
    """The five attributes of a hand, those that are written; and the second ones, of what is between two."""
    found: tuple[dict[str, str], dict[str, str]] = {}, {}
    for attributes, shape in zip(found, hand.shapes, strict=False):
        if shape.base in ATTRIBUTES[SHAPE]:
            attributes |= {SHAPE: shape.base, THUMB: shape.thumb or "none", BENDING: shape.bending or "none"}
    directions = [name for direction in hand.directions for name in direction.names]
    for attributes, name in zip(found, directions, strict=False):
        attributes[DIRECTION] = name
    for attributes, palm in zip(found, hand.palms, strict=False):
        attributes[PALM] = palm.name
    return found


def _symmetry(names: tuple[str, ...]) -> str:
    """The class of an operator: of its modifiers, those count that a class has."""
    known = {"hamfingerstraightmod", "hamlargemod"}
    operator = frozenset(name for name in names if SYMBOLS[name].kind == "symmetry" or name in known)
    return _SYMMETRY.get(operator, "none")


def _place(locations: tuple[Location, ...]) -> tuple[str, str, str]:
    """Side, place and distance of the first place that is a class.

    Where there is none, but a part of the hand touches the other one, that part; else neutral space, at the chest.
    """
    for location in locations:
        for site in location.sites:
            for part in site.parts:
                if part in ATTRIBUTES["hand_location_y"]:
                    side = SIDES[site.before][0] if site.before else SIDES[site.after][1] if site.after else "centre"
                    return side, part, _distance((location,))
    own = [part for location in locations if location.contact for site in location.contact.own for part in site.parts]
    place = next((part for part in own if part in ATTRIBUTES["hand_location_y"]), "hamchest")
    return "centre", place, _distance(locations)


def _distance(locations: tuple[Location, ...]) -> str:
    return next((location.contact.names[0] for location in locations if location.contact), "none")
