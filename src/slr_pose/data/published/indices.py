"""A published data set, its folder or its index file -> clips with their labels."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from slr_pose import BadInput
from slr_pose.data.clip import Clip
from slr_pose.data.published import asl_citizen, autsl, csl_daily, gislr, include, lsa64, minds, ms_asl, phoenix, wlasl
from slr_pose.data.published.entry import SPLIT_NAMES, WHOLE, Entry, Part
from slr_pose.data.published.videos import Videos
from slr_pose.tables import normal
from slr_pose.text import first_of


class DataSet(NamedTuple):
    """A data set that has index files.

    Attributes:
        name: what it is called.
        indices: where they are in its folder, `{split}` for what a split is called; the first pattern that some files
            fit counts.
        read: reads one; `None` where it is another's.
    """

    name: str
    indices: Sequence[str]
    read: Callable[[Path], list[Entry] | None]


INDEXED = (
    DataSet("WLASL", wlasl.INDICES, wlasl.read),
    DataSet("MS-ASL", ms_asl.INDICES, ms_asl.read),
    DataSet("ASL Citizen", asl_citizen.INDICES, asl_citizen.read),
    DataSet("AUTSL", autsl.INDICES, autsl.read),
    DataSet("GISLR", gislr.INDICES, gislr.read),
    DataSet("INCLUDE", include.INDICES, include.read),
    DataSet("Phoenix", phoenix.INDICES, phoenix.read),
    DataSet("CSL-Daily", csl_daily.INDICES, csl_daily.read),
)
BY_NAMES_OF_FILES: dict[str, Callable[[Sequence[Path]], list[Entry] | None]] = {
    "LSA64": lsa64.read,
    "MINDS-Libras": minds.read,
}


def read_published(data: Path, remark: Callable[[str], None]) -> list[Clip] | None:
    """The clips of a published data set; `None` where it is none that is known.

    Its videos, or their keypoints, are found by their names wherever they lie in its folder. Those that are not there
    are counted, and a gloss of which a single clip is left is left out.

    Args:
        data: its folder, or one of its index files, whose clips alone are then read.
        remark: called with a sentence about what is not there.

    Raises:
        BadInput: an index cannot be read, is JSON that nobody knows, or none of its videos is there.
    """
    found = _of_folder(data) if data.is_dir() else _of_file(data)
    return None if found is None else _with_files(*found, remark)


def _of_folder(folder: Path) -> tuple[str, list[Entry], Videos] | None:
    for data_set in INDEXED:
        places = (_places(pattern) for pattern in data_set.indices)
        files = next(
            filter(None, ([file for each in some for file in sorted(folder.glob(each))] for some in places)), []
        )
        entries = [entries for entries in map(data_set.read, files) if entries is not None]
        if entries:
            return data_set.name, [entry for some in entries for entry in some], Videos(folder)
    videos = Videos(folder)
    for name, read in BY_NAMES_OF_FILES.items():
        if (named := read(videos.files)) is not None:
            return name, named, videos
    return None


def _of_file(file: Path) -> tuple[str, list[Entry], Videos] | None:
    is_json = file.suffix.lower() == ".json"
    for data_set in INDEXED:
        patterns = [each for pattern in data_set.indices for each in _places(pattern)]
        pattern = next((each for each in patterns if file.absolute().match(each)), None)
        # A part of a JSON index may be called anything: its fields are like no other's.
        if (pattern or (is_json and data_set.indices[0].endswith(".json"))) and (entries := data_set.read(file)):
            return data_set.name, entries, Videos(file.absolute().parents[(pattern or "").count("/")])
    if is_json:
        raise BadInput(f"{file} is no index of WLASL or MS-ASL; write a manifest, a CSV file with a column 'path'.")
    return None


def _places(pattern: str) -> list[str]:
    return list(dict.fromkeys(pattern.replace("{split}", name) for name in SPLIT_NAMES))


def _with_files(name: str, entries: list[Entry], videos: Videos, remark: Callable[[str], None]) -> list[Clip]:
    entries = [entry for entry in entries if entry.gloss or entry.glosses]
    places = [(entry, *_place(entry, videos)) for entry in entries]
    clips = [
        Clip(
            file,
            {"gloss": normal(entry.gloss)} if entry.gloss else {},
            entry.signer,
            entry.split,
            *part,
            glosses=entry.glosses,
            box=entry.box,
            fps=entry.fps,
        )
        for entry, file, part in places
        if file
    ]
    missing = [next(iter(entry.files)) for entry, file, _ in places if not file]
    if not clips:
        raise BadInput(
            f"none of the {len(entries):,} videos of {name} is in {videos.folder}, as {first_of(missing, 1)}; put them"
            " there, in whatever folders."
        )
    if missing:
        remark(f"{len(missing):,} of {len(entries):,} videos of {name} are not there; {first_of(missing)}.")
        if any(clip.split in (None, "train") for clip in clips):  # of what is only measured on, one clip will do
            clips = _without_lonely(clips, remark)
    return clips


def _place(entry: Entry, videos: Videos) -> tuple[Path | None, Part]:
    for name, part in entry.files.items():
        if file := videos.find(name):
            return file, part
    return None, WHOLE


def _without_lonely(clips: list[Clip], remark: Callable[[str], None]) -> list[Clip]:
    """What is left when videos are missing: a gloss of a single clip can be learnt or measured, and not both."""
    counts = Counter(clip.labels["gloss"] for clip in clips if clip.labels)
    lonely = sorted(gloss for gloss, count in counts.items() if count == 1)
    if lonely:
        remark(f"left out, as a single clip of them is there: {first_of(lonely)}.")
    return [clip for clip in clips if clip.labels.get("gloss") not in set(lonely)]
