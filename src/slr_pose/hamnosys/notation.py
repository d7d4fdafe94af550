"""A HamNoSys notation -> a structure that says what each symbol belongs to, and back.

A notation is an initial posture and the actions that change it (Hanke 2004, "HamNoSys - representing sign language data
in language resources and language processing contexts", 2.1):

    notation  = sign { hamplus sign }                                   several: a compound
    sign      = [ symmetry ] [ hamnondominant ] posture { step }
    posture   = { hand | hamparbegin posture hamplus posture hamparend }
    hand      = [ handshape ] [ direction ] [ palm ] { location }       what both hands share is written once
    location  = site { hambetween site } [ contact ]
    step      = movement | hamreplace posture | location | bracket steps [ hamplus steps ] bracket | repetition

Handshapes, directions, palms and movements may be halfway between two, joined by `hambetween`; two directions side by
side are the diagonal between them; hamaltbegin ... hammetaalt ... hamaltend is a choice. Symbols are called by their
names here; `symbols.py` knows their characters.
"""

from collections.abc import Callable
from dataclasses import dataclass

from slr_pose import BadInput
from slr_pose.hamnosys.symbols import SYMBOLS, read_names, write_characters

BEGIN = {"par": "hamparbegin", "seq": "hamseqbegin", "fusion": "hamfusionbegin"}
DEEPEST = 20  # brackets and choices within others
END = {"par": "hamparend", "seq": "hamseqend", "fusion": "hamfusionend"}
OPENS, CLOSES = {*BEGIN.values(), "hamaltbegin"}, {*END.values(), "hamaltend"}


@dataclass(frozen=True)
class Finger:
    """A finger that differs from what the handshape's base says of it."""

    name: str
    part: str = ""  # where it touches
    modifiers: tuple[str, ...] = ()  # its own bending, thumb or size
    before_thumb: bool = False  # hambetween follows: the thumb is between this finger and the next


@dataclass(frozen=True)
class Handshape:
    base: str  # one of 12, or hamnondominant: the other hand as it happens to be
    modifiers: "tuple[str | Finger, ...]" = ()  # thumb, bending, fingers, hametc, as written

    @property
    def thumb(self) -> str | None:
        return next((m for m in self.modifiers if isinstance(m, str) and kind(m) == "thumb"), None)

    @property
    def bending(self) -> str | None:
        """Of the whole hand, or else of the first finger that has one."""
        own = [m for m in self.modifiers if isinstance(m, str)]
        fingers = [m for finger in self.modifiers if isinstance(finger, Finger) for m in finger.modifiers]
        return next((m for m in own + fingers if kind(m) == "bending"), None)


@dataclass(frozen=True)
class Direction:
    """One extended finger direction, or two side by side: the diagonal between them."""

    names: tuple[str, ...]
    relative: tuple[bool, ...] = (False,)  # of each, whether hamorirelative follows


@dataclass(frozen=True)
class Palm:
    name: str
    relative: bool = False


@dataclass(frozen=True)
class Site:
    """A place on the body, an arm or a hand."""

    parts: tuple[str, ...]  # hamchest; or of a hand: hamindexfinger, hamfingertip
    before: str = ""  # hamlrat or hamlrbeside before the place, its left side
    after: str = ""  # after the place, its right side
    etc: bool = False


@dataclass(frozen=True)
class Contact:
    names: tuple[str, ...]  # hamclose, hamtouch, ...
    own: tuple[Site, ...] = ()  # with which part of the hand: in brackets, hamseqbegin hamtouch hamfingertip hamseqend
    own_first: bool = False  # the bracket stands before the contact and without it


@dataclass(frozen=True)
class Location:
    sites: tuple[Site, ...] = ()  # between which; none where the two hands meet
    contact: Contact | None = None
    brushing: bool = False  # in brackets, with hambrushing before: the movement brushes along it


@dataclass(frozen=True)
class Hand:
    shapes: tuple[Handshape, ...] = ()  # one, or those that it is between; so are directions and palms
    directions: tuple[Direction, ...] = ()
    palms: tuple[Palm, ...] = ()
    locations: tuple[Location, ...] = ()


@dataclass(frozen=True)
class Still:
    """hamnomotion: this hand stays as it is."""


@dataclass(frozen=True)
class Both:
    """What differs between the hands."""

    dominant: "Posture"
    nondominant: "Posture"
    bracketed: bool = True  # some write `hand hamplus hand` at the beginning of a sign


@dataclass(frozen=True)
class Choice:
    """One or the other: of hands in a posture, of steps among steps."""

    options: "tuple[tuple[Hand | Both | Choice | Still, ...] | tuple[Step, ...], ...]"


Posture = tuple["Hand | Both | Choice | Still", ...]


@dataclass(frozen=True)
class Move:
    """Straight, circular or within the hand."""

    name: str
    fingers: tuple[str, ...] = ()  # which fingers play
    modifiers: tuple[str, ...] = ()  # size, path, manner, ..., as written


@dataclass(frozen=True)
class Between:
    """A movement halfway between others."""

    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Replace:
    """The hand becomes another."""

    posture: Posture
    change: str = ""  # hamincreasing, hamdecreasing: one finger after the other
    modifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrive:
    """The hand gets to a place."""

    location: Location
    modifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Steps at the same time (par), one after the other (seq), or fused into one."""

    order: str
    branches: "tuple[tuple[Step, ...], ...]"  # one; or two, dominant hand and other hand
    modifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repeat:
    """A repetition or hamalternatingmotion, of what was written up to here."""

    name: str
    modifiers: tuple[str, ...] = ()


Step = Move | Between | Replace | Arrive | Group | Choice | Repeat


@dataclass(frozen=True)
class Sign:
    posture: Posture
    steps: tuple[Step, ...] = ()
    symmetry: tuple[str, ...] = ()  # operator and its modifiers, as written
    nondominant: bool = False  # the other hand does it


@dataclass(frozen=True)
class Notation:
    signs: tuple[Sign, ...]


def kind(name: str) -> str:
    return SYMBOLS[name].kind


LOCATION = 3  # handshape, direction, palm, location
MOVEMENTS = {"straight movement", "circle", "hand-internal movement", "no motion"}
PLACES = {"body", "arm", "hand part", "finger", "finger part"}
MODIFIERS = {"size", "path", "clock", "size change", "manner"}
SYMMETRY_MODIFIERS = {"bending", "size", "alternation"}


def parse(notation: str) -> Notation:
    """Read a notation, of Unicode characters or of names with commas or spaces between them.

    Raises:
        BadInput: it is not well-formed; the sentence names the first symbol that does not fit, and its position.
    """
    names = read_names(notation)
    if not names:
        raise BadInput("the notation is empty.")
    depth = 0
    for position, name in enumerate(names, start=1):
        depth += (name in OPENS) - (name in CLOSES)
        if depth > DEEPEST:
            raise BadInput(f"{name} (symbol {position}) opens bracket {depth} within another; a notation has a few.")
    return _Parser(names).notation()


def write(notation: Notation) -> str:
    """The notation in Unicode characters."""
    return write_characters(write_names(notation))


class _Parser:
    """Recursive descent: a method a rule, each of which leaves `at` behind what it has read."""

    def __init__(self, names: list[str]):
        self.names, self.at = names, 0

    # Looking ahead

    def kind(self, ahead: int = 0) -> str:
        """The kind of a symbol ahead; that of brackets is their name. Empty at the end."""
        return _token(self.names[self.at + ahead]) if self.at + ahead < len(self.names) else ""

    def inside(self) -> list[str]:
        """The tokens in the bracket that opens here."""
        depth = 0
        for end in range(self.at, len(self.names)):
            depth += self.names[end] in BEGIN.values()
            depth -= self.names[end] in END.values()
            if depth == 0:
                break
        return [_token(name) for name in self.names[self.at + 1 : end]]

    def fail(self, why: str) -> BadInput:
        if self.at == len(self.names):
            return BadInput(f"the notation ends after {self.names[-1]} (symbol {len(self.names)}): {why}.")
        return BadInput(f"{self.names[self.at]} (symbol {self.at + 1} of {len(self.names)}) does not fit: {why}.")

    # Reading

    def take(self) -> str:
        self.at += 1
        return self.names[self.at - 1]

    def take_while(self, kinds: set[str]) -> tuple[str, ...]:
        start = self.at
        while self.kind() in kinds:
            self.at += 1
        return tuple(self.names[start : self.at])

    def accept(self, name: str) -> bool:
        found = self.at < len(self.names) and self.names[self.at] == name
        self.at += found
        return found

    def expect(self, name: str, why: str) -> None:
        if not self.accept(name):
            raise self.fail(f"{why}, {name} is missing")

    def between(self, rule: "Callable[[], object]", kinds: set[str]) -> tuple:
        """What a rule reads, once, or several times with hambetween."""
        found = [rule()]
        while self.kind() == "between":
            self.take()
            if self.kind() not in kinds:
                raise self.fail(f"after hambetween, another {' or '.join(sorted(kinds))} is missing")
            found.append(rule())
        return tuple(found)

    # Rules

    def notation(self) -> Notation:
        signs = [self.sign()]
        while self.accept("hamplus"):
            signs.append(self.sign())
        if self.at < len(self.names):
            raise self.fail(self.misplaced())
        return Notation(tuple(signs))

    def sign(self) -> Sign:
        symmetry: tuple[str, ...] = ()
        if self.kind() in {"symmetry", "alternation"}:
            symmetry = (self.take(), *self.take_while(SYMMETRY_MODIFIERS))
        nondominant = self.accept("hamnondominant")
        start = self.at
        posture = self.posture()
        if len(posture) == 1 and self.kind() == "plus" and self.kind(1) in {"handshape", "direction", "palm"}:
            posture = self.both_without_brackets(posture[0])
        if not one_hand(posture).shapes:
            self.at = start
            raise self.fail("a sign begins with a handshape")
        return Sign(posture, self.steps(), symmetry, nondominant)

    def posture(self, beginning: Posture = ()) -> Posture:
        parts = list(beginning)
        while True:
            start, before = self.at, one_hand(tuple(parts))
            if self.kind() in {"handshape", "other hand", "direction", "palm"} or self.at_location():
                parts.append(self.hand())
            elif self.kind() == "hamparbegin" and self.is_posture(self.inside()):
                parts.append(self.both())
            elif self.kind() == "hamaltbegin" and self.kind(1) in {"handshape", "direction", "palm"}:
                parts.append(self.choice(self.posture))
            else:
                return tuple(parts)
            first = min(_filled(one_hand((parts[-1],))), default=LOCATION)
            if first < LOCATION and first <= max(_filled(before), default=-1):
                self.at = start
                raise self.fail("the posture has that already, or it comes too late; a change takes hamreplace")

    def is_posture(self, tokens: list[str]) -> bool:
        """Whether a bracket holds what differs between the hands, and no movements."""
        first = next((token for token in tokens if token not in {"hamparbegin", "hamaltbegin"}), "")
        if first in {"handshape", "other hand", "direction", "palm"}:
            return True
        return first in PLACES | {"side"} and "plus" in tokens and not {"replace", *MOVEMENTS} & set(tokens)

    def both(self) -> Both:
        self.take()
        dominant = self.side_of_both()
        self.expect("hamplus", "between what the two hands do")
        nondominant = self.side_of_both()
        self.expect("hamparend", "after the other hand")
        return Both(dominant, nondominant)

    def both_without_brackets(self, first: "Hand | Both | Choice | Still") -> Posture:
        """Two hands at the beginning, or the first sign of a compound: that one has a place or moves, as a rule.

        The other hand has for itself what the first has; what is written after that belongs to both. Where that can't
        be read, it is a compound after all.
        """
        if not isinstance(first, Hand) or first.locations:
            return (first,)
        start = self.at
        self.take()
        other = self.hand(palm=bool(first.palms), direction=bool(first.palms or first.directions), location=False)
        try:
            if other != Hand():
                return self.posture((Both((first,), (other,), bracketed=False),))
        except BadInput:
            pass
        self.at = start
        return (first,)

    def side_of_both(self) -> Posture:
        posture = (Still(),) if self.accept("hamnomotion") else self.posture()
        if not posture:
            raise self.fail("a handshape, direction, palm or place is missing")
        return posture

    def choice(self, rule: Callable[[], tuple]) -> Choice:
        self.take()
        options = [rule()]
        while self.accept("hammetaalt"):
            options.append(rule())
        self.expect("hamaltend", "after a choice")
        if not all(options):
            raise self.fail("a choice is empty")
        return Choice(tuple(options))

    def hand(self, direction: bool = True, palm: bool = True, location: bool = True) -> Hand:
        shapes = directions = palms = ()
        if self.kind() in {"handshape", "other hand"}:
            shapes = self.between(self.handshape, {"handshape"})
        if direction and self.kind() == "direction":
            directions = self.between(self.direction, {"direction"})
        if palm and self.kind() == "palm":
            palms = self.between(self.palm, {"palm"})
        locations = []
        while location and self.at_location():
            locations.append(self.location())
        return Hand(shapes, directions, palms, tuple(locations))

    def handshape(self) -> Handshape:
        base = self.take()
        modifiers: list[str | Finger] = []
        while True:
            if self.kind() in {"thumb", "bending", "et cetera"}:
                modifiers.append(self.take())
            elif self.kind() == "finger":
                modifiers.append(self.finger())
            else:
                return Handshape(base, tuple(modifiers))

    def finger(self) -> Finger:
        name = self.take()
        part = self.take() if self.kind() == "finger part" else ""
        modifiers = self.take_while({"bending", "size"})
        before_thumb = self.kind() == "between" and self.kind(1) == "finger"
        if before_thumb:
            self.take()
        return Finger(name, part, modifiers, before_thumb)

    def direction(self) -> Direction:
        names, relative = [], []
        while self.kind() == "direction" and len(names) < 2:
            names.append(self.take())
            relative.append(self.accept("hamorirelative"))
        return Direction(tuple(names), tuple(relative))

    def palm(self) -> Palm:
        return Palm(self.take(), self.accept("hamorirelative"))

    def at_location(self) -> bool:
        return self.kind() in {"contact", "side", *PLACES} or self.at_own_part() or self.at_brushing()

    def at_brushing(self) -> bool:
        return self.kind() == "hamseqbegin" and self.kind(1) == "brushing"

    def at_own_part(self) -> bool:
        """At a bracket that says with which part of the hand: contact and places, no movement."""
        tokens = self.inside() if self.kind() == "hamseqbegin" else []
        allowed = {"contact", "side", "between", "et cetera", *PLACES}
        return bool(tokens) and set(tokens) <= allowed and not set(tokens) <= {"contact"}

    def location(self) -> Location:
        if self.at_brushing():
            self.take(), self.take()
            sites = self.sites() if self.kind() in PLACES | {"side"} else ()
            location = Location(sites, self.contact(), brushing=True)
            self.expect("hamseqend", "after what is brushed")
            return location
        sites = self.sites() if self.kind() in PLACES | {"side"} else ()
        return Location(sites, self.contact())

    def sites(self) -> tuple[Site, ...]:
        return self.between(self.site, PLACES | {"side"})

    def site(self) -> Site:
        before = self.take() if self.kind() == "side" else ""
        if self.kind() == "body":
            parts: tuple[str, ...] = (self.take(),)
        elif self.kind() == "arm":
            parts = (self.take(), *self.take_while({"hand part"}))
        elif self.kind() in PLACES:
            parts = self.take_while({"hand part", "finger", "finger part"})
        else:
            raise self.fail(f"after {before}, a place is missing")
        after = self.take() if self.kind() == "side" else ""
        return Site(parts, before, after, self.accept("hametc"))

    def contact(self) -> Contact | None:
        if self.kind() == "contact":
            return Contact(self.take_while({"contact"}))
        if not self.at_own_part():
            return None
        self.take()
        names = self.take_while({"contact"})
        own = self.sites()
        self.expect("hamseqend", "after the part of the hand")
        if names:
            return Contact(names, own)
        if self.kind() != "contact":
            raise self.fail("after the part of the hand, its contact is missing")
        return Contact(self.take_while({"contact"}), own, own_first=True)

    def steps(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        while (step := self.step()) is not None:
            steps.append(step)
        return tuple(steps)

    def step(self) -> Step | None:
        if self.kind() in MOVEMENTS:
            moves = self.between(self.move, MOVEMENTS)
            return moves[0] if len(moves) == 1 else Between(moves)
        if self.kind() in {"repetition", "alternation"}:
            return Repeat(self.take(), self.take_while({"size change", "manner"}))
        if self.kind() == "hamaltbegin":
            return self.choice(self.steps)
        if self.kind() == "replace":
            return self.replace()
        if self.at_location():
            return Arrive(self.location(), self.take_while(MODIFIERS))
        for order, begin in BEGIN.items():
            if self.kind() == begin:
                return self.group(order)
        return None

    def move(self) -> Move:
        name, fingers = self.take(), []
        while name == "hamfingerplay" and self.kind() == "finger" and self.kind(1) != "finger part":
            fingers.append(self.take())
        return Move(name, tuple(fingers), self.take_while(MODIFIERS))

    def replace(self) -> Replace:
        self.take()
        change = self.take() if self.kind() == "size change" else ""
        posture = self.posture()
        if not posture:
            raise self.fail("after hamreplace, the new posture is missing")
        return Replace(posture, change, self.take_while(MODIFIERS))

    def group(self, order: str) -> Group:
        self.take()
        branches = [self.steps()]
        if self.accept("hamplus"):
            branches.append(self.steps())
        if self.at == len(self.names) or self.names[self.at] != END[order]:
            raise self.fail(f"{END[order]} is missing" if self.kind() in {"", *END.values()} else self.misplaced())
        if not all(branches):
            raise self.fail("there is nothing in the brackets, or on one side of hamplus")
        self.take()
        return Group(order, tuple(branches), self.take_while(MODIFIERS))

    def misplaced(self) -> str:
        return _MISPLACED.get(self.kind(), "it can't stand here")


_MISPLACED = {
    "handshape": "a new posture takes hamreplace before it",
    "direction": "a new posture takes hamreplace before it",
    "palm": "a new posture takes hamreplace before it",
    "thumb": "it belongs to a handshape, right behind it",
    "bending": "it belongs to a handshape or a finger, right behind it",
    "size change": "it belongs behind a movement, a repetition or hamreplace",
    "manner": "there is no movement before it",
    "plus": "there are no brackets around the two hands",
    "between": "there is nothing before it that could be between",
    "brushing": "it stands after hamseqbegin",
    "symmetry": "it stands at the very beginning",
    **{name: "it closes a bracket that was not opened" for name in END.values()},
}


def _filled(hand: Hand) -> list[int]:
    """Which of a hand's parts are there, by their place in the order in which they are written."""
    parts = (hand.shapes, hand.directions, hand.palms, hand.locations)
    return [number for number, part in enumerate(parts) if part]


def _token(name: str) -> str:
    return name if kind(name) in {"bracket", "alternative"} else kind(name)


def one_hand(posture: Posture, dominant: bool = True) -> Hand:
    """What is written for one hand, and for both; of a choice, the first."""
    found = Hand()
    for part in posture:
        if isinstance(part, Both):
            part = one_hand(part.dominant if dominant else part.nondominant, dominant)
        elif isinstance(part, Choice):
            part = one_hand(part.options[0], dominant)
        if isinstance(part, Hand):
            found = Hand(
                found.shapes or part.shapes,
                found.directions or part.directions,
                found.palms or part.palms,
                found.locations + part.locations,
            )
    return found


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
            names = [*_joined("hambetween", sites), *_written(contact)]
            return ["hamseqbegin", "hambrushing", *names, "hamseqend"] if brushing else names
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
        case Group(order, branches, modifiers):
            return [BEGIN[order], *_joined("hamplus", branches), END[order], *modifiers]
        case Repeat(name, modifiers):
            return [name, *modifiers]
    raise TypeError(f"{part} is no part of a notation")
