"""Text that is not ours, in files and names and labels, as it may be shown."""

import re
import unicodedata
from collections.abc import Collection
from itertools import islice

HIDDEN = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of surrogates, line and paragraph separators
NAMED = 5  # names, or sentences, of many; the others are counted
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # they write what follows backwards


def is_hidden(character: str) -> bool:
    """Whether a terminal would obey a character instead of showing it, or could not show it."""
    return unicodedata.category(character) in HIDDEN or character in TURNING


def shown(text: object) -> str:
    """The text in one line, with each character that a terminal would obey as an escape: `\\x1b`, `\\n`, `\\u202e`.

    The bytes of a file name that is not UTF-8 are escapes, too: `\\xff`.
    """
    return "".join(_escape(character) if is_hidden(character) else character for character in str(text))


def in_xml(text: str) -> str:
    """The text with U+FFFD for each character that XML cannot hold."""
    return NOT_XML.sub("\ufffd", text)


def first_few(names: Collection[object], most: int = NAMED) -> list[str]:
    """The first names, at most so many, and, where there are more, how many: `a`, `b`, `and 3 more`."""
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return [*map(str, islice(names, most)), *more]


def first_of(names: Collection[object], most: int = NAMED) -> str:
    """The first few names in a sentence.

    >>> first_of(["a", "b", "c", "d"], most=2)
    'a, b, and 2 more'
    """
    return ", ".join(first_few(names, most))


def in_a_line(error: Exception) -> str:
    """What kind of error it is, and what it says.

    >>> in_a_line(OSError("no room\\n left"))
    'OSError: no room left'
    """
    return " ".join(f"{type(error).__name__}: {error}".split())


def count(number: int, thing: str) -> str:
    """`1 clip`, `2 clips`."""
    return f"{number} {thing}" + "s" * (number != 1)


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte that is not UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
