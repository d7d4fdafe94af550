"""What clips a lexicon becomes, what their files are called, and how each is made: a video with its pose, or a pose."""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import get_args

import numpy as np

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.hamnosys import parse, read_attributes
from slr_pose.hamnosys.notation import Notation
from slr_pose.media.eaf import write_eaf
from slr_pose.pose import Pose
from slr_pose.signer.choreography import Pace
from slr_pose.signer.performance import perform, rehearse
from slr_pose.signer.person import Signer
from slr_pose.tables import refuse_others
from slr_pose.text import count
from slr_pose.timeline import Entry, Hand, Timeline

MANIFEST = "clips.csv"
COLUMNS = ("path", "gloss", "signer", "hamnosys")
LONGEST = 120  # bytes of a file's name that come from the gloss; disks take 255 in all


@dataclass(frozen=True)
class PlannedClip:
    """A clip that synthetic signers are to make, or have made: of one sign, or of a sentence.

    Attributes:
        folder: where the manifest is.
        name: of its files.
        glosses: of its signs; none where what the hands do is no sign.
        notations: of what the hands do, one after the other, as names of HamNoSys symbols.
        signer, number, seed: who signs it, which of that signer's clips it is, and the seed of them all.
        pose_only: no video; the pose as MediaPipe would find it.
        pace: of a sentence; `None` for one sign as a dictionary shows it.
    """

    folder: Path
    name: str
    glosses: tuple[str, ...]
    notations: tuple[str, ...]
    signer: int
    number: int
    seed: int
    pose_only: bool
    pace: Pace | None = None

    @property
    def file(self) -> Path:
        """What training reads."""
        folder = self.folder / ("sentences" if self.pace else "clips")
        return folder / f"{self.name}{'.pose' if self.pose_only else '.mp4'}"

    @property
    def path(self) -> str:
        """Of the file, in the manifest."""
        return self.file.relative_to(self.folder).as_posix()

    @property
    def who(self) -> str:
        """Who signs, in the manifest."""
        return f"seed{self.seed}-signer{self.signer}"

    @property
    def truth(self) -> Path:
        """The pose of the clip: of a video, the exact one, apart from the one that extraction will find."""
        return self.file if self.pose_only else self.folder / "truth" / f"{self.name}.pose"

    @property
    def annotations(self) -> Path:
        """Of a sentence: the file that says from when to when each sign is signed."""
        return self.file.with_suffix(".eaf")

    def source(self) -> dict:
        """What the clip is made from; travels with its pose."""
        made_of = {key: getattr(self, key) for key in ("signer", "number", "seed", "pose_only")}
        if self.pace:
            made_of |= {"glosses": ", ".join(self.glosses), **self.pace._asdict()}
        return {"synthetic": {"notation": ", ".join(self.notations), **made_of}}

    def is_made(self) -> bool:
        """Whether the files are there, of the same notation, signer and seed."""
        files = [self.file, self.annotations] if self.pace else [self.file]
        return all(file.exists() for file in files) and Pose.read_footer(self.truth).get("source") == self.source()

    def make(self) -> None:
        """Write the clip's files."""
        performance = perform(self._parsed(), self._signer(), self.number, pace=self.pace)
        pose = performance.pose()
        pose.source = self.source()
        if self.pose_only:
            from slr_pose.signer.noise import as_extracted

            pose = as_extracted(pose, np.random.default_rng([self.seed, self.signer, self.number]))
        else:
            from slr_pose.media.encoding import write_video
            from slr_pose.signer.rendering import render

            with write_whole(self.file) as partial:
                write_video(partial, render(performance), performance.fps)
        if self.pace:
            write_eaf(self.annotations, self.timeline(), self.file, signer=self.who)
        pose.write(self.truth)

    def timeline(self) -> Timeline:
        """What is signed from when to when, by which hands: a tier of glosses, and one of each attribute that the
        notations tell."""
        rehearsed = rehearse(self._parsed(), self._signer(), self.number, self.pace)
        tiers: dict[str, list[Entry]] = {"gloss": []}
        signs = zip(self.glosses, self.notations, rehearsed.signs.tolist(), rehearsed.hands, strict=False)
        for gloss, notation, (start_s, end_s), signing in signs:
            hands = tuple(compress(get_args(Hand), signing))
            tiers["gloss"].append(Entry(start_s, end_s, [(gloss, 1.0)], "sure", hands))
            for tier, label in attributes_of(notation).items():
                tiers.setdefault(tier, []).append(Entry(start_s, end_s, [(label, 1.0)], "sure"))
        return Timeline(self.file.name, 0.0, rehearsed.seconds, tiers)

    def _parsed(self) -> list[Notation]:
        return [parse(notation) for notation in self.notations]

    def _signer(self) -> Signer:
        return Signer.draw(self.signer, self.seed)


def refuse_none(signers: int, clips: int) -> None:
    """Whether there would be anything to make.

    Raises:
        BadInput: there would not.
    """
    if min(signers, clips) < 1:
        raise BadInput(f"{count(signers, 'signer')} and {count(clips, 'clip')} make nothing; ask for one at least.")


def attributes_of(notation: str) -> dict[str, str]:
    """The eight attributes of a notation; none where it tells too little for them."""
    try:
        return read_attributes(notation)
    except BadInput:
        return {}


def readable(notation: str) -> str:
    """The notation, or nothing where it tells too little for the eight attributes."""
    return notation if attributes_of(notation) else ""


def plan(
    lexicon: dict[str, list[str]], folder: Path, signers: int, clips: int, seed: int, pose_only: bool
) -> list[PlannedClip]:
    """Every notation by every signer, `clips` times over; the variants of a sign have its gloss.

    Raises:
        BadInput: there would be no clip, or the folder has a manifest of somebody else's.
    """
    refuse_none(signers, clips)
    refuse_others(folder / MANIFEST, COLUMNS)
    stems = _stems(lexicon)
    notations = [
        (gloss, variant, notation) for gloss, variants in lexicon.items() for variant, notation in enumerate(variants)
    ]
    return [
        PlannedClip(
            folder,
            f"{stems[gloss]}-signer{signer}-{variant * clips + clip}",
            (gloss,),
            (notation,),
            signer,
            place * clips + clip,
            seed,
            pose_only,
        )
        for place, (gloss, variant, notation) in enumerate(notations)
        for signer in range(signers)
        for clip in range(clips)
    ]


def _stems(glosses: Iterable[str]) -> dict[str, str]:
    """What the files of each gloss are called: its letters and figures.

    Where several glosses have the same, or some disk takes theirs for the same, each has a digest of the gloss, too,
    behind a `_`, which is neither a letter nor a figure: no two names are the same.
    """

    def letters(gloss: str) -> str:
        text = "".join(letter if letter.isalnum() else "-" for letter in unicodedata.normalize("NFC", gloss))
        return text.encode()[:LONGEST].decode(errors="ignore")

    def on_disk(gloss: str) -> str:
        return unicodedata.normalize("NFKC", letters(gloss).upper().casefold())

    same = Counter(map(on_disk, glosses))
    return {
        gloss: letters(gloss)
        if same[on_disk(gloss)] == 1
        else f"{letters(gloss)}_{hashlib.sha256(gloss.encode(errors='surrogatepass')).hexdigest()[:16]}"
        for gloss in glosses
    }
