"""Timeline -> a file, by its suffix: ELAN, subtitles, JSON, a table; and a timeline from the first and the third."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path

import msgspec

from slr_pose import BadInput
from slr_pose.files import open_regular, write_whole
from slr_pose.media.eaf import read_annotations, readable, write_eaf
from slr_pose.media.folder import refuse_inside
from slr_pose.media.signs import GLOSS
from slr_pose.media.subtitles import srt, vtt
from slr_pose.tables import write_table
from slr_pose.timeline import Entry, Hand, State, Timeline

SUFFIXES = (".eaf", ".srt", ".vtt", ".json", ".csv", ".tsv")
LARGEST = 100_000_000  # bytes of JSON


def check_timeline_file(path: Path, media: Path | None = None) -> None:
    """Whether a timeline can be written there, which is worth knowing before it is made.

    Raises:
        BadInput: it has another suffix; a file is there that is none of ELAN's, or about another video; or it would lie
            among the pictures that it is about.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInput(f"{path} is none of {', '.join(SUFFIXES)}: name a file that ends with one of them.")
    refuse_inside(Path(path), media)
    if suffix == ".eaf":
        readable(Path(path), media)


def write_timeline(
    path: Path,
    timeline: Timeline,
    media: Path | None = None,
    *,
    signer: str | None = None,
    vocabulary: Iterable[str] = (),
    by_sign: bool = False,
    remark: Callable[[str], None] = lambda sentence: None,
) -> None:
    """Write a timeline as ELAN's annotations, subtitles, JSON or a table, by the suffix of the file.

    What somebody changed in a file of ELAN's stays in it. Another file that is there stays under another name.

    Args:
        media, vocabulary: for ELAN, as `write_eaf` takes them.
        signer: who signs, for ELAN and WebVTT.
        by_sign: a subtitle for each sign, and not for each phrase.
        remark: called with a sentence about what stays.

    Raises:
        BadInput: it has another suffix, cannot be written, or a file is there that is none of ELAN's or about another
            video.
    """
    path = Path(path)
    check_timeline_file(path, media)
    suffix = path.suffix.lower()
    if suffix == ".eaf":
        write_eaf(path, timeline, media, signer=signer, vocabulary=vocabulary, remark=remark)
        return
    with write_whole(path) as partial:
        if suffix in (".csv", ".tsv"):
            write_table(partial, *_table(timeline), separator="," if suffix == ".csv" else "\t")
        else:
            partial.write_text(_text(suffix, timeline, signer, by_sign), encoding="utf-8", newline="")
        if path.is_file() and path.read_bytes() != partial.read_bytes():
            kept = _free_name(path)
            os.rename(path, kept)
            remark(f"{path} was there; what it held is now {kept}.")


def read_timeline(path: Path) -> Timeline:
    """Read a timeline from an `.eaf` file, or from JSON of `write_timeline` or of `slr predict --json` of one clip.

    Raises:
        BadInput: it is another file, or damaged.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".eaf":
        return read_annotations(path)
    if suffix != ".json":
        raise BadInput(f"{path} is no timeline that can be read; name an .eaf or a .json file.")
    with open_regular(path) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadInput(f"{path} has more than {LARGEST // 10**6} MB, so it is no timeline; name another.")
    try:
        found = msgspec.json.decode(data, type=list[_Written] | _Written)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is no timeline: {error}; make it with `slr annotate`.") from error
    written = found if isinstance(found, list) else [found]
    if len(written) != 1:
        raise BadInput(f"{path} holds {len(written)} timelines, and not one; name a file with one.")
    return _timeline(written[0])


class _Label(msgspec.Struct):
    label: str
    probability: float


class _Entry(msgspec.Struct):
    start: float
    end: float
    state: State
    labels: list[_Label]
    hands: tuple[Hand, ...] = ()


class _Written(msgspec.Struct):
    """A timeline in JSON."""

    start: float
    end: float
    tiers: dict[str, list[_Entry]]
    input: str = ""


def _timeline(written: _Written) -> Timeline:
    def entry(of: _Entry) -> Entry:
        return Entry(of.start, of.end, [(each.label, each.probability) for each in of.labels], of.state, of.hands)

    tiers = {
        name: sorted(map(entry, entries), key=lambda each: each.start_s) for name, entries in written.tiers.items()
    }
    return Timeline(written.input, written.start, written.end, tiers)


def _text(suffix: str, timeline: Timeline, signer: str | None, by_sign: bool) -> str:
    if suffix == ".srt":
        return srt(timeline, by_sign)
    if suffix == ".vtt":
        return vtt(timeline, signer, by_sign)
    return json.dumps({"input": timeline.name, **timeline.as_dict()}, ensure_ascii=False, indent=1) + "\n"


def _table(timeline: Timeline) -> tuple[list[str], Iterator[list[str]]]:
    """A row for each time at which something is signed: the gloss, how sure it is, the hands where they are known, and
    the best of the other tiers."""
    hands = ["hands"] if any(entry.hands for entry in timeline.tiers.get(GLOSS, [])) else []
    others = [tier for tier in timeline.tiers if tier != GLOSS]
    at: dict[tuple[float, float], dict[str, Entry]] = {}
    for tier, entries in timeline.tiers.items():
        for entry in entries:
            at.setdefault((entry.start_s, entry.end_s), {})[tier] = entry

    def row(times: tuple[float, float]) -> list[str]:
        found = at[times]
        sign = found.get(GLOSS)
        named = sign.best if sign else None
        best = [named[0], f"{named[1]:.4f}"] if named else ["", ""]
        rest = [found[tier].labels[0][0] if tier in found and found[tier].labels else "" for tier in others]
        signing = [" ".join(sign.hands) if sign else "" for _ in hands]
        return [*(f"{time:.3f}" for time in times), *best, sign.state if sign else "", *signing, *rest]

    return ["start", "end", GLOSS, "probability", "state", *hands, *others], map(row, sorted(at))


def _free_name(path: Path) -> Path:
    """A name beside a file that nothing has: `a.1.srt`, `a.2.srt`, ..."""
    names = (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in count(1))
    return next(name for name in names if not os.path.lexists(name))
