"""What a person sees: sentences on stderr, tables and JSON on stdout.

No text is read as markup: what is to have a color is `styled`.
"""

import json
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from slr_pose.text import is_hidden, shown

if TYPE_CHECKING:
    from rich.table import Table

# Columns that stand to the left.
WORDS = ("", "answer", "clip", "hand", "other hand", "first", "second", "sign", "class", "symbol", "kind", "meaning")


class Plain(Console):
    """A console that shows text as it is: no markup in it is obeyed, nor any control character."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **settings)

    def render_str(self, text: str, **settings: Any) -> Text:
        """The text in one line, each character that a terminal would obey as an escape."""
        return super().render_str(shown(text), **settings)


stdout, stderr, errors = Plain(), Plain(stderr=True), Plain(stderr=True)


def be_quiet(quiet: bool) -> None:
    """Whether `say`, `warn` and bars are kept back; errors and answers never are."""
    stderr.quiet = quiet


def be_silent() -> None:
    """Keep answers back, too: another process prints them."""
    stdout.quiet = stderr.quiet = True


def escape_what_the_encoding_lacks() -> None:
    """Let a terminal that knows few letters show the others as escapes, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def styled(*parts: str | tuple[str, str]) -> Text:
    """Text of which some parts, (text, style), have a style."""
    return Text.assemble(*((shown(part), "") if isinstance(part, str) else (shown(part[0]), part[1]) for part in parts))


def say(*parts: str | tuple[str, str]) -> None:
    """A line for the person, beside the output proper; parts of it may have a style, as in `styled`."""
    stderr.print(styled(*parts), soft_wrap=True)


def complain(of: str, text: object) -> None:
    """What went wrong, for whoever asked to hear nothing else, too: an `error` ends it, of some files one `failed`."""
    errors.print(styled((f"{of}:", "red"), f" {text}"), soft_wrap=True)


def warn(text: str) -> None:
    """What the person should look at, though the work goes on."""
    say(("warning:", "yellow"), f" {text}")


def print_json(value: object, indent: int | None = 1) -> None:
    """JSON on stdout, at once, which no terminal obeys; in one line where there is no indent."""
    print(_json(value, indent), flush=True)


class JsonList:
    """A list in JSON on stdout, as `print_json` prints one, of which each value is printed at once."""

    def __init__(self) -> None:
        self._before = "["

    def print(self, value: object) -> None:
        """One value more."""
        print(self._before, textwrap.indent(_json(value, 1), " "), sep="\n", end="", flush=True)
        self._before = ","

    def end(self) -> None:
        """There is no more of them."""
        print("[]" if self._before == "[" else "\n]", flush=True)


def _json(value: object, indent: int | None) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return "".join(f"\\u{ord(c):04x}" if c != "\n" and is_hidden(c) else c for c in text)


def title(head: str) -> str:
    """A head's name as a person reads it."""
    return head.replace("_", " ")


def table(name: str, *columns: str) -> "Table":
    """A light table; all but its words are figures, and stand to the right."""
    from rich.table import Table

    made = Table(title=name or None, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    made.show_header = any(columns)
    for column in columns:
        made.add_column(column, justify="left" if column in WORDS else "right")
    return made
