"""The structure of a notation -> its symbols, by name or as Unicode characters."""

from slr_pose.hamnosys.notation import (
    BEGIN,
    END,
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
    Notation,
    Palm,
    Repeat,
    Replace,
    Sign,
    Site,
    Still,
)
from slr_pose.hamnosys.symbols import write_characters


def write(notation: Notation) -> str:
    """The notation in Unicode characters."""
    return write_characters(write_names(notation))


def write_names(notation: Notation) -> list[str]:
    """The names of the notation's symbols, in order."""
    return _joined("hamplus", notation.signs)


def _joined(name: str, parts: tuple) -> list[str]:
    """What the parts write, with a symbol between each two."""
    return [symbol for n, part in enumerate(parts) for symbol in ([name] if n else []) + _written(part)]


def _written(part: object) -> list[str]:
    match part:
        case None:
            return []
        case str():
            return [part]
        case tuple():
            return [symbol for member in part for symbol in _written(member)]
        case Sign():
            nondominant = ("hamnondominant",) * part.nondominant
            return _written((part.symmetry, nondominant, part.posture, part.steps))
        case Hand(shapes, directions, palms, locations):
            return [
                *(s for blend in (shapes, directions, palms) for s in _joined("hambetween", blend)),
                *_written(locations),
            ]
        case Both(dominant, nondominant, bracketed):
            hands = [*_written(dominant), "hamplus", *_written(nondominant)]
            return ["hamparbegin", *hands, "hamparend"] if bracketed else hands
        case Choice(options):
            return ["hamaltbegin", *_joined("hammetaalt", options), "hamaltend"]
        case Still():
            return ["hamnomotion"]
        case Handshape(base, modifiers):
            return [base, *_written(modifiers)]
        case Finger():
            between = ("hambetween",) * part.before_thumb
            return [part.name, *_written((part.part or None, part.modifiers, between))]
        case Direction(names, relative):
            return [
                symbol
                for pair in zip(names, relative, strict=True)
                for symbol in [pair[0], *["hamorirelative"] * pair[1]]
            ]
        case Palm(name, relative):
            return [name, *["hamorirelative"] * relative]
        case Location(sites, contact, brushing):
            place = [*_joined("hambetween", sites), *_written(contact)]
            return ["hamseqbegin", "hambrushing", *place, "hamseqend"] if brushing else place
        case Site():
            return _written((part.before or None, part.parts, part.after or None, ("hametc",) * part.etc))
        case Contact(names, own, own_first):
            inside = [*([] if own_first else names), *_joined("hambetween", own)]
            bracket = ["hamseqbegin", *inside, "hamseqend"] if own else inside
            return [*bracket, *(names if own_first else [])]
        case Move(name, fingers, modifiers):
            return [name, *fingers, *modifiers]
        case Between(moves):
            return _joined("hambetween", moves)
        case Replace(posture, change, modifiers):
            return ["hamreplace", *_written((change or None, posture)), *modifiers]
        case Arrive(location, modifiers):
            return [*_written(location), *modifiers]
        case Bracket(order, branches, modifiers):
            return [BEGIN[order], *_joined("hamplus", branches), END[order], *modifiers]
        case Repeat(name, modifiers):
            return [name, *modifiers]
    raise TypeError(f"{part} is no part of a notation")
