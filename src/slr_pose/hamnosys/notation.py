"""A HamNoSys string -> the eight attributes of its first posture.

A notation is written as characters of the Unicode Private Use Area (U+E000 to U+E0F1), in this order: symmetry
operator, non-manual features, handshape (base form, thumb, bending), extended finger direction, palm orientation,
location, movements. Class tables: `attributes.csv`, as in the HearAI project's parser. Of two hands the dominant
one counts (it is written first), of two symbols joined by `hambetween` the first.
"""

import csv
from pathlib import Path

from slr_pose import BadInput

with open(Path(__file__).with_name("attributes.csv"), encoding="utf-8", newline="") as _table:
    _ROWS = list(csv.DictReader(_table))

# Names of the classes of each attribute, in the order of their numbers.
ATTRIBUTES: dict[str, list[str]] = {}
for _row in _ROWS:
    ATTRIBUTES.setdefault(_row["head"], []).append(_row["name"])

FIRST, LAST = "\ue000", "\ue0f1"
SYMMETRY = "\ue0e8\ue0e9"
SYMMETRY_MODIFIERS = "\ue010\ue0c7"
SIDES = {"\ue058": ("left_beside", "right_beside"), "\ue059": ("left", "right")}  # before, after the place
MOVEMENT = "".join(chr(code) for code in range(0xE080, 0xE0AB))  # straight, arcs, circles, wrist; hamreplace is last


def _symbols(head: str) -> dict[str, str]:
    """Symbol -> class name, for the attributes that one symbol tells."""
    rows = [row for row in _ROWS if row["head"] == head and row["symbols"]]
    return {chr(int(row["symbols"], 16)): row["name"] for row in rows}


_BASE, _THUMB, _BENDING, _DIRECTION, _PALM, _PLACE = (
    _symbols(head)
    for head in (
        "hand_shape_base_form",
        "hand_shape_thumb_position",
        "hand_shape_bending",
        "hand_position_finger_direction",
        "hand_position_palm_orientation",
        "hand_location_y",
    )
)
_SYMMETRY = {
    frozenset(chr(int(code, 16)) for code in row["symbols"].split()): row["name"]
    for row in _ROWS
    if row["head"] == "symmetry_operator"
}


def read_attributes(notation: str) -> dict[str, str]:
    """The class name of each of the eight attributes.

    Raises:
        BadInput: a character is no HamNoSys symbol, or handshape, direction or palm is missing.
    """
    text = "".join(notation.split())
    for position, symbol in enumerate(text, start=1):
        if not FIRST <= symbol <= LAST:
            raise BadInput(f"'{symbol}' (character {position}) is not a HamNoSys symbol; write Unicode HamNoSys.")

    def find(table: dict[str, str], what: str, start: int) -> int:
        for index in range(start, len(text)):
            if text[index] in table:
                return index
        raise BadInput(f"the notation {_code_points(text)} has no {what}.")

    base = find(_BASE, "handshape", 0)
    direction = find(_DIRECTION, "extended finger direction", base)
    palm = find(_PALM, "palm orientation", direction)
    operator = ""
    for symbol in text[:base]:
        if symbol in (SYMMETRY_MODIFIERS if operator else SYMMETRY):
            operator += symbol
        elif operator:
            break
    posture = text[base + 1 : direction].split("\ue0e7")[0]  # up to hamplus, which the other hand follows
    location_x, location_y = _location(text[palm + 1 :])
    return {
        "symmetry_operator": _SYMMETRY[frozenset(operator)],
        "hand_shape_base_form": _BASE[text[base]],
        "hand_shape_thumb_position": next((_THUMB[s] for s in posture if s in _THUMB), "none"),
        "hand_shape_bending": next((_BENDING[s] for s in posture if s in _BENDING), "none"),
        "hand_position_finger_direction": _DIRECTION[text[direction]],
        "hand_position_palm_orientation": _PALM[text[palm]],
        "hand_location_x": location_x,
        "hand_location_y": location_y,
    }


def _location(text: str) -> tuple[str, str]:
    """What follows the palm -> side and place; no place written means neutral space, in front of the chest."""
    for index, symbol in enumerate(text):
        if symbol in MOVEMENT:
            break
        if symbol in _PLACE:
            before, after = text[index - 1 : index], text[index + 1 : index + 2]
            side = SIDES[before][0] if before in SIDES else SIDES[after][1] if after in SIDES else "centre"
            return side, _PLACE[symbol]
    return "centre", "hamchest"


def _code_points(text: str) -> str:
    return " ".join(f"U+{ord(symbol):04X}" for symbol in text) or "(empty)"
