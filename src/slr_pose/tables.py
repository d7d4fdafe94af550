"""Tables as people and their spreadsheets save them -> rows that know their line; rows -> CSV files.

CSV as RFC 4180 has it, and what else is about: tabs, semicolons and bars between the cells, UTF-16, a first line
`sep=;`, names of columns in capitals or with spaces around, empty rows. What cannot be read for sure is refused with
its line.
"""

import codecs
import csv
import functools
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from slr_pose import BadInput
from slr_pose.files import open_regular, write_whole
from slr_pose.text import first_few

LARGEST = 200_000_000  # bytes of a table; a row per clip, of a million, takes half of that

SEPARATORS = ",;\t|"
ENCODINGS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # begins as UTF-16's mark does, so it is asked for first
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls

_AROUND = r"[\s\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+"  # white space, and marks that nobody sees
_ENDS = re.compile(f"^{_AROUND}|{_AROUND}$")
_UNSEEN = re.compile(r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SEPARATOR_LINE = re.compile(r'"?sep=([^\w\s"]|\t)[^\w]*', re.IGNORECASE)
_FORMULA = re.compile("'*[=+@\\-\uff1d\uff0b\uff20\uff0d]")  # also in their wide forms
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?(e[+-]?[0-9]+)?", re.IGNORECASE)

T = TypeVar("T")


@functools.lru_cache(4096)  # words come back row by row
def normal(text: str) -> str:
    """The one form of a word that can be written in several: Unicode's NFC, one space between words, nothing unseen.

    Bytes of a file's name that are not UTF-8 are written out, as `\\udcff`.
    """
    text = _UNSEEN.sub("", text).encode("utf-8", "backslashreplace").decode("utf-8")
    return unicodedata.normalize("NFC", " ".join(text.split()))


@functools.lru_cache(4096)
def key(column: str) -> str:
    """What columns are compared by: their names, in capitals or not."""
    return normal(normal(column).casefold())


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        where: how messages call it, `clips.csv, line 8`: the line of the file in which it begins.
        cells: of each column, by its `key`, as written but for what stands around; empty where the row is short.
        surplus: how many cells stand behind the last column.
    """

    where: str
    cells: dict[str, str]
    surplus: int = 0

    def text(self, column: str) -> str | None:
        """What a cell says, in its normal form; `None` where it is empty or there is no such column."""
        return normal(self.cells.get(key(column), "")) or None


def read_rows(path: Path, needed: Collection[str], what: str) -> list[Row]:
    """The rows of a CSV or TSV file, without the empty ones.

    Args:
        path: in UTF-8, or in UTF-16 or UTF-32 with their marks; commas, semicolons, tabs or bars between the cells,
            whichever give the header the needed columns, or what a first line `sep=` says.
        needed: columns that must be there.
        what: what the rows are, for messages: `clips`.

    Raises:
        BadInput: it is no such file, has no rows or lacks a column; the sentence says the line.
    """
    text = text_of(path)
    lines = io.StringIO(text, newline="")
    said = _SEPARATOR_LINE.fullmatch(lines.readline().rstrip("\r\n"))
    if not said:
        lines.seek(0)
    start = lines.tell()
    separator = said[1] if said else max(SEPARATORS, key=lambda each: _fit(text[start:], each, needed))
    (_, header), *records = _records(path, lines, separator, int(said is not None)) or [(0, [])]
    if not records:
        raise BadInput(f"{path} holds no {what}: it needs a header line, {','.join(needed)}, and a line for each.")
    columns = columns_of(path, header, needed)
    return [_row(path, line, columns, cells) for line, cells in records]


def has_columns(path: Path, names: Collection[str]) -> bool:
    """Whether a file is a table with columns of all these names.

    Raises:
        BadInput: it is no text.
    """
    text = text_of(path)
    return any(_fit(text, separator, names)[0] == len(names) for separator in SEPARATORS)


def columns_of(path: Path, names: Iterable[str], needed: Collection[str]) -> list[str]:
    """The keys of a table's columns; those without a name have an empty one.

    Raises:
        BadInput: a needed column is missing, or two have one name.
    """
    names = [normal(name) for name in names]
    columns = [key(name) for name in names]
    for place, column in enumerate(columns):
        if column and column in columns[:place]:
            raise BadInput(f"{path} has two columns '{names[place]}'; rename one of them.")
    for name in needed:
        if key(name) not in columns:
            raise BadInput(f"{path} has no column '{name}'; its columns are {', '.join(filter(None, names))}.")
    return columns


def each(rows: Iterable[Row], read: Callable[[Row], T]) -> tuple[list[T], list[str]]:
    """What `read` makes of the rows, and a sentence for each row that it refuses, with its line."""
    found, problems = [], []
    for row in rows:
        try:
            found.append(read(_whole(row)))
        except BadInput as error:
            problems.append(f"{row.where}: {error}")
    return found, problems


def in_one(sentences: list[str]) -> str:
    """Several sentences as one: the first few, and how many more there are."""
    return "; ".join(first_few([sentence.rstrip(".") for sentence in sentences])) + "."


def refuse_others(path: Path, columns: Collection[str]) -> None:
    """Keep somebody's table from being replaced by one of ours: ours begins with its columns, as we write them.

    Raises:
        BadInput: another file is there.
    """
    header = ",".join(columns).encode()
    if path.is_file():
        with open_regular(path) as file:
            if file.read(len(header) + 1).strip() != header:
                raise BadInput(f"{path} is a file that slr did not write; move it, or choose another place.")


def write_rows(path: Path, columns: Collection[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a CSV file in UTF-8, whole or not at all.

    White space around cells is left out. A cell that a spreadsheet would take for a formula has an apostrophe before
    it, which `read_rows` takes off again.

    Raises:
        BadInput: the file cannot be written, or a table of other columns is there.
    """
    refuse_others(path, columns)
    with write_whole(path) as partial:
        write_table(partial, columns, rows)


def write_table(
    path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]], separator: Literal[",", "\t"] = ","
) -> None:
    """Write what `write_rows` writes, over whatever is there: for a file that is not yet in its place."""
    # What is not UTF-8 in a file's name is written out, as \udcff.
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as to:
        table = csv.writer(to, delimiter=separator)
        table.writerow(columns)
        table.writerows([_harmless(str(cell)) for cell in row] for row in rows)


def text_of(path: Path) -> str:
    """What a text file says, in whichever of the encodings it is saved.

    Raises:
        BadInput: there is no such file, it is too large, or no text in one of them; the sentence says the line.
    """
    with open_regular(path) as file:
        data = file.read(LARGEST + 1)
    if data.startswith(SPREADSHEETS):
        raise BadInput(f"{path} is a spreadsheet; save it as CSV (in Excel: 'CSV UTF-8').")
    if len(data) > LARGEST:
        raise BadInput(
            f"{path} has more than {LARGEST // 10**6} MB, so it is no table of clips or signs; name another."
        )
    encoding = next((name for mark, name in ENCODINGS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        line = 1 + len(re.findall(rb"\r\n|\r|\n", data[: error.start]))
        where = f", line {line}" if encoding.startswith("utf-8") else ""
        name, byte = encoding.upper().removesuffix("-SIG"), f"0x{data[error.start]:02X}"
        raise BadInput(
            f"{path}{where}: {byte} is not {name} ({error.reason}); save it as UTF-8 (in Excel: 'CSV UTF-8')."
        ) from error
    if "\0" in text:
        raise BadInput(f"{path} holds NUL characters, so it is not in UTF-8 or no text; save it as UTF-8.")
    return text


def _fit(text: str, separator: str, needed: Collection[str]) -> tuple[int, int]:
    """How many of the needed columns the header has with a separator, and how many columns."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        header = next((cells for cells in reader if any(map(normal, cells))), [])
    except csv.Error:
        return 0, 0
    return len({key(name) for name in header} & {key(name) for name in needed}), len(header)


def _records(path: Path, lines: Iterable[str], separator: str, before: int) -> list[tuple[int, list[str]]]:
    """The rows in which something is written, each with the line in which it begins; `before` lines stand before."""
    found: list[tuple[int, list[str]]] = []
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        line = before + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise BadInput(
                f"{path}, line {line}: a quote is not closed, or stands within a cell that begins with one"
                f' ({error}); write ""this"" for "this" there.'
            ) from error
        if cells is None:
            return found
        cells = [_ENDS.sub("", cell) for cell in cells]
        if any(cells):
            found.append((line, cells))


def _row(path: Path, line: int, columns: list[str], cells: list[str]) -> Row:
    cells = [cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell for cell in cells]
    cells += [""] * (len(columns) - len(cells))
    known = {column: cell for column, cell in zip(columns, cells, strict=False) if column}
    return Row(f"{path}, line {line}", known, sum(map(bool, cells[len(columns) :])))


def _whole(row: Row) -> Row:
    if row.surplus:
        raise BadInput(
            f"there are more cells than columns, by {row.surplus}; put a cell that holds a separator in quotes."
        )
    return row


def _harmless(cell: str) -> str:
    cell = _ENDS.sub("", cell)
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell
