"""The symbols of HamNoSys 4: code point, name, kind and meaning of each, from `symbols.csv`.

Names and code points as in HamNoSys4TeX (Schulder and Hanke, University of Hamburg, 2021); nearly all lie in Unicode's
Private Use Area, which only the font HamNoSysUnicode draws. Meanings are in our own words. `aliases.csv` has what other
programs and collections call some of them.
"""

import csv
import difflib
from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput


@dataclass(frozen=True)
class Symbol:
    """A row of `symbols.csv`."""

    character: str
    name: str
    kind: str
    meaning: str


def _read(name: str) -> list[dict[str, str]]:
    with open(Path(__file__).with_name(name), encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


SYMBOLS: dict[str, Symbol] = {  # by name
    row["name"]: Symbol(chr(int(row["code"], 16)), row["name"], row["kind"], row["meaning"])
    for row in _read("symbols.csv")
}
_NAMES = {symbol.character: symbol.name for symbol in SYMBOLS.values()}
_KNOWN = {name.lower(): name for name in SYMBOLS} | {row["alias"]: row["name"] for row in _read("aliases.csv")}
_TAG = str.maketrans(",</>", "    ")


def read_names(notation: str) -> list[str]:
    """The names of a notation's symbols, of characters or of names.

    Names may have commas or spaces between them, or be tags, as in SiGML, `<hamfist/>`. They may be in capitals, or be
    what other programs call the symbols. White space tells nothing.

    Raises:
        BadInput: a character or a name is unknown.
    """
    words = notation.translate(_TAG).split()
    if words and all(word.isascii() and word[0].isalpha() for word in words):
        for position, word in enumerate(words, start=1):
            if word.lower() not in _KNOWN:
                near = difflib.get_close_matches(word, SYMBOLS, n=1)
                hint = f": did you mean {near[0]}?" if near else "; names look like hamflathand."
                shown = word if len(word) < 40 else f"{word[:40]}..."
                raise BadInput(f"'{shown}' (symbol {position}) is not the name of a HamNoSys symbol{hint}")
        return [_KNOWN[word.lower()] for word in words]
    characters = "".join(notation.split())
    for position, character in enumerate(characters, start=1):
        if character not in _NAMES:
            raise BadInput(
                f"'{character}' (character {position}) is not a HamNoSys symbol; write Unicode HamNoSys or the names"
                " of its symbols."
            )
    return [_NAMES[character] for character in characters]


def write_characters(names: list[str]) -> str:
    """The names' Unicode characters."""
    return "".join(SYMBOLS[name].character for name in names)
