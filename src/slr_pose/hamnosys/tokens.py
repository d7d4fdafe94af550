"""The symbols of a notation one after the other: what comes next, and what has to."""

from collections.abc import Callable

from slr_pose import BadInput
from slr_pose.hamnosys.notation import BEGIN, END, Part, kind


class Tokens:
    """The symbols of a notation, and how many of them are read."""

    def __init__(self, names: list[str]):
        self.names, self.at = names, 0

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
        """What to raise where the next symbol does not fit."""
        if self.at == len(self.names):
            return BadInput(f"the notation ends after {self.names[-1]} (symbol {len(self.names)}): {why}.")
        return BadInput(f"{self.names[self.at]} (symbol {self.at + 1} of {len(self.names)}) does not fit: {why}.")

    def take(self) -> str:
        """The next symbol."""
        self.at += 1
        return self.names[self.at - 1]

    def take_while(self, kinds: set[str]) -> tuple[str, ...]:
        """The next symbols, as long as they are of some kinds."""
        start = self.at
        while self.kind() in kinds:
            self.at += 1
        return tuple(self.names[start : self.at])

    def accept(self, name: str) -> bool:
        """Whether the next symbol is that one, which is then read."""
        found = self.at < len(self.names) and self.names[self.at] == name
        self.at += found
        return found

    def expect(self, name: str, why: str) -> None:
        """Read that symbol.

        Raises:
            BadInput: it is another.
        """
        if not self.accept(name):
            raise self.fail(f"{why}, {name} is missing")

    def between(self, rule: Callable[[], Part], kinds: set[str]) -> tuple[Part, ...]:
        """What a rule reads, once, or several times with hambetween.

        Raises:
            BadInput: what stands behind hambetween is of another kind.
        """
        found = [rule()]
        while self.kind() == "between":
            self.take()
            if self.kind() not in kinds:
                raise self.fail(f"after hambetween, another {' or '.join(sorted(kinds))} is missing")
            found.append(rule())
        return tuple(found)


def _token(name: str) -> str:
    return name if kind(name) in {"bracket", "alternative"} else kind(name)
