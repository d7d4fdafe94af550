"""Manifest, folder or array -> clips, labels and splits."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.arrays import load_arrays
from slr_pose.extraction import Job
from slr_pose.folder import clips_of, is_keypoints
from slr_pose.hamnosys import ATTRIBUTES, read_attributes

SPLITS = ("train", "val", "test")
COLUMNS = ("path", "gloss", "signer", "split", "start", "end", "hamnosys", *ATTRIBUTES)


@dataclass(frozen=True, eq=False)
class Clip:
    """One video, `.pose` file or keypoint array, or a part of it, with the labels that are known of it.

    Attributes:
        path: the video, the `.pose` file, the array of the clip or of the whole data set.
        labels: class name of each head; a head that is not in it is unknown for this clip.
        signer: who signs, `None` when unknown.
        split: `train`, `val` or `test`; `None` when the data set does not say.
        start_s, end_s: the part of the file, in seconds.
        array: its frames of a data set that is one array, (frames, columns).
        name: how messages call a clip of such a data set.
    """

    path: Path
    labels: dict[str, str]
    signer: str | None = None
    split: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    array: np.ndarray | None = None
    name: str = ""

    @property
    def is_video(self) -> bool:
        """Whether its keypoints have to be found first."""
        return self.array is None and not is_keypoints(self.path)

    def job(self, fast: bool = False) -> Job:
        """The extraction that a video needs before it can be read.

        Raises:
            BadInput: there is no such file.
        """
        if not self.path.exists():
            raise BadInput(f"{self.path}: there is no such file.")
        return Job(self.path, None, self.start_s, self.end_s, fast=fast)


def read_dataset(
    data: Path, heads: Iterable[str] = (), remark: Callable[[str], None] = lambda sentence: None
) -> list[Clip]:
    """Read a folder with one folder of clips a gloss, a CSV or TSV manifest, or one `.npz` file with all clips.

    Args:
        data: the folder, the manifest or the file. A manifest's columns: `path`, relative to it; labels: `gloss`,
            `hamnosys` (a notation, which labels all eight attributes) or any attribute by its name; and `signer`,
            `split`, `start`, `end` (seconds). An empty label is unknown. A `.npz` file has `frames` (all frames,
            columns), `lengths` (clips,), the frames of each clip, and arrays (clips,) with the names of those columns.
        heads: further columns of the manifest to learn as labels.
        remark: called with a sentence about what is there and is not read.

    Raises:
        BadInput: it is neither, or a column is missing or holds what it cannot hold.
    """
    data = Path(data)
    if data.is_dir():
        if heads := list(heads):
            raise BadInput(f"a folder tells only the gloss of each clip: to learn '{heads[0]}', write a manifest.")
        return _read_folder(data, remark)
    if data.suffix == ".npz" and data.is_file():
        return _read_arrays(data, list(heads))
    if data.is_file():
        return _read_manifest(data, list(heads))
    raise BadInput(f"there is no file or folder {data}.")


def _read_folder(folder: Path, remark: Callable[[str], None]) -> list[Clip]:
    found = clips_of(folder, keypoints=True)
    clips = []
    for file in found.clips:
        if len(file.relative_to(folder).parts) == 2:
            clips.append(Clip(file, {"gloss": file.parent.name}))
        else:
            found.pass_over(file, "not in a folder of a gloss")
    for sentence in found.sentences():
        remark(sentence)
    if not clips:
        raise BadInput(f"{folder} holds no clips: it needs a folder a gloss, with videos or keypoints in it.")
    return clips


def _read_manifest(manifest: Path, heads: list[str]) -> list[Clip]:
    try:
        with open(manifest, encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            rows = list(csv.DictReader(file, delimiter="\t" if "\t" in first else ","))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{manifest} is not a CSV or TSV file in UTF-8 ({error}).") from error
    if not rows:
        raise BadInput(f"{manifest} holds no clips: it needs a header line and a line a clip.")
    return _read_rows(manifest, [f"{manifest}, line {line}" for line in range(2, len(rows) + 2)], rows, heads)


def _read_arrays(data: Path, heads: list[str]) -> list[Clip]:
    arrays = load_arrays(data)
    if not {"frames", "lengths"} <= set(arrays):
        raise BadInput(f"{data} is no data set: it needs 'frames' (all frames, columns) and 'lengths' (clips,).")
    frames, lengths = arrays.pop("frames"), arrays.pop("lengths")
    if lengths.dtype.kind not in "iu" or lengths.ndim != 1 or (lengths < 1).any() or lengths.sum() != len(frames):
        raise BadInput(f"{data}: 'lengths' must say of how many of the {len(frames)} frames each clip is; correct it.")
    columns = {name: values.astype(str) for name, values in arrays.items() if values.shape == lengths.shape}
    columns["path"] = np.full(lengths.shape, data.name)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    names = [f"{data}, clip {row.get('clip', number)}" for number, row in enumerate(rows)]
    clips = zip(_read_rows(data, names, rows, heads), np.split(frames, lengths.cumsum()[:-1]), names, strict=True)
    return [replace(clip, array=array, name=name) for clip, array, name in clips]


def _read_rows(data: Path, names: list[str], rows: list[dict[str, str]], heads: list[str]) -> list[Clip]:
    """Rows of a manifest, each with the name that messages call it by."""
    columns = set(rows[0])
    for column in ("path", *heads):
        if column not in columns:
            raise BadInput(f"{data} has no column '{column}'; its columns are {', '.join(map(str, rows[0]))}.")
    label_columns = [name for name in ("gloss", *ATTRIBUTES, *heads) if name in columns]
    if not label_columns and "hamnosys" not in columns:
        raise BadInput(f"{data} has no labels: add a column 'gloss' or 'hamnosys', or name one with --head.")
    return [_read_row(data.parent, name, row, label_columns) for name, row in zip(names, rows, strict=True)]


def _read_row(folder: Path, where: str, row: dict[str, str], label_columns: list[str]) -> Clip:
    def cell(column: str) -> str | None:
        return (row.get(column) or "").strip() or None

    def seconds(column: str) -> float | None:
        try:
            return None if cell(column) is None else float(cell(column))
        except ValueError as error:
            raise BadInput(f"{where}: {column} '{cell(column)}' is not a number of seconds.") from error

    if cell("path") is None:
        raise BadInput(f"{where}: the path is empty.")
    if cell("split") not in (None, *SPLITS):
        raise BadInput(f"{where}: split '{cell('split')}' is none of {', '.join(SPLITS)}.")
    labels = {}
    if cell("hamnosys"):
        try:
            labels = read_attributes(cell("hamnosys"))
        except BadInput as error:
            raise BadInput(f"{where}: {error}") from error
    for column in label_columns:
        if cell(column) is not None:
            labels[column] = _class_name(where, column, cell(column))
    path = folder / cell("path")
    return Clip(path, labels, cell("signer"), cell("split"), seconds("start"), seconds("end"))


def _class_name(where: str, column: str, value: str) -> str:
    """An attribute may be given by the name of its class or by its number."""
    names = ATTRIBUTES.get(column)
    if names is None or value in names:
        return value
    if value.isdigit() and int(value) < len(names):
        return names[int(value)]
    raise BadInput(f"{where}: '{value}' is no {column}; name one of {', '.join(names)}.")


def refuse_columns(heads: Iterable[str]) -> None:
    """What says where a clip is, or who signs, is not to be learnt.

    Raises:
        BadInput: a head is such a column.
    """
    for name in heads:
        if name in COLUMNS and name != "gloss" and name not in ATTRIBUTES:
            raise BadInput(
                f"the column '{name}' is no label that can be learnt with --head; copy it under another name."
            )


def refuse_lonely(clips: list[Clip], data: Path) -> None:
    """A gloss that is to be learnt needs a clip to learn from and one to validate on.

    Raises:
        BadInput: a gloss has a single clip.
    """
    counts = Counter(clip.labels["gloss"] for clip in clips if "gloss" in clip.labels)
    if lonely := sorted(gloss for gloss, count in counts.items() if count == 1):
        names = ", ".join(lonely[:5]) + (f" and {len(lonely) - 5} more" if len(lonely) > 5 else "")
        raise BadInput(f"{data} has a single clip of {names}: give each gloss at least two, or leave it out.")


def class_names(clips: list[Clip]) -> dict[str, list[str]]:
    """The classes of each head: an attribute's whole table, any other head's labels as found, sorted.

    Raises:
        BadInput: there is nothing to tell apart.
    """
    found: dict[str, set[str]] = {}
    for clip in clips:
        for head, label in clip.labels.items():
            found.setdefault(head, set()).add(label)
    for head, labels in found.items():
        if head not in ATTRIBUTES and len(labels) < 2:
            raise BadInput(f"all training clips have the same {head}, '{labels.pop()}'; a model needs at least two.")
    if not found:
        raise BadInput("no training clip has a label.")
    order = ["gloss", *ATTRIBUTES]
    heads = sorted(found, key=lambda head: (order.index(head) if head in order else len(order), head))
    return {head: ATTRIBUTES.get(head) or sorted(found[head]) for head in heads}
