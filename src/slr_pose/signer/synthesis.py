"""A lexicon -> clips of synthetic signers, videos with exact poses or poses alone, and a manifest for training."""

import hashlib
import multiprocessing
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.events import Listener, Remark, Signing, ignore
from slr_pose.files import write_whole
from slr_pose.hamnosys import parse, read_attributes, write_names
from slr_pose.hamnosys.lexicon import read_lexicon
from slr_pose.pose import Pose
from slr_pose.signer.performance import perform
from slr_pose.signer.person import Signer
from slr_pose.tables import refuse_others, write_rows
from slr_pose.workers import begin, cores

MADE_UP = Path(__file__).with_name("made_up_signs.csv")
MANIFEST = "clips.csv"
COLUMNS = ("path", "gloss", "signer", "hamnosys")
CHUNK = 16  # clips that a worker takes at a time, where they are poses alone
LONGEST = 120  # bytes of a file's name that come from the gloss; disks take 255 in all


@dataclass(frozen=True)
class Clip:
    """One clip to be made.

    Attributes:
        folder: where the manifest is.
        name: of its files.
        notation: names of HamNoSys symbols.
        signer, number, seed: who signs it, the how manieth clip of that signer it is, and the seed of them all.
        pose_only: no video; the pose as MediaPipe would find it.
    """

    folder: Path
    name: str
    gloss: str
    notation: str
    signer: int
    number: int
    seed: int
    pose_only: bool

    @property
    def file(self) -> Path:
        """What training reads."""
        return self.folder / "clips" / f"{self.name}{'.pose' if self.pose_only else '.mp4'}"

    @property
    def truth(self) -> Path:
        """The pose of the clip: of a video, the exact one, apart from the one that extraction will find."""
        return self.file if self.pose_only else self.folder / "truth" / f"{self.name}.pose"

    def source(self) -> dict:
        """What the clip is made from; travels with its pose."""
        made_of = ("notation", "signer", "number", "seed", "pose_only")
        return {"synthetic": {key: getattr(self, key) for key in made_of}}

    def is_made(self) -> bool:
        """Whether the files are there, of the same notation, signer and seed."""
        return self.file.exists() and Pose.read_footer(self.truth).get("source") == self.source()

    def make(self) -> None:
        """Write the clip's files."""
        performance = perform(parse(self.notation), Signer.draw(self.signer, self.seed), self.number)
        pose = performance.pose()
        pose.source = self.source()
        if self.pose_only:
            from slr_pose.signer.noise import as_extracted

            pose = as_extracted(pose, np.random.default_rng([self.seed, self.signer, self.number]))
        else:
            from slr_pose.media.video import write_video
            from slr_pose.signer.rendering import render

            with write_whole(self.file) as partial:
                write_video(partial, render(performance), performance.fps)
        pose.write(self.truth)


def make_clips(clips: list[Clip], on_event: Listener = ignore) -> None:
    """Make the clips that are not made yet."""
    pending = [clip for clip in clips if not clip.is_made()]
    if len(pending) < len(clips):
        on_event(Remark(f"{len(clips) - len(pending)} of {len(clips)} are made already."))
    made = 0
    for more in synthesize(pending) if pending else ():
        made += more
        on_event(Signing(made, len(pending)))


def signs_of(signs: str) -> tuple[dict[str, list[str]], list[str]]:
    """A HamNoSys notation, or the path of a lexicon -> what `read_lexicon` gives.

    Raises:
        BadInput: it is neither, or the lexicon is not one.
    """
    path = Path(signs)
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return read_lexicon(path)
    if path.suffix or len(path.parts) > 1:
        raise BadInput(f"{signs} is neither a notation nor a lexicon: name a CSV file with columns gloss, hamnosys.")
    return {"sign": [" ".join(write_names(parse(signs)))]}, []


def plan(
    lexicon: dict[str, list[str]], folder: Path, signers: int, clips: int, seed: int, pose_only: bool
) -> list[Clip]:
    """Every notation by every signer, `clips` times over; the variants of a sign have its gloss.

    Raises:
        BadInput: the folder has a manifest of somebody else's.
    """
    refuse_others(folder / MANIFEST, COLUMNS)
    stems = _stems(lexicon)
    notations = [
        (gloss, variant, notation) for gloss, variants in lexicon.items() for variant, notation in enumerate(variants)
    ]
    return [
        Clip(
            folder,
            f"{stems[gloss]}-signer{signer}-{variant * clips + clip}",
            gloss,
            notation,
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


def write_manifest(folder: Path, clips: list[Clip]) -> Path:
    """The table that `slr train` reads: path, gloss, signer, hamnosys."""
    manifest = folder / MANIFEST
    rows = (
        (
            clip.file.relative_to(folder).as_posix(),
            clip.gloss,
            f"seed{clip.seed}-signer{clip.signer}",
            _readable(clip.notation),
        )
        for clip in clips
    )
    write_rows(manifest, COLUMNS, rows)
    return manifest


def _readable(notation: str) -> str:
    """The notation, or nothing where it tells too little for the eight attributes."""
    try:
        read_attributes(notation)
    except BadInput:
        return ""
    return notation


def synthesize(clips: list[Clip], workers: int | None = None) -> Iterator[int]:
    """Make clips, on all cores.

    Yields:
        How many were made since the last time.

    Raises:
        BadInput: a file cannot be written; what was made before stays.
    """
    step = CHUNK if all(clip.pose_only for clip in clips) else 1
    chunks = [clips[start : start + step] for start in range(0, len(clips), step)]
    workers = min(workers or cores(), len(chunks))
    if workers < 2:
        for chunk in chunks:
            yield _make(chunk)
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), begin)
    try:
        yield from pool.map(_make, chunks)
    except BrokenProcessPool as error:
        raise BadInput(
            "a process that made clips died; run the same command again, and it goes on from there."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _make(clips: list[Clip]) -> int:
    for clip in clips:
        clip.make()
    return len(clips)
