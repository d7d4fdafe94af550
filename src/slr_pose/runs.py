"""Run folders: each training has one, `runs/NAME`, with its checkpoint, report and logs."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from slr_pose import BadInput
from slr_pose.files import is_hidden, is_writable, write_whole

RUNS = Path("runs")
CHECKPOINT = "model.safetensors"
TRANSLATOR = "sentences.safetensors"
PAGE = "report.html"
CHECK_PAGE = "check.html"  # of a data set
METRICS = "metrics.csv"  # as Lightning calls it
UNFINISHED = "unfinished.json"  # what a training began with, until it ends
UNFINISHED_TRANSLATOR = "unfinished-sentences.json"  # the same of a translator's
STATE = "training.ckpt"  # where it stands
SAVING = 0.03  # of the time, at most, goes into keeping that; where epochs are short, not each of them is kept


def new_run(name: str | None) -> Path:
    """Make the empty folder of a new run; without a name it is called after the time.

    Raises:
        BadInput: the name is not that of one folder, there is such a run, or the folder cannot be made.
    """
    if name is not None and (name in ("", ".", "..") or set(name) & set("/\\\0")):
        raise BadInput(f"'{name}' cannot be the name of a folder under runs/; give one without slashes.")
    if not RUNS.is_dir() and (RUNS.exists() or RUNS.is_symlink()):
        raise BadInput("runs is no folder, and the folder of the run goes into it; rename it.")
    if not is_writable(RUNS if RUNS.exists() else Path()):
        raise BadInput(f"the folder {RUNS if RUNS.exists() else Path.cwd()} is read-only; work in another one.")
    run = RUNS / (name or time.strftime("%Y-%m-%d_%H-%M-%S"))
    try:
        run.mkdir(parents=True)
    except FileExistsError as error:
        if name is None:  # somebody else began in the same second
            time.sleep(1)
            return new_run(None)
        go_on = ", or go on with it, --resume" if is_unfinished(run) else ""
        raise BadInput(f"{run} exists; name another run{go_on}.") from error
    except OSError as error:
        raise BadInput(f"the folder {run} cannot be made: {error.strerror}; name another run.") from error
    return run


def refuse_run(name: str | None) -> None:
    """Raise what `new_run` would raise, before the work that comes first; nothing stays of it."""
    existed = RUNS.exists()
    try:
        new_run(name).rmdir()
    finally:
        if not existed:
            with suppress(OSError):
                RUNS.rmdir()


def is_unfinished(run: Path) -> bool:
    """Whether a run's training was stopped before its end, or before it began."""
    begun = any((run / file).exists() for file in (UNFINISHED, UNFINISHED_TRANSLATOR))
    return run.is_dir() and (begun or all(map(is_hidden, run.iterdir())))


def unfinished_run(name: str | None, unfinished: str = UNFINISHED) -> Path | None:
    """The run of that name, whose training goes on; without a name, the unfinished one that was begun last.

    Where there is none, a training that was killed early did not come to make its folder.

    Args:
        unfinished: what such a training began with is in a file of that name.

    Raises:
        BadInput: it is finished, or what is trained there is something else.
    """
    if name is None:
        begun = [path.parent for path in RUNS.glob(f"*/{unfinished}")]
        return max(begun, key=lambda run: (run / unfinished).stat().st_mtime, default=None)
    run = RUNS / name
    if not run.is_dir():
        return None
    if not is_unfinished(run):
        raise BadInput(f"{run} is finished; leave out --resume, and name another run.")
    if not (run / unfinished).exists() and any(run.glob("unfinished*.json")):
        command = "train-sentences" if unfinished == UNFINISHED else "train"
        raise BadInput(f"{run} was begun by `slr {command}`: repeat that command with --resume, or name another run.")
    return run


class StateKeeper:
    """Keeps where a run's training stands, after an epoch; due if that takes no more than its share of the time."""

    def __init__(self, run: Path):
        self._file = run / STATE
        self._kept, self._keeping_s = time.monotonic(), 0.0  # when that was, and how long it took

    def is_due(self) -> bool:
        """Whether it is time to keep it."""
        return (time.monotonic() - self._kept) * SAVING >= self._keeping_s

    def keep(self, write: Callable[[Path], object]) -> None:
        """Let `write` write it, whole or not at all."""
        begun = time.monotonic()
        with write_whole(self._file) as partial:
            write(partial)
        self._kept = time.monotonic()
        self._keeping_s = self._kept - begun


def finish(run: Path) -> None:
    """Remove what only a training needs that goes on."""
    for file in (STATE, UNFINISHED, UNFINISHED_TRANSLATOR):
        (run / file).unlink(missing_ok=True)


def newest_model(name: str = CHECKPOINT) -> Path | None:
    """The checkpoint of that name that was written last; a run that has none yet does not count."""
    checkpoints = [path for path in RUNS.glob(f"*/{name}") if path.is_file()]
    return max(checkpoints, key=lambda path: path.stat().st_mtime, default=None)


def model_file(named: Path, checkpoint: str = CHECKPOINT) -> Path:
    """The file that is meant: itself, or the checkpoint, of that name, of a run that was named by its folder.

    Raises:
        BadInput: there is no such file, or the folder holds no checkpoint.
    """
    file = named / checkpoint if named.is_dir() else named
    if file.is_file():
        return file
    if named.is_dir():
        raise BadInput(f"the folder {named} holds no {checkpoint}: name the folder of a run, or a model.")
    command = "train-sentences" if checkpoint == TRANSLATOR else "train"
    raise BadInput(f"there is no model {named}; `slr {command}` makes one.")
