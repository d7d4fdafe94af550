"""Files of ELAN as annotators have them, for tests."""

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
