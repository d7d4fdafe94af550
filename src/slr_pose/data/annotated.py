"""Videos with ELAN's annotations beside them -> clips of their signs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slr_pose import BadInput
from slr_pose.data.clip import Clip
from slr_pose.hamnosys import read_attributes
from slr_pose.media.eaf import is_untouched
from slr_pose.media.elan import Annotation, Elan, read_eaf
from slr_pose.media.folder import is_elan
from slr_pose.media.signs import Signs, gloss, signs_of
from slr_pose.tables import in_one
from slr_pose.text import count, first_of


@dataclass
class Annotated:
    """Reads the `.eaf` files of a data set, and remembers what there is to say about them.

    Attributes:
        tiers: names of the tiers to read; by default those that `signs_of` knows.
        videos: what the files are about, by its path without links, and the file.
    """

    tiers: Sequence[str] = ()
    videos: dict[Path, Path] = field(default_factory=dict)
    _several: list[str] = field(default_factory=list)
    _uncorrected: list[Path] = field(default_factory=list)
    _without: list[Path] = field(default_factory=list)
    _unreadable: list[str] = field(default_factory=list)
    _other_hand: int = 0
    _empty: int = 0

    def read(self, clips: list[Clip]) -> list[Clip]:
        """The same, with the signs of each `.eaf` file in its place, a clip each, in seconds of the video's own clock.

        Signs that nobody knows have no labels. Who signs is whom the file names, unless the clip does.

        Raises:
            BadInput: files cannot be read, which are all named; or there is none to have the tiers.
        """
        if self.tiers and not any(is_elan(clip.path) for clip in clips):
            raise BadInput(f"there is no .eaf file, so there is no tier '{self.tiers[0]}'; leave --tier out.")
        found, problems = [], []
        for clip in clips:
            try:
                found += self._signs(clip) if is_elan(clip.path) else [clip]
            except BadInput as error:
                problems.append(f"{clip.name}: {error}" if clip.name else str(error))
        if problems:
            raise BadInput(in_one(problems))
        return found

    def sentences(self) -> list[str]:
        """What there is to know about what is read, and what is not."""
        found = []
        if self._uncorrected:
            which = first_of(self._uncorrected)
            found.append(f"nobody has corrected what slr wrote, so its mistakes are learnt, too: {which}.")
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

    def _signs(self, row: Clip) -> list[Clip]:
        if row.labels or row.glosses or (row.start_s, row.end_s) != (None, None):
            raise BadInput("an .eaf file says itself what is signed when; leave labels, glosses, start and end empty.")
        elan = read_eaf(row.path)
        video, origin_ms = elan.video()
        if (other := self.videos.setdefault(video.resolve(), row.path)) != row.path:
            raise BadInput(f"{row.path} and {other} are about the same video, {video.name}; leave one of them out.")
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

    def _note(self, elan: Elan, found: Signs) -> None:
        if any(is_untouched(elan, tier.name) for tier in found.tiers):
            self._uncorrected.append(elan.path)
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
