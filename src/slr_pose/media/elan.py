"""ELAN's annotation files, `.eaf` -> tiers of annotations in time, and the videos that they are about.

The format is described in "ELAN Annotation Format EAF 3.0" (Max Planck Institute for Psycholinguistics) and its schema,
EAFv3.0.xsd; files of 2.x have the same tiers. Time is the file's own, which begins `Media.origin_ms` into the video.
"""

import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import unquote

from slr_pose import BadInput
from slr_pose.files import open_regular
from slr_pose.media.folder import KEYPOINT_SUFFIXES, is_clip
from slr_pose.media.video import VIDEO_SUFFIXES
from slr_pose.tables import normal

LARGEST = 100_000_000  # bytes of a file; an hour with a dozen tiers takes a few million
DEEPEST = 50  # elements within each other; ELAN has six

Chain = list[tuple[str, float | None]]  # slots in order of time, with their times


@dataclass(frozen=True)
class Annotation:
    """What a tier says from when to when.

    Attributes:
        id: its own in the file.
        start_ms, end_ms: of the file's own time; what ELAN leaves open is spread evenly between its neighbours.
        value: what was written, as it was written.
        parent: the id of the annotation that it says something about.
    """

    id: str
    start_ms: float
    end_ms: float
    value: str
    parent: str | None = None


@dataclass(frozen=True)
class Tier:
    """One line of a file's annotations.

    Attributes:
        name: its own in the file.
        participant: who signs, empty where the file does not say.
        parent: the name of the tier that it says something about.
        annotations: in order of time.
    """

    name: str
    participant: str
    parent: str | None
    annotations: tuple[Annotation, ...]


@dataclass(frozen=True)
class Media:
    """A video or sound that a file is about.

    Attributes:
        url, relative_url: where it was when the file was written; relative to the file, empty where it does not say.
        origin_ms: where the file's time begins, in the video's own.
    """

    url: str
    relative_url: str
    origin_ms: int


@dataclass(frozen=True)
class Elan:
    """What an `.eaf` file holds.

    Attributes:
        path: the file.
        media: what it is about.
        tiers: by name, in the file's order.
        properties: what programs keep with it, by name.
        root: the document.
    """

    path: Path
    media: list[Media]
    tiers: dict[str, Tier]
    properties: dict[str, str]
    root: ET.Element

    @property
    def origin_ms(self) -> int:
        """Where its time begins, in that of the first video that it is about."""
        return self.media[0].origin_ms if self.media else 0

    def video(self) -> tuple[Path, int]:
        """The video, or its keypoints, that it is about, and where the time begins in that, in ms.

        That is where the file says relative to itself, or a file of that name beside it, or where the file says that it
        was, or a file, or a folder of pictures, of its own name beside it.

        Raises:
            BadInput: there is no such file.
        """
        for media in self.media:
            for place in _places(self.path, media):
                if is_clip(place):
                    return place, media.origin_ms
        for suffix in (*sorted(VIDEO_SUFFIXES), "", *sorted(KEYPOINT_SUFFIXES)):
            for place in (self.path.with_suffix(suffix), self.path.with_suffix(suffix.upper())):
                if is_clip(place):
                    return place, self.origin_ms
        named = [Path(_written(media.relative_url or media.url)[1]).name for media in self.media]
        raise BadInput(
            f"{self.path}: the video that it is about, {named[0] if named else 'which it does not name'}, is not there;"
            " put it beside the .eaf, or link it in ELAN (Edit, Linked Files)."
        )


def read_eaf(path: Path) -> Elan:
    """Read an `.eaf` file of version 2.x or 3.x; nothing but the file is opened.

    Raises:
        BadInput: it is no such file, too large, or names what is not in it.
    """
    return elan_of(_parse(Path(path)), Path(path))


def elan_of(root: ET.Element, path: Path) -> Elan:
    """What a document holds that stands in a file, or is to stand there.

    Raises:
        BadInput: it names what is not in it.
    """
    header = root.find("HEADER")
    if header is not None and header.get("TIME_UNITS", "milliseconds") != "milliseconds":
        raise BadInput(f"{path} counts time in {header.get('TIME_UNITS')}; save it in milliseconds.")
    tiers = {
        tier: [each for within in tier.iterfind("ANNOTATION") for each in within] for tier in root.iterfind("TIER")
    }
    try:
        slots = {slot.get("TIME_SLOT_ID", ""): _time(slot) for slot in root.iterfind("TIME_ORDER/TIME_SLOT")}
        times = _times(list(tiers.values()), slots)
        media = [
            Media(each.get("MEDIA_URL", ""), each.get("RELATIVE_MEDIA_URL", ""), _whole(each.get("TIME_ORIGIN", "0")))
            for each in root.iterfind("HEADER/MEDIA_DESCRIPTOR")
        ]
    except ValueError as error:
        raise BadInput(f"{path} is damaged: {error}; open it in ELAN and save it again.") from error
    found = [_tier(tier, annotations, times) for tier, annotations in tiers.items()]
    properties = {each.get("NAME", ""): each.text or "" for each in root.iterfind("HEADER/PROPERTY")}
    return Elan(path, media, {tier.name: tier for tier in found}, properties, root)


class _Guarded(ET.TreeBuilder):
    """Builds the document, comments too, unless it is none of ELAN's: those declare no entities and are not deep."""

    depth = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("it has a document type, which ELAN's files have not")

    def start(self, tag: str, attrs: dict[str, str]) -> ET.Element:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} elements stand within each other")
        return super().start(tag, attrs)

    def end(self, tag: str) -> ET.Element:
        self.depth -= 1
        return super().end(tag)


def _parse(path: Path) -> ET.Element:
    with open_regular(path) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadInput(f"{path} has more than {LARGEST // 10**6} MB, so it is no file of annotations; name another.")
    parser = ET.XMLParser(target=_Guarded(insert_comments=True, insert_pis=True))
    try:
        parser.feed(data)
        root = parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:  # LookupError: an encoding that nobody knows
        raise BadInput(f"{path} is no file of ELAN: {error}; open it in ELAN and save it again.") from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise BadInput(f"{path} is no file of ELAN's annotations: it holds a {root.tag}; name another.")
    return root


Times = dict[str, tuple[float, float]]  # of annotations, by their id


def _time(slot: ET.Element) -> int | None:
    value = slot.get("TIME_VALUE")
    if value is not None and _whole(value) < 0:
        raise ValueError(f"the time of slot {slot.get('TIME_SLOT_ID')} is negative")
    return None if value is None else _whole(value)


def _whole(number: str) -> int:
    """A number of milliseconds, which ends where ELAN's own do."""
    if abs(found := int(number)) >= 1 << 32:
        raise ValueError(f"{number} ms is no time")
    return found


def _times(tiers: list[list[ET.Element]], slots: dict[str, int | None]) -> Times:
    """When each annotation starts and ends, in ms; those that refer to one share its time."""
    times: Times = {}
    referring: list[tuple[str, list[str]]] = []  # an annotation, and those of one tier that refer to it
    for annotations in tiers:
        times |= dict(_aligned([each for each in annotations if each.tag == "ALIGNABLE_ANNOTATION"], slots))
        groups: dict[str, list[str]] = {}
        for each in annotations:
            if each.tag == "REF_ANNOTATION":
                groups.setdefault(each.get("ANNOTATION_REF", ""), []).append(each.get("ANNOTATION_ID", ""))
        referring += groups.items()
    while referring:
        waiting = [(parent, group) for parent, group in referring if parent not in times]
        if len(waiting) == len(referring):
            raise ValueError(f"there is no annotation {waiting[0][0]}, to which others refer")
        for parent, group in referring:
            if parent in times:
                times |= _spread(group, *times[parent])
        referring = waiting
    return times


def _aligned(annotations: list[ET.Element], slots: dict[str, int | None]) -> Iterator[tuple[str, tuple[float, float]]]:
    """Those of one tier that have slots of their own; slots without a time are spread between their neighbours."""
    ends = [(each.get("TIME_SLOT_REF1", ""), each.get("TIME_SLOT_REF2", "")) for each in annotations]
    order = [slot for slot, _ in groupby(slot for pair in ends for slot in pair)]
    for slot in order:
        if slot not in slots:
            raise ValueError(f"there is no time slot {slot}, to which an annotation refers")
    times = dict(_filled([(slot, slots[slot]) for slot in order]))
    for each, (start, end) in zip(annotations, ends, strict=True):
        yield each.get("ANNOTATION_ID", ""), (times[start], times[end])


def _filled(chain: Chain) -> Iterator[tuple[str, float]]:
    before: float | None = None
    waiting: list[str] = []
    for slot, time in chain:
        if time is None:
            waiting.append(slot)
            continue
        if waiting and before is None:
            raise ValueError(f"the time slot {waiting[0]} has no time")
        for number, open_slot in enumerate(waiting, 1):
            yield open_slot, before + (time - before) * number / (len(waiting) + 1)  # type: ignore[operator]
        yield slot, time
        before, waiting = time, []
    if waiting:
        raise ValueError(f"the time slot {waiting[0]} has no time")


def _spread(ids: list[str], start_ms: float, end_ms: float) -> Times:
    """One after the other, evenly, from start to end."""
    step = (end_ms - start_ms) / len(ids)
    return {each: (start_ms + number * step, start_ms + (number + 1) * step) for number, each in enumerate(ids)}


def _tier(tier: ET.Element, annotations: list[ET.Element], times: Times) -> Tier:
    found = []
    for each in annotations:
        if (name := each.get("ANNOTATION_ID", "")) in times:
            value = each.findtext("ANNOTATION_VALUE") or ""
            found.append(Annotation(name, *times[name], value, each.get("ANNOTATION_REF")))
    found.sort(key=lambda each: (each.start_ms, each.end_ms))
    return Tier(tier.get("TIER_ID", ""), normal(tier.get("PARTICIPANT", "")), tier.get("PARENT_REF"), tuple(found))


def _places(eaf: Path, media: Media) -> Iterator[Path]:
    """Where a video may be that a file names: there, or beside the file."""
    for relative, absolute in zip(_written(media.relative_url), _written(media.url), strict=True):
        written = [eaf.parent / relative] if relative else []
        written += [eaf.parent / Path(name).name for name in (relative, absolute) if name]
        written += [Path(absolute)] if absolute.startswith("/") else []
        for place in written:
            for form in ("NFC", "NFD"):
                yield place.with_name(unicodedata.normalize(form, place.name)) if place.name else place


def _written(url: str) -> tuple[str, str]:
    """The path that a URL names, as it stands there, which is how ELAN writes it; and decoded, as others do."""
    path = url.replace("\\", "/").replace("\0", "").removeprefix("file:")
    path = f"/{path.lstrip('/')}" if path.startswith("//") else path
    return path, unquote(path)
