"""Timeline -> ELAN's annotation file, also one that annotators work on; and what they made of it -> Timeline.

A tier's annotations are its best labels; tiers below it, by Symbolic Association, say how sure each is, its state, all
its labels and its HamNoSys. Of glosses there is a tier for each hand, where it is known which hands sign. The header
keeps a digest of each tier that we wrote: one that somebody has changed since is theirs, and stays, with that of the
other hand.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

import msgspec

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.hamnosys import ATTRIBUTES, most_likely, read_attributes, write
from slr_pose.media.answers import RANKING, STATE, UNKNOWN, Answer, answers_of
from slr_pose.media.elan import Annotation, Elan, elan_of, read_eaf
from slr_pose.media.elan_document import ASSOCIATION, ElanDocument, Row, new_root
from slr_pose.media.signs import GLOSS, HAMNOSYS, HANDS, Sign, annotated_tiers, gloss, signs_of
from slr_pose.tables import normal
from slr_pose.timeline import Entry, Ranked, Timeline

Notations = dict[tuple[float, float], str]  # of what is signed from when to when
Part = tuple[str, list[Entry], Notations]  # of a timeline: its tier, and what stands on it and below it
Written = tuple[Row, Entry]

SLR = "slr"  # behind the name of a tier of ours, where somebody has one of that name
OURS = "slr-pose"  # the property that says which tiers are ours
VOCABULARY, VALUE = "slr-glosses", "slr-value"
OF_GLOSSES = (GLOSS, *HANDS.values())
CONFIDENCE = "confidence"
BELOW = (CONFIDENCE, STATE, RANKING, HAMNOSYS)  # what the tiers below a tier say


class OurTier(msgspec.Struct):
    """A tier of an `.eaf` file that we wrote.

    Attributes:
        of: the tier of the timeline.
        digest: of what we wrote on it and below it.
    """

    of: str
    digest: str = ""


class Ours(msgspec.Struct):
    """What we keep with an `.eaf` file: what of the video was looked at, and our tiers by name."""

    start: float = 0.0
    end: float = 0.0
    tiers: dict[str, OurTier] = {}


def write_eaf(
    path: Path,
    timeline: Timeline,
    media: Path | None = None,
    *,
    signer: str | None = None,
    vocabulary: Iterable[str] = (),
    remark: Callable[[str], None] = lambda sentence: None,
) -> None:
    """Write a timeline for ELAN; of a file that is there, all stays but the tiers that we wrote and nobody changed.

    Args:
        media: the video; it is linked by where it is, and relative to the file, so that both can move together.
        signer: who signs.
        vocabulary: glosses to choose from, beside those of the timeline.
        remark: called with a sentence about tiers that stay because they were changed, and where ours are instead.

    Raises:
        BadInput: a file is there that is none of ELAN's, or about another video; or it cannot be written.
    """
    path, vocabulary = Path(path), list(vocabulary)
    elan = readable(path, media)
    document = ElanDocument(elan.root if elan else new_root())
    ours = Ours(timeline.start_s, timeline.end_s)
    others: list[str] = []
    if elan:
        ours.tiers, others = _without_untouched(elan, document)
    if media and not (elan and elan.media):
        document.link(path, media)
    for head, entries, notations in _parts(timeline):
        names = OF_GLOSSES if head == GLOSS else (head,)
        theirs = list(dict.fromkeys([*_taken(document, names), *(others if head == GLOSS else ())]))
        suffix = _free_suffix(document, names) if theirs else ""
        words = [UNKNOWN, *vocabulary, *(label for entry in entries for label, _ in entry.labels)]
        ids = document.vocabulary(VOCABULARY, words) if head == GLOSS else {}
        kind = document.kind(f"slr-{head}", vocabulary=VOCABULARY if ids else None)
        tiers = _tiers(head, _rows(entries, elan.origin_ms if elan else 0))
        for own, rows in ((f"{name}{suffix}", rows) for name, rows in tiers.items()):
            annotations = document.add_tier(own, [row for row, _ in rows], kind, signer, ids)
            for what, values in _below(annotations, [entry for _, entry in rows], notations).items():
                document.add_values(f"{own}-{what}", own, values, document.kind(VALUE, ASSOCIATION), signer)
            ours.tiers[own] = OurTier(head)
        if theirs:
            new = _quoted([f"{name}{suffix}" for name in tiers])
            remark(
                f"{path}: what stands on {_quoted(theirs)} is not as slr wrote it, and stays; what is new is on {new}."
            )
    written = elan_of(document.root, path)
    for own, tier in ours.tiers.items():
        tier.digest = tier.digest or _digest(written, own)
    document.write_property(OURS, msgspec.json.encode(ours).decode())
    with write_whole(path) as partial:
        partial.write_text(document.text(), encoding="utf-8", newline="")


def _without_untouched(elan: Elan, document: ElanDocument) -> tuple[dict[str, OurTier], list[str]]:
    """Take out what we wrote and nobody changed. What stays: our tiers, and all tiers on which glosses are written."""
    known = {name: tier for name, tier in _ours(elan).tiers.items() if name in elan.tiers}
    untouched = [name for name in known if is_untouched(elan, name)]
    gone = {each for name in untouched for each in _group(elan, name)}
    document.remove_tiers(gone)
    stay = {name: tier for name, tier in known.items() if name not in untouched}
    return stay, [name for name in annotated_tiers(elan) if name not in gone]


def readable(path: Path, media: Path | None) -> Elan | None:
    """The file to write into, if there is one.

    Raises:
        BadInput: it is none of ELAN's, or about another video.
    """
    if not path.exists():
        return None
    elan = read_eaf(path)
    names = [Path(each.relative_url or each.url).stem for each in elan.media]
    if media and names and normal(media.stem) not in map(normal, names):
        raise BadInput(f"{path} is about another video, {names[0]}, and not about {media.name}; choose another place.")
    return elan


def is_untouched(elan: Elan, name: str) -> bool:
    """Whether a tier, with those below it, is as we wrote it; of glosses, with that of the other hand."""
    ours = {each: tier for each, tier in _ours(elan).tiers.items() if each in elan.tiers}
    together = [each for each in _together(name) if each in ours]
    return name in ours and all(ours[each].digest == _digest(elan, each) for each in together)


def _together(name: str) -> list[str]:
    """The tiers that are written and replaced with one: of glosses, all that have the same behind their names."""
    suffixes = [name.removeprefix(each) for each in OF_GLOSSES if name == each or name.startswith(f"{each} ({SLR}")]
    return [f"{each}{suffixes[0]}" for each in OF_GLOSSES] if suffixes else [name]


def read_annotations(path: Path) -> Timeline:
    """What an `.eaf` file says was signed when, in the video's own time.

    What we wrote and nobody changed has its labels and state; what a person wrote is sure.

    Raises:
        BadInput: it is no such file, or has no tier of glosses.
    """
    elan = read_eaf(path)
    ours = _ours(elan)
    others = {tier.of: name for name, tier in ours.tiers.items() if tier.of != GLOSS and name in elan.tiers}
    tiers: dict[str, list[Entry]] = {}
    if not others or any(tier.of == GLOSS for tier in ours.tiers.values()):
        found = signs_of(elan)
        tiers[GLOSS] = _entries(elan, found.signs, [tier.name for tier in found.tiers])
        notations = [
            (entry, found.notations.get(sign.id)) for entry, sign in zip(tiers[GLOSS], found.signs, strict=True)
        ]
    for head, name in others.items():
        tiers[head] = _entries(elan, elan.tiers[name].annotations, [name])
    if HAMNOSYS in tiers:
        notations = [(entry, entry.labels[0][0] if entry.labels else None) for entry in tiers.pop(HAMNOSYS)]
    tiers |= _attributes(notations)
    last_s = max((entry.end_s for entries in tiers.values() for entry in entries), default=0.0)
    name = Path(elan.media[0].relative_url or elan.media[0].url).name if elan.media else elan.path.name
    return Timeline(name, ours.start, max(ours.end, last_s), tiers)


def _parts(timeline: Timeline) -> Iterator[Part]:
    """What of a timeline becomes tiers of its own: all but the attributes, which are notations of the glosses."""
    notations = _notations(timeline)
    if GLOSS not in timeline.tiers and notations:
        entries = [Entry(*times, [(notation, 1.0)], "not measured") for times, notation in notations.items()]
        yield HAMNOSYS, entries, {}
    for head, entries in timeline.tiers.items():
        if head not in ATTRIBUTES:
            yield head, entries, notations if head == GLOSS else {}


def _tiers(head: str, rows: list[Written]) -> dict[str, list[Written]]:
    """What stands on which tier: a sign on that of each hand that signs it, where that is known of some; those of which
    it is not, on the right one's."""
    if head != GLOSS or not any(entry.hands for _, entry in rows):
        return {head: rows}
    return {
        name: [(row, entry) for row, entry in rows if hand in (entry.hands or ("right",))]
        for hand, name in HANDS.items()
    }


def _notations(timeline: Timeline) -> Notations:
    """HamNoSys of what has all eight attributes."""
    heads: dict[tuple[float, float], dict[str, Ranked]] = {}
    for head in ATTRIBUTES:
        for entry in timeline.tiers.get(head, []):
            if entry.labels:
                heads.setdefault((entry.start_s, entry.end_s), {})[head] = entry.labels
    found = {times: most_likely(ranked) for times, ranked in heads.items()}
    return {times: write(notation) for times, notation in found.items() if notation}


def _taken(document: ElanDocument, names: Sequence[str], suffix: str = "") -> list[str]:
    """The tiers that are called so, with something behind it, or as one below such a tier."""
    own = [f"{name}{suffix}" for name in names]
    tiers = document.tiers
    below = [f"{name}-{what}" for name in own for what in BELOW]
    return [name for name in own if name in tiers] or [name for name in below if name in tiers]


def _free_suffix(document: ElanDocument, names: Sequence[str]) -> str:
    """What to put behind names so that no tier has one of them, nor any below it."""
    suffixes = (f" ({SLR} {number})" if number > 1 else f" ({SLR})" for number in count(1))
    return next(suffix for suffix in suffixes if not _taken(document, names, suffix))


def _quoted(tiers: list[str]) -> str:
    return " and ".join(f"'{name}'" for name in tiers)


def _rows(entries: list[Entry], origin_ms: int) -> list[Written]:
    """Entries in whole ms of the file's own time, none over another and none without a length.

    What is signed before the file's time begins has no place in it.
    """
    rows: list[Written] = []
    for entry in entries:
        start_ms = max(round(entry.start_s * 1000) - origin_ms, rows[-1][0][1] if rows else 0)
        end_ms = round(entry.end_s * 1000) - origin_ms
        if end_ms > 0 or origin_ms == 0:
            shown = Answer(entry.labels, entry.state).shown
            rows.append(((start_ms, max(end_ms, start_ms + 1), shown), entry))
    return rows


def _below(annotations: list[str], entries: list[Entry], notations: Notations) -> dict[str, dict[str, str]]:
    """What stands below a tier: of each annotation, by its id."""
    found: dict[str, dict[str, str]] = {what: {} for what in BELOW}
    for name, entry in zip(annotations, entries, strict=True):
        found[STATE][name] = entry.state
        if entry.labels:
            found[CONFIDENCE][name] = f"{entry.labels[0][1]:.3f}"
            found[RANKING][name] = "\n".join(f"{label} {share!r}" for label, share in entry.labels)
        if notation := notations.get((entry.start_s, entry.end_s)):
            found[HAMNOSYS][name] = notation
    return {what: values for what, values in found.items() if values}


def _group(elan: Elan, name: str) -> list[str]:
    """A tier of ours and those that stand below it."""
    own = [name, *(f"{name}-{what}" for what in BELOW)]
    return [each for each in own if each in elan.tiers and elan.tiers[each].parent in (None, name)]


def _digest(elan: Elan, name: str) -> str:
    """Of what stands on a tier and below it, and whether something refers to that."""
    tiers = [elan.tiers[name], *(tier for tier in elan.tiers.values() if tier.parent in _group(elan, name))]
    said = [
        [
            tier.name,
            tier.participant,
            [[round(each.start_ms), round(each.end_ms), normal(each.value)] for each in tier.annotations],
        ]
        for tier in sorted(tiers, key=lambda tier: tier.name)
    ]
    ids = {each.id for tier in tiers for each in tier.annotations}
    links = [link for links in elan.root.iterfind("REF_LINK_SET") for link in links]
    refers = any(ids & set(" ".join(link.get(name, "") for name in ("REF1", "REF2", "REFS")).split()) for link in links)
    return hashlib.sha1(json.dumps([said, refers]).encode()).hexdigest()[:16]


def _ours(elan: Elan) -> Ours:
    """What we kept with the file; nothing where that is damaged or there is none."""
    try:
        return msgspec.json.decode(elan.properties.get(OURS, "{}"), type=Ours)
    except ValueError:
        return Ours()


def _entries(elan: Elan, annotations: Sequence[Annotation], tiers: list[str]) -> list[Entry]:
    """What annotations of tiers say: with labels and state where they are as we wrote them."""
    answers = answers_of(elan, tiers)
    found = []
    for each in annotations:
        start_s, end_s = (max(0.0, (time_ms + elan.origin_ms) / 1000) for time_ms in (each.start_ms, each.end_ms))
        answer = answers.get(each.id)
        if not answer or not answer.is_kept(each):
            name = gloss(each.value)
            answer = Answer([(name, 1.0)], "sure") if name else Answer([], "unknown")
        hands = each.hands if isinstance(each, Sign) else ()
        found.append(Entry(start_s, end_s, *answer, hands))
    return found


def _attributes(notations: list[tuple[Entry, str | None]]) -> dict[str, list[Entry]]:
    """The attributes of notations that can be read; how probable each was is not written."""
    found: dict[str, list[Entry]] = {}
    for entry, notation in notations:
        try:
            attributes = read_attributes(notation) if notation else {}
        except BadInput:
            continue
        for head, label in attributes.items():
            found.setdefault(head, []).append(Entry(entry.start_s, entry.end_s, [(label, 1.0)], "not measured"))
    return found
