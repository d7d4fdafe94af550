"""An `.eaf` document that grows: tiers, what they need, and the link to a video, each where EAF 3.0's schema has it."""

import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterable
from datetime import datetime, timezone
from pathlib import Path

from slr_pose.media.folder import is_video
from slr_pose.text import in_xml

ASSOCIATION = "Symbolic_Association"  # one value for one annotation
MULTILINGUAL = (2, 8)  # from this version of the format on, vocabularies are as we write them
LANGUAGE = ("und", "http://cdb.iso.org/lg/CDB-00130975-001", "undetermined (und)")  # as ELAN has it
MIME_TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".qt": "video/quicktime",
    ".webm": "video/webm", ".mkv": "video/x-matroska", ".avi": "video/x-msvideo", ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg", ".wmv": "video/x-ms-wmv",
}  # fmt: skip
ANY_VIDEO = "video/*"  # as ELAN calls one that it does not know

# What stands in a document, in the schema's order.
ORDER = (
    "LICENSE", "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT",
    "CONTROLLED_VOCABULARY", "LEXICON_REF", "REF_LINK_SET", "EXTERNAL_REF",
)  # fmt: skip

_SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"
_IDS = ("TIME_SLOT_ID", "ANNOTATION_ID", "LANGUAGE_CODE", "LANG_ID", "STEREOTYPE", "EXT_REF_ID", "LEX_REF_ID")

Row = tuple[int, int, str]  # start and end, in ms of the file's own time, and what is written


def new_root() -> ET.Element:
    """A document of EAF 3.0 with nothing in it."""
    now = datetime.now(timezone.utc).replace(microsecond=0).isoformat()
    about = {"AUTHOR": "slr-pose", "DATE": now, "FORMAT": "3.0", "VERSION": "3.0"}
    root = ET.Element("ANNOTATION_DOCUMENT", {**about, _SCHEMA: "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"})
    ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    ET.SubElement(root, "TIME_ORDER").text = "\n"
    ET.indent(root)
    return root


class ElanDocument:
    """A document to which something is added; what stands in it stays as it is.

    Args:
        root: the document, which changes.
    """

    def __init__(self, root: ET.Element):
        self.root = root
        self._ids = {value for each in root.iter() for name in _IDS if (value := each.get(name))}
        self._last = 0

    @property
    def tiers(self) -> list[str]:
        """The names of its tiers."""
        return [tier.get("TIER_ID", "") for tier in self.root.iterfind("TIER")]

    def link(self, eaf: Path, media: Path) -> None:
        """Say that it is about a video: where that is, and where it is from the file's folder."""
        if not is_video(media):
            return
        where = {"MEDIA_URL": f"file://{media.resolve().as_posix()}"}
        try:
            relative = Path(os.path.relpath(media.resolve(), eaf.resolve().parent)).as_posix()
            where["RELATIVE_MEDIA_URL"] = relative if relative.startswith("..") else f"./{relative}"
        except ValueError:  # on another drive of Windows there is no way from here to there
            pass
        mime = MIME_TYPES.get(media.suffix.lower(), ANY_VIDEO)
        self._header().insert(0, ET.Element("MEDIA_DESCRIPTOR", _texts({**where, "MIME_TYPE": mime})))

    def write_property(self, name: str, value: str) -> None:
        """Keep something with it, in the place of what was kept under that name."""
        header = self._header()
        for known in header.iterfind("PROPERTY"):
            if known.get("NAME") == name:
                known.text = value
                return
        ET.SubElement(header, "PROPERTY", {"NAME": name}).text = value

    def add_tier(
        self, name: str, rows: Iterable[Row], kind: str, participant: str | None, entries: dict[str, str]
    ) -> list[str]:
        """Add a tier of its own times, none over another, and give the ids of its annotations.

        Args:
            kind: its linguistic type.
            entries: ids of the words of its controlled vocabulary.
        """
        who = {"PARTICIPANT": participant} if participant else {}
        tier = self._insert("TIER", {"TIER_ID": name, "LINGUISTIC_TYPE_REF": kind, **who})
        ids: list[str] = []
        times: dict[str, int] = {}
        for start_ms, end_ms, value in rows:
            own, slots = self._new_id("a"), (self._new_id("ts"), self._new_id("ts"))
            times |= {slots[0]: start_ms, slots[1]: end_ms}
            word = {"CVE_REF": entries[value]} if value in entries else {}
            refs = {"ANNOTATION_ID": own, "TIME_SLOT_REF1": slots[0], "TIME_SLOT_REF2": slots[1], **word}
            _annotation(tier, "ALIGNABLE_ANNOTATION", refs, value)
            ids.append(own)
        ET.indent(tier)
        self._add_slots(times)
        return ids

    def add_values(self, name: str, parent: str, values: dict[str, str], kind: str, participant: str | None) -> None:
        """Add a tier that says one thing about annotations of its parent, by their ids."""
        who = {"PARTICIPANT": participant} if participant else {}
        tier = self._insert("TIER", {"TIER_ID": name, "LINGUISTIC_TYPE_REF": kind, "PARENT_REF": parent, **who})
        for about, value in values.items():
            refs = {"ANNOTATION_ID": self._new_id("a"), "ANNOTATION_REF": about}
            _annotation(tier, "REF_ANNOTATION", refs, value)
        ET.indent(tier)

    def remove_tiers(self, names: Collection[str]) -> None:
        """Take tiers out, and the time slots that nothing else uses."""
        gone = [tier for tier in self.root.iterfind("TIER") if tier.get("TIER_ID") in names]
        for tier in gone:
            self.root.remove(tier)
        free = {slot for tier in gone for slot in _slots(tier)} - set(_slots(self.root))
        for order in self.root.iterfind("TIME_ORDER"):
            for slot in [slot for slot in order if slot.get("TIME_SLOT_ID") in free]:
                order.remove(slot)

    def kind(self, name: str, constraint: str | None = None, vocabulary: str | None = None) -> str:
        """The name of a linguistic type: of times of its own, or of values of a parent's annotations."""
        wanted = {"TIME_ALIGNABLE": str(constraint is None).lower(), "GRAPHIC_REFERENCES": "false"}
        wanted |= {"CONSTRAINTS": constraint} if constraint else {}
        wanted |= {"CONTROLLED_VOCABULARY_REF": vocabulary} if vocabulary else {}
        if constraint and constraint not in self._ids:
            about = {"STEREOTYPE": constraint, "DESCRIPTION": "1-1 association with a parent annotation"}
            self._insert("CONSTRAINT", about)
            self._ids.add(constraint)
        for own in _numbered(name):
            known = self._find("LINGUISTIC_TYPE", "LINGUISTIC_TYPE_ID", own)
            if known is None:
                self._insert("LINGUISTIC_TYPE", {"LINGUISTIC_TYPE_ID": own, **wanted})
                return own
            if {key: value for key, value in known.items() if key != "LINGUISTIC_TYPE_ID"} == wanted:
                return own
        raise AssertionError("there are always more numbers")

    def vocabulary(self, name: str, words: Iterable[str]) -> dict[str, str]:
        """A controlled vocabulary with at least these words: the id of each; none in a format without such ids."""
        if self._version() < MULTILINGUAL:
            return {}
        if LANGUAGE[0] not in self._ids:
            self._insert("LANGUAGE", dict(zip(("LANG_ID", "LANG_DEF", "LANG_LABEL"), LANGUAGE, strict=True)))
            self._ids.add(LANGUAGE[0])
        found = self._find("CONTROLLED_VOCABULARY", "CV_ID", name)
        if found is None:
            found = self._insert("CONTROLLED_VOCABULARY", {"CV_ID": name})
        known = {entry.findtext("CVE_VALUE", ""): entry.get("CVE_ID", "") for entry in found.iterfind("CV_ENTRY_ML")}
        taken = set(known.values())
        for word in dict.fromkeys(words):
            if word not in known:
                known[word] = next(each for each in _numbered("cveid") if each not in taken)
                taken.add(known[word])
                entry = ET.SubElement(found, "CV_ENTRY_ML", {"CVE_ID": known[word]})
                ET.SubElement(entry, "CVE_VALUE", {"LANG_REF": LANGUAGE[0]}).text = in_xml(word)
        return known

    def text(self) -> str:
        """The document as it stands in a file."""
        text = ET.tostring(self.root, encoding="unicode")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.replace(
            "\r", "&#13;"
        )  # XML reads it as a line's end

    def _header(self) -> ET.Element:
        found = self.root.find("HEADER")
        return self._insert("HEADER", {"TIME_UNITS": "milliseconds"}) if found is None else found

    def _version(self) -> tuple[int, ...]:
        written = re.match(r"(\d{1,3})\.(\d{1,3})", self.root.get("FORMAT", "3.0"))
        return tuple(map(int, written.groups())) if written else (3, 0)

    def _find(self, tag: str, attribute: str, value: str) -> ET.Element | None:
        return next((each for each in self.root.iterfind(tag) if each.get(attribute) == value), None)

    def _insert(self, tag: str, attributes: dict[str, str]) -> ET.Element:
        """A new element behind those that stand before it in the schema's order."""
        element = ET.Element(tag, _texts(attributes))
        element.tail = "\n"
        before = ORDER[: ORDER.index(tag) + 1]
        places = [place for place, each in enumerate(self.root, 1) if each.tag in before]
        self.root.insert(max(places, default=0), element)
        return element

    def _new_id(self, letters: str) -> str:
        """One that nothing in the document has, nor will ELAN give to something."""
        while True:
            self._last += 1
            if (found := f"slr_{letters}{self._last}") not in self._ids:
                self._ids.add(found)
                return found

    def _add_slots(self, times: dict[str, int]) -> None:
        """New time slots where their times are in the order of those that are there."""
        order = self.root.find("TIME_ORDER")
        order = self._insert("TIME_ORDER", {}) if order is None else order
        waiting = sorted(times.items(), key=lambda slot: slot[1])
        merged: list[ET.Element] = []
        place = 0
        for known in list(order):
            value = known.get("TIME_VALUE")
            while value is not None and place < len(waiting) and waiting[place][1] < int(value):
                merged.append(_slot(*waiting[place]))
                place += 1
            merged.append(known)
        merged += [_slot(*slot) for slot in waiting[place:]]
        order[:] = merged


def _slot(name: str, time_ms: int) -> ET.Element:
    slot = ET.Element("TIME_SLOT", {"TIME_SLOT_ID": name, "TIME_VALUE": str(time_ms)})
    slot.tail = "\n"
    return slot


def _slots(element: ET.Element) -> Iterable[str]:
    for each in element.iter("ALIGNABLE_ANNOTATION"):
        yield from (each.get("TIME_SLOT_REF1", ""), each.get("TIME_SLOT_REF2", ""))


def _annotation(tier: ET.Element, tag: str, refs: dict[str, str], value: str) -> None:
    ET.SubElement(ET.SubElement(ET.SubElement(tier, "ANNOTATION"), tag, refs), "ANNOTATION_VALUE").text = in_xml(value)


def _numbered(name: str) -> Iterable[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _texts(attributes: dict[str, str]) -> dict[str, str]:
    return {name: in_xml(value) for name, value in attributes.items()}
