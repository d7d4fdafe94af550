"""The symbols of a HamNoSys notation -> its structure, by the grammar that stands in `notation.py`."""

from collections.abc import Callable

from slr_pose import BadInput
from slr_pose.hamnosys.hand_parser import PLACES, HandParser
from slr_pose.hamnosys.notation import (
    BEGIN,
    END,
    Arrive,
    Between,
    Both,
    Bracket,
    Choice,
    Hand,
    Move,
    Notation,
    Part,
    Posture,
    PosturePart,
    Repeat,
    Replace,
    Sign,
    Step,
    Still,
    one_hand,
)
from slr_pose.hamnosys.symbols import read_names

DEEPEST = 20  # brackets and choices within others
OPENS, CLOSES = {*BEGIN.values(), "hamaltbegin"}, {*END.values(), "hamaltend"}
LOCATION = 3  # handshape, direction, palm, location
MOVEMENTS = {"straight movement", "circle", "hand-internal movement", "no motion"}
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


class _Parser(HandParser):
    """Recursive descent: a method for each rule, which leaves `at` behind what it has read."""

    def notation(self) -> Notation:
        """Signs with hamplus between them, and nothing else."""
        signs = [self.sign()]
        while self.accept("hamplus"):
            signs.append(self.sign())
        if self.at < len(self.names):
            raise self.fail(self.misplaced())
        return Notation(tuple(signs))

    def sign(self) -> Sign:
        """Symmetry, first posture and steps."""
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
        """What is written of hands, on top of what was read before."""
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
        """A bracket around what differs between the hands."""
        self.take()
        dominant = self.side_of_both()
        self.expect("hamplus", "between what the two hands do")
        nondominant = self.side_of_both()
        self.expect("hamparend", "after the other hand")
        return Both(dominant, nondominant)

    def both_without_brackets(self, first: PosturePart) -> Posture:
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
        """What one of the hands is in."""
        posture = (Still(),) if self.accept("hamnomotion") else self.posture()
        if not posture:
            raise self.fail("a handshape, direction, palm or place is missing")
        return posture

    def choice(self, rule: Callable[[], tuple[Part, ...]]) -> Choice[Part]:
        """Options in brackets, each of which a rule reads."""
        self.take()
        options = [rule()]
        while self.accept("hammetaalt"):
            options.append(rule())
        self.expect("hamaltend", "after a choice")
        if not all(options):
            raise self.fail("a choice is empty")
        return Choice(tuple(options))

    def steps(self) -> tuple[Step, ...]:
        """As many as there are."""
        steps: list[Step] = []
        while (step := self.step()) is not None:
            steps.append(step)
        return tuple(steps)

    def step(self) -> Step | None:
        """A movement or another change; None where something else comes next."""
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
                return self.bracket(order)
        return None

    def move(self) -> Move:
        """A movement, the fingers that play, and how it is done."""
        name, fingers = self.take(), []
        while name == "hamfingerplay" and self.kind() == "finger" and self.kind(1) != "finger part":
            fingers.append(self.take())
        return Move(name, tuple(fingers), self.take_while(MODIFIERS))

    def replace(self) -> Replace:
        """A new posture."""
        self.take()
        change = self.take() if self.kind() == "size change" else ""
        posture = self.posture()
        if not posture:
            raise self.fail("after hamreplace, the new posture is missing")
        return Replace(posture, change, self.take_while(MODIFIERS))

    def bracket(self, order: str) -> Bracket:
        """Steps in brackets, of one hand or of each."""
        self.take()
        branches = [self.steps()]
        if self.accept("hamplus"):
            branches.append(self.steps())
        if self.at == len(self.names) or self.names[self.at] != END[order]:
            raise self.fail(f"{END[order]} is missing" if self.kind() in {"", *END.values()} else self.misplaced())
        if not all(branches):
            raise self.fail("there is nothing in the brackets, or on one side of hamplus")
        self.take()
        return Bracket(order, tuple(branches), self.take_while(MODIFIERS))

    def misplaced(self) -> str:
        """Why the next symbol cannot stand here."""
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
