"""A lexicon -> clips of synthetic signers, videos with exact poses or poses alone, and a manifest for training."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput
from slr_pose.events import LeftOut, Listener, Remark, Signing, ignore
from slr_pose.hamnosys import parse, read_attributes, write_names
from slr_pose.hamnosys.lexicon import read_lexicon
from slr_pose.signer.planned_clip import COLUMNS, MANIFEST, PlannedClip, plan
from slr_pose.tables import write_rows
from slr_pose.text import count
from slr_pose.workers import begin, cores

MADE_UP = Path(__file__).with_name("made_up_signs.csv")
CHUNK = 16  # clips that a worker takes at a time, where they are poses alone


@dataclass(frozen=True)
class Synthesized:
    """What synthetic signers made.

    Attributes:
        manifest: the table of the clips, which training reads.
        signs: how many there are, each with all its variants.
        clips: all that the manifest lists, whether they were made now or before.
    """

    manifest: Path
    signs: int
    clips: list[PlannedClip]


def synthesize(
    signs: str | Path = MADE_UP,
    output: Path | str = "signs",
    *,
    signers: int = 1,
    clips: int = 1,
    seed: int = 0,
    pose_only: bool = False,
    on_event: Listener = ignore,
) -> Synthesized:
    """Let synthetic signers sign HamNoSys: videos with their exact poses, and a manifest to train on.

    What is there already, of the same notation, signer and seed, is not made again.

    Args:
        signs: a notation, characters or names of symbols, or the path of a lexicon, a table with columns `gloss` and
            `hamnosys`; by default twelve made-up signs.
        output: the folder for clips and manifest.
        signers: how many sign each.
        clips: how many times each of them does.
        seed: the same seed gives the same signers and clips.
        pose_only: no videos, but poses as MediaPipe would find them.
        on_event: told of signs that are left out, and of progress.

    Raises:
        BadInput: the signs cannot be read, the folder has a manifest of somebody else's, or it cannot be written to.
    """
    lexicon, unreadable = signs_of(signs)
    if unreadable:
        on_event(LeftOut(f"{count(len(unreadable), 'sign')} of the lexicon left out", unreadable))
    planned = plan(lexicon, Path(output), signers, clips, seed, pose_only)
    make(planned, on_event=on_event)
    return Synthesized(write_manifest(Path(output), planned), len(lexicon), planned)


def signs_of(signs: str | Path) -> tuple[dict[str, list[str]], list[str]]:
    """A HamNoSys notation, or the path of a lexicon -> what `read_lexicon` gives.

    Raises:
        BadInput: it is neither, or the lexicon is not one.
    """
    path = Path(signs)
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return read_lexicon(path)
    if path.suffix or len(path.parts) > 1:
        raise BadInput(f"{signs} is neither a notation nor a lexicon: name a CSV file with columns gloss, hamnosys.")
    return {"sign": [" ".join(write_names(parse(str(signs))))]}, []


def write_manifest(folder: Path, clips: list[PlannedClip]) -> Path:
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


def make(planned: list[PlannedClip], *, on_event: Listener = ignore, workers: int | None = None) -> None:
    """Make the clips that are not made yet.

    Args:
        on_event: told how many are made already, and of progress.
        workers: how many processes; by default one for each core.

    Raises:
        BadInput: a file cannot be written; what was made before stays.
    """
    pending = [clip for clip in planned if not clip.is_made()]
    if len(pending) < len(planned):
        on_event(Remark(f"{len(planned) - len(pending)} of {len(planned)} are made already."))
    done = 0
    for made in _made(pending, workers):
        done += made
        on_event(Signing(done, len(pending)))


def _made(clips: list[PlannedClip], workers: int | None) -> Iterator[int]:
    """Make clips; gives how many were made since the last time."""
    step = CHUNK if all(clip.pose_only for clip in clips) else 1
    chunks = [clips[start : start + step] for start in range(0, len(clips), step)]
    workers = min(workers or cores(), len(chunks))
    if workers < 2:
        yield from map(_make, chunks)
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


def _make(clips: list[PlannedClip]) -> int:
    for clip in clips:
        clip.make()
    return len(clips)
