"""What people write, a folder, a table or an array -> clips with their labels."""

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.data.annotated import Annotated
from slr_pose.data.clip import Clip
from slr_pose.data.published.indices import read_published
from slr_pose.data.stretches import join
from slr_pose.hamnosys import ATTRIBUTES, read_attributes
from slr_pose.media.arrays import load_arrays
from slr_pose.media.folder import clips_of, is_elan
from slr_pose.tables import Row, columns_of, each, in_one, key, normal, read_rows

SPLITS = ("train", "val", "test")
COLUMNS = ("path", "gloss", "signer", "split", "start", "end", "hamnosys", "glosses", *ATTRIBUTES)
NO_TIME = {"nan", "nat", "na", "n/a", "#n/a", "none", "null"}  # what programs write into an empty cell of numbers

_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-9]{1,2}(?:[.,][0-9]*)?)")
_NUMBER = re.compile(r"(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE)


def read_dataset(
    data: Path,
    heads: Iterable[str] = (),
    remark: Callable[[str], None] = lambda sentence: None,
    tiers: Sequence[str] = (),
) -> list[Clip]:
    """Read a folder with one folder of clips a gloss or with `.eaf` files, a manifest, one `.npz` with all clips, or a
    published data set as it comes (`published.indices`).

    Args:
        data: the folder, the manifest (CSV or TSV) or the file. In a folder with `.eaf` files, what these annotate are
            the signs of their videos. A manifest's columns: `path`, relative to it, also of an `.eaf`; labels: `gloss`,
            `hamnosys` (a notation, which labels all eight attributes) or any attribute by its name; and `signer`,
            `split`, `start`, `end` (as `seconds` reads them). An empty label is unknown. `glosses`, words with spaces
            between them, are a sentence without times. Signs that neighbour in a file are a stretch (`stretches.join`).
            A `.npz` file has `frames` (all frames, columns), `lengths` (clips,), the frames of each clip, and arrays
            (clips,) with the names of those columns. Words are compared in their `normal` form.
        heads: further columns of the manifest to learn as labels.
        remark: called with a sentence about what is there and is not read.
        tiers: of `.eaf` files, names of those to read; by default the ones that `signs_of` knows.

    Raises:
        BadInput: it is neither, or a column is missing or holds what it cannot hold.
    """
    data = Path(data)
    if (clips := read_published(data, remark)) is not None:
        if heads := list(heads):
            raise BadInput(f"a published data set tells only glosses: to learn '{heads[0]}', write a manifest.")
        return Annotated(tiers).read(clips)  # which says that there are no tiers
    if data.is_dir():
        if heads := list(heads):
            raise BadInput(f"a folder tells only the gloss of each clip: to learn '{heads[0]}', write a manifest.")
        return join(_read_folder(data, tiers, remark))
    if data.suffix.lower() == ".npz" and data.is_file():
        return _read_arrays(data, list(heads), remark)
    if data.is_file():
        return join(_read_manifest(data, list(heads), tiers, remark))
    raise BadInput(f"there is no file or folder {data}.")


def _read_folder(folder: Path, tiers: Sequence[str], remark: Callable[[str], None]) -> list[Clip]:
    found = clips_of(folder, keypoints=True)
    reader = Annotated(tiers)
    clips = reader.read([Clip(eaf, {}) for eaf in found.annotations])
    corpora = {file.parent.resolve() for file in (*reader.videos, *found.annotations)}
    for file in found.clips:
        if file.resolve() in reader.videos:
            continue
        if file.parent.resolve() in corpora:
            found.pass_over(file, "no .eaf file is about it, as one is about others of its folder")
        elif len(file.relative_to(folder).parts) == 2:
            clips.append(Clip(file, {"gloss": normal(file.parent.name)}))
        else:
            found.pass_over(file, "not in a folder of a gloss")
    for sentence in (*found.sentences(), *reader.sentences()):
        remark(sentence)
    if not clips:
        raise BadInput(
            f"{folder} holds no clips: it needs a folder a gloss, with videos or keypoints in it, or .eaf files."
        )
    return clips


def _read_manifest(manifest: Path, heads: list[str], tiers: Sequence[str], remark: Callable[[str], None]) -> list[Clip]:
    reader = Annotated(tiers)
    clips = reader.read(_read_rows(manifest, read_rows(manifest, ("path", *heads), "clips"), heads, remark))
    for sentence in reader.sentences():
        remark(sentence)
    return clips


def _read_arrays(data: Path, heads: list[str], remark: Callable[[str], None]) -> list[Clip]:
    def of_a_data_set(shapes: dict[str, tuple[int, ...]]) -> list[str]:
        if len(shapes.get("frames", ())) not in (2, 3) or len(shapes.get("lengths", ())) != 1:
            raise BadInput(f"{data} is no data set: it needs 'frames' (all frames, columns) and 'lengths' (clips,).")
        if shapes["lengths"] == (0,):
            raise BadInput(f"{data} holds no clips: its 'lengths' are empty.")
        return ["frames", *(name for name, shape in shapes.items() if shape == shapes["lengths"])]

    arrays = load_arrays(data, of_a_data_set)
    frames, lengths = arrays.pop("frames"), arrays.pop("lengths")
    if lengths.dtype.kind not in "iu" or (lengths < 1).any() or sum(lengths.tolist()) != len(frames):
        raise BadInput(f"{data}: 'lengths' must say of how many of the {len(frames)} frames each clip is; correct it.")
    found = {name: _texts(data, name, values) for name, values in arrays.items()}
    found["path"] = [data.name] * len(lengths)
    columns = columns_of(data, found, heads)
    cells = [dict(zip(columns, row, strict=True)) for row in zip(*found.values(), strict=True)]
    rows = [Row(f"{data}, clip {row.get('clip', number)}", row) for number, row in enumerate(cells)]
    clips = zip(_read_rows(data, rows, heads, remark), np.split(frames, lengths.cumsum()[:-1]), strict=True)
    return [replace(clip, array=array) for clip, array in clips]


def _texts(data: Path, name: str, values: np.ndarray) -> list[str]:
    try:
        return list(np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values.astype(str))
    except UnicodeDecodeError as error:
        raise BadInput(f"{data}: '{name}' is not in UTF-8; write it as text.") from error


def _read_rows(data: Path, rows: list[Row], heads: list[str], remark: Callable[[str], None]) -> list[Clip]:
    known = ("gloss", *ATTRIBUTES)
    label_columns = [name for name in known if key(name) in rows[0].cells]
    label_columns += {key(head): normal(head) for head in heads if key(head) not in map(key, known)}.values()
    is_annotated = any(is_elan(Path(row.cells.get("path", ""))) for row in rows)
    if not (label_columns or is_annotated or {"hamnosys", "glosses"} & rows[0].cells.keys()):
        raise BadInput(f"{data} has no labels: add a column 'gloss', 'glosses' or 'hamnosys', or name one with --head.")
    unreadable: list[str] = []
    clips, problems = each(rows, lambda row: _read_row(data.parent, row, label_columns, unreadable))
    if problems:
        raise BadInput(in_one(problems))
    if unreadable:
        remark(f"{len(unreadable)} of {len(rows)} clips have a notation that labels nothing: {in_one(unreadable)}")
    return clips


def _read_row(folder: Path, row: Row, label_columns: list[str], unreadable: list[str]) -> Clip:
    """A clip; a sentence goes to `unreadable` where its notation is not well-formed or says too little."""
    if row.text("path") is None:
        raise BadInput("the path is empty.")
    named = (row.text("split") or "").lower()
    if named not in ("", *NO_TIME, *SPLITS):
        raise BadInput(f"split '{row.text('split')}' is none of {', '.join(SPLITS)}.")
    start_s, end_s = (_time(row, column) for column in ("start", "end"))
    if end_s is not None and end_s <= (start_s or 0):
        raise BadInput(f"end {row.text('end')} is not behind start {row.text('start') or 0}; correct them.")
    labels = {}
    if notation := row.text("hamnosys"):
        try:
            labels = read_attributes(notation)
        except BadInput as error:
            unreadable.append(f"{row.where}: {error}")
    for column in label_columns:
        if (value := row.text(column)) is not None:
            labels[column] = _class_name(column, value)
    glosses = tuple((row.text("glosses") or "").split())
    if glosses and labels:
        raise BadInput("there are labels of one sign beside glosses; leave one of them empty.")
    path = find(folder, row.cells["path"])
    split = named if named in SPLITS else None
    return Clip(path, labels, row.text("signer"), split, start_s, end_s, name=row.where, glosses=glosses)


def find(folder: Path, written: str) -> Path:
    """The file that a table means by what is written in it.

    Where there is no such file, it may be there in another of Unicode's forms, as other disks write names, or with
    slashes for the backslashes of Windows. Where there is none of these, it is the path as written.
    """
    path = folder / written
    if os.path.lexists(path):
        return path
    for spelling in dict.fromkeys((written, written.replace("\\", "/"))):
        found = [folder]
        for part in Path(spelling).parts:
            forms = dict.fromkeys([part, *(unicodedata.normalize(form, part) for form in ("NFC", "NFD"))])
            found = [place / form for place in found for form in forms if os.path.lexists(place / form)]
        if found:
            return found[0]
    return path


def seconds(text: str) -> float:
    """A time as people write it: `90.5`, `90,5`, `1:30`, `00:01:30.5`, `00:01:30,500`.

    Raises:
        BadInput: it is none of these.

    >>> seconds("00:01:30,500")
    90.5
    """
    if _NUMBER.fullmatch(text) and isfinite(found := float(text.replace(",", "."))):
        return found
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, rest = int(clock[1] or 0), int(clock[2]), float(clock[3].replace(",", "."))
        if rest < 60 and (minutes < 60 or clock[1] is None):
            return 3600 * hours + 60 * minutes + rest
    raise BadInput(f"'{text}' is not a time; write seconds, 90.5, or 00:01:30.5.")


def _time(row: Row, column: str) -> float | None:
    text = row.text(column)
    if text is None or text.lower() in NO_TIME:
        return None
    try:
        return seconds(text)
    except BadInput as error:
        raise BadInput(f"{column} {error}") from error


def _class_name(column: str, value: str) -> str:
    """An attribute may be given by the name of its class or by its number, also as programs write it, `3.0`."""
    names = ATTRIBUTES.get(column)
    if names is None or value in names:
        return value
    if (number := re.fullmatch(r"([0-9]{1,3})(?:\.0*)?", value)) and int(number[1]) < len(names):
        return names[int(number[1])]
    raise BadInput(f"'{value}' is no {column}; name one of {', '.join(names)}.")
