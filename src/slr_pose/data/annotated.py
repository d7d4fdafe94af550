"""Videos with ELAN's annotations beside them -> clips of their signs."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from slr_pose import BadInput
from slr_pose.data.clip import Clip
from slr_pose.hamnosys import read_attributes
from slr_pose.media.elan import Annotation, Elan, read_eaf
from slr_pose.media.folder import is_elan
from slr_pose.media.signs import Signs, gloss, signs_of
from slr_pose.tables import in_one
from slr_pose.text import count, first_of


@dataclass
class Annotated:
    """Reads `.eaf` files, and remembers what there is to say about them.

    Attributes:
        tiers: names of the tiers to read; by default those that `signs_of` knows.
    """

    tiers: Sequence[str] = ()
    _several: list[str] = field(default_factory=list)
    _without: list[Path] = field(default_factory=list)
    _unreadable: list[str] = field(default_factory=list)
    _other_hand: int = 0
    _empty: int = 0

    def clips(self, row: Clip) -> list[Clip]:
        """A clip of each sign, in seconds of the video's own clock; signs that nobody knows have no labels.

        Args:
            row: the file; who signs, by default whom the file names; and the split.

        Raises:
            BadInput: it is no such file, its video is not there, or it has no tier of glosses; or the row says more.
        """
        if row.labels or row.glosses or (row.start_s, row.end_s) != (None, None):
            raise BadInput("an .eaf file says itself what is signed when; leave labels, glosses, start and end empty.")
        elan = read_eaf(row.path)
        video, origin_ms = elan.video()
        found = signs_of(elan, self.tiers)
        self._note(elan, found)
        name, who = row.name or str(row.path), row.signer or found.signer
        clips = []
        for sign in found.signs:
            labels = self._labels(row.path, sign, found.notations.get(sign.id))
            start_s, end_s = max(0.0, (sign.start_ms + origin_ms) / 1000), (sign.end_ms + origin_ms) / 1000
            if end_s > start_s:
                clips.append(Clip(video, labels, who, row.split, start_s, end_s, name=name))
        return clips

    def sentences(self) -> list[str]:
        """What is not read, and why."""
        found = []
        if self._several:
            found.append(f"of several signers, the one with most signs is read: {first_of(self._several)}.")
        if self._other_hand:
            found.append(f"not read, as the other hand signs something else: {count(self._other_hand, 'sign')}.")
        if self._empty:
            found.append(f"not read, without a length of their own: {count(self._empty, 'annotation')}.")
        if self._without:
            found.append(f"not read, nothing is annotated on their tiers of glosses: {first_of(self._without)}.")
        if self._unreadable:
            found.append(
                f"{count(len(self._unreadable), 'notation')} of annotations label nothing: {in_one(self._unreadable)}"
            )
        return found

    def _note(self, elan: Elan, found: Signs) -> None:
        if found.other_signers:
            self._several.append(f"{elan.path} ({found.signer or found.tiers[0].name})")
        self._other_hand += found.other_hand
        self._empty += found.empty
        if not found.signs:
            self._without.append(elan.path)

    def _labels(self, eaf: Path, sign: Annotation, notation: str | None) -> dict[str, str]:
        labels = {}
        if notation:
            try:
                labels = read_attributes(notation)
            except BadInput as error:
                self._unreadable.append(f"{eaf}, {sign.start_ms / 1000:.3f} s: {error}")
        if name := gloss(sign.value):
            labels["gloss"] = name
        return labels


def annotate(clips: list[Clip], tiers: Sequence[str], remark: Callable[[str], None]) -> list[Clip]:
    """The same, with the signs of each `.eaf` file in its place; says what is not read of them.

    Raises:
        BadInput: some of the files cannot be read, which are all named; or there is none to have the tiers.
    """
    reader, found, problems = Annotated(tiers), [], []
    if tiers and not any(is_elan(clip.path) for clip in clips):
        raise BadInput(f"there is no .eaf file, so there is no tier '{tiers[0]}'; leave --tier out.")
    for clip in clips:
        try:
            found += reader.clips(clip) if is_elan(clip.path) else [clip]
        except BadInput as error:
            problems.append(f"{clip.name}: {error}" if clip.name else str(error))
    if problems:
        raise BadInput(in_one(problems))
    for sentence in reader.sentences():
        remark(sentence)
    return found


def videos_of(eafs: list[Path]) -> list[Path]:
    """The videos, or keypoints, that files are about, as far as they can be read and are there."""
    found = []
    for eaf in eafs:
        with suppress(BadInput):
            found.append(read_eaf(eaf).video()[0])
    return found
