"""A HamNoSys notation as a structure that says what each symbol belongs to; `parser` reads it, and `writer` writes it.

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

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from slr_pose.hamnosys.symbols import SYMBOLS

BEGIN = {"par": "hamparbegin", "seq": "hamseqbegin", "fusion": "hamfusionbegin"}
END = {"par": "hamparend", "seq": "hamseqend", "fusion": "hamfusionend"}


@dataclass(frozen=True)
class Finger:
    """A finger that differs from what the handshape's base says of it."""

    name: str
    part: str = ""  # where it touches
    modifiers: tuple[str, ...] = ()  # its own bending, thumb or size
    before_thumb: bool = False  # hambetween follows: the thumb is between this finger and the next


@dataclass(frozen=True)
class Handshape:
    """A base form and what changes it."""

    base: str  # one of 12, or hamnondominant: the other hand as it happens to be
    modifiers: "tuple[str | Finger, ...]" = ()  # thumb, bending, fingers, hametc, as written

    @property
    def thumb(self) -> str | None:
        """Where the thumb is, if that is written."""
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
    """A palm orientation."""

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
    """How near the hand is to a place, and with which part."""

    names: tuple[str, ...]  # hamclose, hamtouch, ...
    own: tuple[Site, ...] = ()  # with which part of the hand: in brackets, hamseqbegin hamtouch hamfingertip hamseqend
    own_first: bool = False  # the bracket stands before the contact and without it


@dataclass(frozen=True)
class Location:
    """Where the hand is, and what it touches."""

    sites: tuple[Site, ...] = ()  # between which; none where the two hands meet
    contact: Contact | None = None
    brushing: bool = False  # in brackets, with hambrushing before: the movement brushes along it


@dataclass(frozen=True)
class Hand:
    """What is written of one hand."""

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


Part = TypeVar("Part")


@dataclass(frozen=True)
class Choice(Generic[Part]):
    """One or the other: of hands in a posture, of steps among steps."""

    options: tuple[tuple[Part, ...], ...]


PosturePart: TypeAlias = Hand | Both | Choice["PosturePart"] | Still
Posture: TypeAlias = tuple[PosturePart, ...]


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
class Bracket:
    """Steps at the same time (par), one after the other (seq), or fused into one."""

    order: str
    branches: "tuple[tuple[Step, ...], ...]"  # one; or two, dominant hand and other hand
    modifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repeat:
    """A repetition or hamalternatingmotion, of what was written up to here."""

    name: str
    modifiers: tuple[str, ...] = ()


Step: TypeAlias = Move | Between | Replace | Arrive | Bracket | Choice["Step"] | Repeat


@dataclass(frozen=True)
class Sign:
    """A first posture and what changes it."""

    posture: Posture
    steps: tuple[Step, ...] = ()
    symmetry: tuple[str, ...] = ()  # operator and its modifiers, as written
    nondominant: bool = False  # the other hand does it


@dataclass(frozen=True)
class Notation:
    """One sign, or several: a compound."""

    signs: tuple[Sign, ...]


def kind(name: str) -> str:
    """What kind of symbol a name is, as `symbols.csv` says."""
    return SYMBOLS[name].kind


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
