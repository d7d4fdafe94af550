"""A lexicon -> clips of synthetic signers, videos with exact poses or poses alone, and a manifest for training."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput
from slr_pose.events import LeftOut, Listener, Remark, Signing, ignore
from slr_pose.hamnosys import parse, write_names
from slr_pose.hamnosys.lexicon import read_lexicon
from slr_pose.signer.planned_clip import COLUMNS, MANIFEST, PlannedClip, plan, readable
from slr_pose.signer.sentences import plan_sentences, write_signs
from slr_pose.tables import write_rows
from slr_pose.text import count
from slr_pose.workers import begin, cores

MADE_UP = Path(__file__).with_name("made_up_signs.csv")
CHUNK = 16  # clips that a worker takes at a time, where they are poses alone


@dataclass(frozen=True)
class Synthesized:
    """What synthetic signers made.

    Attributes:
        manifest: the table of the clips, or of the signs in the sentences, which training reads.
        signs: how many there are, each with all its variants.
        clips: all that were asked for, whether they were made now or before.
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
    sentence: str | Sequence[str] = (),
    sentences: int = 0,
    idle: int = 0,
    pace: float | None = None,
    on_event: Listener = ignore,
) -> Synthesized:
    """Let synthetic signers sign HamNoSys: videos with their exact poses, and a manifest to train on.

    With any of `sentence`, `sentences` and `idle`, signs in a row, or none, instead of a clip a sign: each with an
    `.eaf` beside it that says from when to when each sign is signed, and a manifest with a row for each. What is there
    already, of the same notation, signer and seed, is not made again.

    Args:
        signs: a notation, characters or names of symbols, or the path of a lexicon, a table with columns `gloss` and
            `hamnosys`; by default twelve made-up signs.
        output: the folder for clips and manifest.
        signers: how many sign each.
        clips: how many times each of them signs each sign, or each sentence.
        seed: the same seed gives the same signers and clips.
        pose_only: no videos, but poses as MediaPipe would find them.
        sentence: one or several, each glosses of the signs, or notations, with spaces between.
        sentences: how many of 4 to 8 signs in random order each signer signs.
        idle: of how many clips of each signer nothing is signed: hands rest, scratch, adjust glasses, fold.
        pace: seconds a sign of a sentence with the way to it; by default each sentence has one of its own between 0.38,
            conversation, and 0.65, weather news.
        on_event: told of signs that are left out, and of progress.

    Raises:
        BadInput: the signs cannot be read, a word of a sentence is none of them, the pace is none, the folder has a
            manifest of somebody else's, or it cannot be written to.
    """
    lexicon, unreadable = signs_of(signs)
    if unreadable:
        on_event(LeftOut(f"{count(len(unreadable), 'sign')} of the lexicon left out", unreadable))
    folder = Path(output)
    in_a_row = bool(sentence or sentences or idle)
    if in_a_row:
        given = [sentence] if isinstance(sentence, str) else sentence
        planned = plan_sentences(lexicon, folder, signers, clips, seed, pose_only, given, sentences, idle, pace)
    else:
        planned = plan(lexicon, folder, signers, clips, seed, pose_only)
    make(planned, on_event=on_event)
    manifest = write_signs(folder, planned) if in_a_row else write_manifest(folder, planned)
    return Synthesized(manifest, len(lexicon), planned)


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
    rows = ((clip.path, *clip.glosses, clip.who, *map(readable, clip.notations)) for clip in clips)
    write_rows(folder / MANIFEST, COLUMNS, rows)
    return folder / MANIFEST


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
