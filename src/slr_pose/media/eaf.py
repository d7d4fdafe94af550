"""Timeline -> ELAN's annotation file, also one that annotators work on; and what they made of it -> Timeline.

A tier's annotations are its best labels; tiers below it, by Symbolic Association, say how sure each is, its state, all
its labels and its HamNoSys. The header keeps a digest of each tier that we wrote: one that somebody has changed since
is theirs, and stays.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, cast, get_args

import msgspec

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.hamnosys import ATTRIBUTES, most_likely, read_attributes, write
from slr_pose.media.elan import Annotation, Elan, elan_of, read_eaf
from slr_pose.media.elan_document import ASSOCIATION, ElanDocument, Row, new_root
from slr_pose.media.signs import GLOSS, HAMNOSYS, HANDS, UNKNOWN, gloss, signs_of
from slr_pose.tables import normal
from slr_pose.timeline import Entry, Ranked, State, Timeline

Hand = Literal["right", "left", "both"]
Notations = dict[tuple[float, float], str]  # of what is signed from when to when
Part = tuple[str, str, list[Entry], Notations]  # of a timeline: its tier, that tier in ELAN, and what stands on it

OURS = "slr-pose"  # the property that says which tiers are ours
VOCABULARY, VALUE = "slr-glosses", "slr-value"
CONFIDENCE, STATE, RANKING = "confidence", "state", "ranking"
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
    hands: Sequence[Hand] = (),
    vocabulary: Iterable[str] = (),
    remark: Callable[[str], None] = lambda sentence: None,
) -> None:
    """Write a timeline for ELAN; of a file that is there, all stays but the tiers that we wrote and nobody changed.

    Args:
        media: the video; it is linked by where it is, and relative to the file, so that both can move together.
        signer: who signs.
        hands: of each entry of the tier `gloss`, which hand signs it; then there is a tier for each hand.
        vocabulary: glosses to choose from, beside those of the timeline.
        remark: called with a sentence about tiers that stay because they were changed, and where ours are instead.

    Raises:
        BadInput: a file is there that is none of ELAN's, or about another video; or it cannot be written.
    """
    path, vocabulary = Path(path), list(vocabulary)
    elan = readable(path, media)
    document = ElanDocument(elan.root if elan else new_root())
    ours = Ours(timeline.start_s, timeline.end_s)
    if elan:
        known = _ours(elan).tiers
        ours.tiers = {name: tier for name, tier in known.items() if not is_untouched(elan, name)}
        document.remove_tiers({each for name in known.keys() - ours.tiers for each in _group(elan, name)})
    if media and not (elan and elan.media):
        document.link(path, media)
    for head, wanted, entries, notations in _parts(timeline, hands):
        own = _free_name(document, wanted)
        words = [UNKNOWN, *vocabulary, *(label for entry in entries for label, _ in entry.labels)]
        ids = document.vocabulary(VOCABULARY, words) if head == GLOSS else {}
        kind = document.kind(f"slr-{head}", vocabulary=VOCABULARY if ids else None)
        rows, entries = _rows(entries, elan.origin_ms if elan else 0)
        annotations = document.add_tier(own, rows, kind, signer, ids)
        for what, values in _below(annotations, entries, notations).items():
            document.add_values(f"{own}-{what}", own, values, document.kind(VALUE, ASSOCIATION), signer)
        ours.tiers[own] = OurTier(head)
        if own != wanted:
            remark(f"{path}: '{wanted}' is not as slr wrote it, and stays; what is new is on '{own}'.")
    written = elan_of(document.root, path)
    for own, tier in ours.tiers.items():
        tier.digest = tier.digest or _digest(written, own)
    document.write_property(OURS, msgspec.json.encode(ours).decode())
    with write_whole(path) as partial:
        partial.write_text(document.text(), encoding="utf-8", newline="")


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
    """Whether a tier, with those below it, is as we wrote it."""
    tier = _ours(elan).tiers.get(name)
    return tier is not None and name in elan.tiers and tier.digest == _digest(elan, name)


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


def _parts(timeline: Timeline, hands: Sequence[Hand]) -> Iterator[Part]:
    """What of a timeline becomes a tier of its own: all but the attributes, which are notations of the glosses."""
    notations = _notations(timeline)
    if GLOSS not in timeline.tiers and notations:
        entries = [Entry(*times, [(notation, 1.0)], "not measured") for times, notation in notations.items()]
        yield HAMNOSYS, HAMNOSYS, entries, {}
    for head, entries in timeline.tiers.items():
        if head == GLOSS and hands:
            for hand, name in HANDS.items():
                own = [entry for entry, which in zip(entries, hands, strict=True) if which in (hand, "both")]
                yield head, name, own, notations
        elif head not in ATTRIBUTES:
            yield head, head, entries, notations if head == GLOSS else {}


def _notations(timeline: Timeline) -> Notations:
    """HamNoSys of what has all eight attributes."""
    heads: dict[tuple[float, float], dict[str, Ranked]] = {}
    for head in ATTRIBUTES:
        for entry in timeline.tiers.get(head, []):
            if entry.labels:
                heads.setdefault((entry.start_s, entry.end_s), {})[head] = entry.labels
    found = {times: most_likely(ranked) for times, ranked in heads.items()}
    return {times: write(notation) for times, notation in found.items() if notation}


def _free_name(document: ElanDocument, wanted: str) -> str:
    """A name that no tier has, nor any below it: the one that is wanted, or that with `(slr)`."""
    taken, number = set(document.tiers), 0
    name = wanted
    while taken & {name, *(f"{name}-{what}" for what in BELOW)}:
        number += 1
        name = f"{wanted} (slr)" if number == 1 else f"{wanted} (slr {number})"
    return name


def _rows(entries: list[Entry], origin_ms: int) -> tuple[list[Row], list[Entry]]:
    """Entries in whole ms of the file's own time, none over another and none without a length; and which these are.

    What is signed before the file's time begins has no place in it.
    """
    rows: list[Row] = []
    kept = []
    for entry in entries:
        start_ms = max(round(entry.start_s * 1000) - origin_ms, rows[-1][1] if rows else 0)
        end_ms = round(entry.end_s * 1000) - origin_ms
        if end_ms > 0 or origin_ms == 0:
            rows.append((start_ms, max(end_ms, start_ms + 1), _shown(entry.labels, entry.state)))
            kept.append(entry)
    return rows, kept


def _shown(labels: Ranked, state: str | None) -> str:
    return labels[0][0] if labels and state != "unknown" else UNKNOWN


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
        [tier.name, [[round(each.start_ms), round(each.end_ms), normal(each.value)] for each in tier.annotations]]
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
    rankings, states = (_values(elan, [f"{tier}-{what}" for tier in tiers]) for what in (RANKING, STATE))
    found = []
    for each in annotations:
        start_s, end_s = (max(0.0, (time_ms + elan.origin_ms) / 1000) for time_ms in (each.start_ms, each.end_ms))
        labels, state = _ranked(rankings.get(each.id, "")), states.get(each.id)
        if state not in get_args(State) or normal(each.value) != normal(_shown(labels, state)):
            name = gloss(each.value)
            labels, state = ([(name, 1.0)], "sure") if name else ([], "unknown")
        found.append(Entry(start_s, end_s, labels, cast(State, state)))
    return found


def _values(elan: Elan, tiers: list[str]) -> dict[str, str]:
    """What tiers say about annotations above them, by their id."""
    below = [each for name in tiers if name in elan.tiers for each in elan.tiers[name].annotations]
    return {each.parent: each.value for each in below if each.parent}


def _ranked(written: str) -> Ranked:
    """Labels with their probabilities, a line each; none where it is anything else."""
    try:
        pairs = [line.rsplit(" ", 1) for line in written.splitlines()]
        return [(label, float(share)) for label, share in pairs]
    except ValueError:
        return []


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
