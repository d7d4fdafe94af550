"""Files of ELAN as annotators have them, and what is wrong with one, for tests."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

Row = tuple[int | None, int | None, str]  # start and end in ms, and what is written


def write(
    path: Path,
    tiers: dict[str, list[Row]],
    *,
    participants: dict[str, str] | None = None,
    children: dict[str, tuple[str, list[str]]] | None = None,
    media: str = "",
    origin_ms: int | None = None,
    version: str = "3.0",
) -> Path:
    """Tiers with annotations, and, of a parent, children with a value for each of its annotations."""
    slots, lines, ids = [], [], {}
    for name, rows in tiers.items():
        who = f" PARTICIPANT={quoteattr((participants or {})[name])}" if name in (participants or {}) else ""
        lines.append(f'<TIER TIER_ID={quoteattr(name)} LINGUISTIC_TYPE_REF="gloss"{who}>')
        ids[name] = []
        for start, end, value in rows:
            number = len(slots)
            ids[name].append(f"a{number}")
            slots += [(f"ts{number}", start), (f"ts{number + 1}", end)]
            lines.append(
                f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" TIME_SLOT_REF1="ts{number}"'
                f' TIME_SLOT_REF2="ts{number + 1}"><ANNOTATION_VALUE>{escape(value)}</ANNOTATION_VALUE>'
                "</ALIGNABLE_ANNOTATION></ANNOTATION>"
            )
        lines.append("</TIER>")
    for name, (parent, values) in (children or {}).items():
        lines.append(f'<TIER TIER_ID={quoteattr(name)} LINGUISTIC_TYPE_REF="child" PARENT_REF={quoteattr(parent)}>')
        for number, (of, value) in enumerate(zip(ids[parent], values, strict=True)):
            lines.append(
                f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{of}-{name}-{number}" ANNOTATION_REF="{of}">'
                f"<ANNOTATION_VALUE>{escape(value)}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
            )
        lines.append("</TIER>")
    times = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="{slot}"' + (f' TIME_VALUE="{time}"/>' if time is not None else "/>")
        for slot, time in sorted(slots, key=lambda slot: (slot[1] is None, slot[1] or 0))
    )
    origin = f' TIME_ORIGIN="{origin_ms}"' if origin_ms is not None else ""
    video = f'<MEDIA_DESCRIPTOR MEDIA_URL={quoteattr(media)} MIME_TYPE="video/mp4"{origin}/>' if media else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT AUTHOR="anna" DATE="2026-11-02T10:00:00+01:00"'
        f' FORMAT="{version}" VERSION="{version}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv{version}.xsd">\n'
        f'<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">{video}'
        '<PROPERTY NAME="lastUsedAnnotationId">7</PROPERTY></HEADER>\n'
        f"<TIME_ORDER>{times}</TIME_ORDER>\n" + "\n".join(lines) + "\n"
        '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="gloss" TIME_ALIGNABLE="true" GRAPHIC_REFERENCES="false"/>\n'
        '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="child" TIME_ALIGNABLE="false" CONSTRAINTS="Symbolic_Association"/>\n'
        '<CONSTRAINT STEREOTYPE="Symbolic_Association" DESCRIPTION="1-1 association with a parent annotation"/>\n'
        "</ANNOTATION_DOCUMENT>\n",
        encoding="utf-8",
    )
    return path


# What EAF 3.0's schema asks of a document, in our words: children in order, with the attributes that each must have.

# fmt: off
TOP = [
    "LICENSE", "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT",
    "CONTROLLED_VOCABULARY", "LEXICON_REF", "REF_LINK_SET", "EXTERNAL_REF",
]
# fmt: on
HEADER = ["MEDIA_DESCRIPTOR", "LINKED_FILE_DESCRIPTOR", "PROPERTY"]
MUST = {
    "ANNOTATION_DOCUMENT": "DATE AUTHOR VERSION",
    "MEDIA_DESCRIPTOR": "MEDIA_URL MIME_TYPE",
    "TIME_SLOT": "TIME_SLOT_ID",
    "TIER": "TIER_ID LINGUISTIC_TYPE_REF",
    "ALIGNABLE_ANNOTATION": "ANNOTATION_ID TIME_SLOT_REF1 TIME_SLOT_REF2",
    "REF_ANNOTATION": "ANNOTATION_ID ANNOTATION_REF",
    "LINGUISTIC_TYPE": "LINGUISTIC_TYPE_ID",
    "CONSTRAINT": "STEREOTYPE",
    "LANGUAGE": "LANG_ID",
    "CONTROLLED_VOCABULARY": "CV_ID",
    "CV_ENTRY_ML": "CVE_ID",
    "CVE_VALUE": "LANG_REF",
}
IDS = ("TIME_SLOT_ID", "ANNOTATION_ID", "LANGUAGE_CODE", "STEREOTYPE", "LANG_ID")  # one name for one thing in the file
NAMES = {"TIER": "TIER_ID", "LINGUISTIC_TYPE": "LINGUISTIC_TYPE_ID", "CONTROLLED_VOCABULARY": "CV_ID"}
REFERENCES = {
    "PARENT_REF": "TIER_ID",
    "LINGUISTIC_TYPE_REF": "LINGUISTIC_TYPE_ID",
    "CONTROLLED_VOCABULARY_REF": "CV_ID",
    "CONSTRAINTS": "STEREOTYPE",
    "TIME_SLOT_REF1": "TIME_SLOT_ID",
    "TIME_SLOT_REF2": "TIME_SLOT_ID",
    "ANNOTATION_REF": "ANNOTATION_ID",
    "LANG_REF": "LANG_ID",
    "CVE_REF": "CVE_ID",
}


def problems(path: Path) -> list[str]:
    """What in a file is not as the schema of EAF 3.0 has it, or as ELAN needs it."""
    root = ET.parse(path).getroot()
    found = [] if root.tag == "ANNOTATION_DOCUMENT" else [f"the root is {root.tag}"]
    order = [TOP.index(each.tag) for each in root]
    found += ["elements are out of order"] * (order != sorted(order))
    found += [
        f"{tag} is there {count} times" for tag in ("HEADER", "TIME_ORDER") if (count := len(root.findall(tag))) != 1
    ]
    header = [HEADER.index(each.tag) for each in root.find("HEADER")]
    found += ["the header is out of order"] * (header != sorted(header))
    for each in root.iter():
        missing = set(MUST.get(each.tag, "").split()) - set(each.keys())
        found += [f"{each.tag} lacks {missing}"] * bool(missing)
    ids = [each.get(name) for each in root.iter() for name in IDS if each.get(name) is not None]
    found += [f"{each} is the id of several things" for each, count in Counter(ids).items() if count > 1]
    found += [f"{each} is no id" for each in ids if not re.fullmatch(r"[A-Za-z_][\w.-]*", each)]
    for tag, name in NAMES.items():
        counts = Counter(each.get(name) for each in root.iterfind(tag))
        found += [f"{tag} {each} is there {count} times" for each, count in counts.items() if count > 1]
    for reference, name in REFERENCES.items():
        known = {each.get(name) for each in root.iter()}
        found += [
            f"{reference} {each.get(reference)} is nowhere"
            for each in root.iter()
            if each.get(reference) is not None and each.get(reference) not in known
        ]
    return found + (times(root) if not found else [])


def times(root: ET.Element) -> list[str]:
    """Where time slots are not in order, or annotations of a tier have no length or overlap."""
    aligned = [slot for slot in root.iterfind("TIME_ORDER/TIME_SLOT") if slot.get("TIME_VALUE")]
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in aligned}
    found = ["time slots are out of order"] * (list(slots.values()) != sorted(slots.values()))
    for tier in root.iterfind("TIER"):
        reached = 0
        for each in tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION"):
            start, end = (slots.get(each.get(slot)) for slot in ("TIME_SLOT_REF1", "TIME_SLOT_REF2"))
            if start is None or end is None:
                continue
            found += [f"{each.get('ANNOTATION_ID')} overlaps the one before"] * (start < reached)
            found += [f"{each.get('ANNOTATION_ID')} has no length"] * (end <= start)
            reached = end
    return found
