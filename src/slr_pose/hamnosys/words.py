"""A notation in plain English, for people who have never seen HamNoSys."""

from itertools import product

import numpy as np

from slr_pose.hamnosys.attributes import DIRECTION, PALM, has_two_hands, meaning
from slr_pose.hamnosys.notation import (
    Arrive,
    Between,
    Both,
    Bracket,
    Choice,
    Contact,
    Direction,
    Finger,
    Hand,
    Handshape,
    Location,
    Move,
    Palm,
    Posture,
    Repeat,
    Replace,
    Sign,
    Site,
    Step,
    Still,
    one_hand,
)
from slr_pose.hamnosys.orientation import PALMS, palm_normals, towards
from slr_pose.hamnosys.symbols import SYMBOLS

TOWARDS = {
    "u": "up",
    "d": "down",
    "l": "left",
    "r": "right",
    "o": "away from the signer",
    "i": "towards the signer",
}


def describe(sign: Sign) -> list[tuple[str, str, str]]:
    """The first posture: a row for each of its parts, its name, what the hand does, and what the other hand does.

    The last is empty where nothing is written for the other hand.
    """
    hand = _rows(one_hand(sign.posture))
    other = _rows(one_hand(sign.posture, dominant=False)) if has_two_hands(sign.posture) else {}
    own_words = {"symmetry", "alternation"}  # what its other modifiers mean is not settled
    symmetry = ", ".join(_meaning(name) if _kind(name) in own_words else f"with {name}" for name in sign.symmetry)
    rows = [("hands", symmetry or ("two that differ" if other else "one"), "")]
    if sign.nondominant:
        rows.append(("by", "the non-dominant hand", ""))
    same = {name: "the same" for name in hand if other.get(name) == hand[name]}
    return rows + [(name, hand.get(name, ""), (other | same).get(name, "")) for name in {**hand, **other}]


def actions(steps: tuple[Step, ...]) -> list[str]:
    """What happens then: a line for each step."""
    return [_step(step) for step in steps]


def in_words(attributes: dict[str, str]) -> dict[str, str]:
    """Class names of some of the eight heads -> what they mean; a palm, where it faces, if the direction is there."""
    words = {head: meaning(head, name) for head, name in attributes.items()}
    if DIRECTION in attributes and PALM in attributes:
        hand = Hand(directions=(Direction((attributes[DIRECTION],)),), palms=(Palm(attributes[PALM]),))
        words[PALM] = _palms(hand)
    return words


def _rows(hand: Hand) -> dict[str, str]:
    rows = {}
    if hand.shapes:
        rows["handshape"] = _halfway([_shape(shape) for shape in hand.shapes])
    if hand.directions:
        rows["fingers point"] = _halfway([_direction(direction) for direction in hand.directions])
    if hand.palms:
        rows["palm faces"] = _palms(hand)
    if hand.locations:
        rows["place"] = "; ".join(_location(location) for location in hand.locations)
    return rows


def _palms(hand: Hand) -> str:
    words = _halfway([_meaning(palm.name) + ", turning along" * palm.relative for palm in hand.palms])
    if len(hand.palms) == len(hand.directions) == 1:
        faces = _faces(hand.directions[0], hand.palms[0].name)
        if faces != _meaning(hand.palms[0].name):
            return f"{faces} (symbol: {words})"
    return words


def _faces(direction: Direction, palm: str) -> str:
    """Where a palm truly faces, as one of 26 directions."""
    fingers = towards(_letters(direction))
    normal = palm_normals(fingers)[PALMS.index(palm.removeprefix("hampalm"))]
    names = ["".join(name) for name in product(("u", "d", ""), ("l", "r", ""), ("o", "i", "")) if any(name)]
    vectors = np.array([towards(name) for name in names])
    return _listed([TOWARDS[c] for c in names[np.argmax(vectors @ normal / np.linalg.norm(vectors, axis=1))]])


def _letters(direction: Direction) -> str:
    return "".join(dict.fromkeys("".join(name.removeprefix("hamextfinger") for name in direction.names)))


def _direction(direction: Direction) -> str:
    return _listed([TOWARDS[letter] for letter in _letters(direction)]) + ", turning along" * any(direction.relative)


def _shape(shape: Handshape) -> str:
    words = ["as it happens to be" if shape.base == "hamnondominant" else _meaning(shape.base)]
    return ", ".join(words + [_finger(m) if isinstance(m, Finger) else _meaning(m) for m in shape.modifiers])


def _finger(finger: Finger) -> str:
    name = f"{_meaning(finger.part)} of the {_meaning(finger.name)}" if finger.part else _meaning(finger.name)
    words = " ".join([name, *map(_meaning, finger.modifiers)])
    return f"thumb between {words} and the next finger" if finger.before_thumb else words


def _location(location: Location) -> str:
    place = _halfway([_site(site) for site in location.sites])
    contact = location.contact
    if location.brushing:
        return f"brushing along {place or 'the other hand'}" + (f", {_contact(contact)}" if contact else "")
    if not contact:
        return place
    if "hamarmextended" in contact.names:
        return f"{place}, {_contact(contact)}"
    return f"{_contact(contact, place or 'the other hand')}"


def _contact(contact: Contact, place: str = "") -> str:
    words = [" and ".join(map(_meaning, contact.names)), place]
    if contact.own:
        words.append("with " + _halfway([_site(site) for site in contact.own]))
    return " ".join(filter(None, words))


def _site(site: Site) -> str:
    fingers = [_meaning(name) for name in site.parts if _kind(name) == "finger"]
    parts = [_meaning(name) for name in site.parts if _kind(name) == "finger part"]
    others = [_meaning(name) for name in site.parts if _kind(name) not in ("finger", "finger part")]
    words = _listed(parts or fingers)
    if parts:
        words += f" of the {_listed(fingers)}" if fingers else " of a finger"
    words = ", ".join(filter(None, [words, *others]))
    if not words.startswith(("under ", "below ", "neutral ")):
        words = f"the {words}"
    for name, side in ((site.before, "left"), (site.after, "right")):
        if name:
            words += f", {side} side" if name == "hamlrat" else f", beside it on the {side}"
    return words + ", or thereabouts" * site.etc


def _step(step: Step) -> str:
    match step:
        case Move(name, fingers, modifiers):
            return ", ".join([_move(name), *map(_meaning, fingers), *map(_meaning, modifiers)])
        case Between(moves):
            return _halfway([_step(move) for move in moves])
        case Replace(posture, change, modifiers):
            changed = ", one finger after the other" if change else ""
            return ", ".join([f"becomes{changed}: {_posture(posture)}", *map(_meaning, modifiers)])
        case Arrive(location, modifiers):
            return ", ".join([f"gets to: {_location(location)}", *map(_meaning, modifiers)])
        case Bracket(order, branches, modifiers):
            return ", ".join([_bracket(order, branches), *map(_meaning, modifiers)])
        case Choice(options):
            return "either " + ", or ".join("; ".join(actions(option)) for option in options)
        case Repeat(name, modifiers):
            return ", ".join([_meaning(name), *map(_meaning, modifiers)])
    raise TypeError(f"{step} is no step of a sign")


def _bracket(order: str, branches: tuple[tuple[Step, ...], ...]) -> str:
    joint = {"par": " + ", "seq": ", then ", "fusion": " into "}[order]
    first, *other = [joint.join(actions(steps)) for steps in branches]
    inside = f"hand: {first} | other hand: {other[0]}" if other else first
    start = {"par": "at the same time", "seq": "one after the other", "fusion": "in one go"}[order]
    return f"{start} ({inside})"


def _move(name: str) -> str:
    return {"straight movement": "moves ", "circle": "circles "}.get(_kind(name), "") + _meaning(name)


def _posture(posture: Posture) -> str:
    words = []
    for part in posture:
        match part:
            case Hand():
                rows = _rows(part)
                words += [w if name == "handshape" else f"{name} {w}" for name, w in rows.items()]
            case Both(dominant, nondominant):
                words.append(f"hand: {_posture(dominant)} | other hand: {_posture(nondominant)}")
            case Choice(options):
                words.append("either " + ", or ".join(map(_posture, options)))
            case Still():
                words.append("still")
    return ", ".join(words)


def _halfway(words: list[str]) -> str:
    return words[0] if len(words) == 1 else "halfway from " + " to ".join(words) if words else ""


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _meaning(name: str) -> str:
    return SYMBOLS[name].meaning


def _kind(name: str) -> str:
    return SYMBOLS[name].kind
