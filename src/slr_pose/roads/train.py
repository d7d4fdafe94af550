"""Labelled clips -> a trained recogniser in a run folder."""

import functools
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from slr_pose import BadInput
from slr_pose.data.batches import LabelledClips, signs_of
from slr_pose.data.clip import Clip
from slr_pose.data.labels import class_names, refuse_columns, refuse_lonely, untimed, without_lonely
from slr_pose.data.manifest import read_dataset
from slr_pose.data.signing import Signing
from slr_pose.data.split import clip_ids, in_both, split_clips, trained_on
from slr_pose.evaluation.clips import Evaluation
from slr_pose.evaluation.clips import evaluate as evaluate_clips
from slr_pose.events import Caution, Listener, Remark, ignore
from slr_pose.info import EMBEDDING, NONE_SURE, READ, SIGNS, ModelInfo, TrainingInfo
from slr_pose.model.checkpoint import START, load_model
from slr_pose.model.network import SIZES, SignModel, refuse_heads
from slr_pose.quiet import quiet
from slr_pose.recognition.enrolment import with_prototypes
from slr_pose.recognition.recognizer import Recognizer, write_with
from slr_pose.report.evaluated import training_facts, write_evaluation
from slr_pose.roads.clips import read_clips
from slr_pose.runs import CHECKPOINT, METRICS, PAGE, finish, new_run, refuse_run, unfinished_run
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.text import count, first_of
from slr_pose.training.logs import refuse_log
from slr_pose.training.ranks import Ranks, together
from slr_pose.training.recipe import Recipe
from slr_pose.training.trainer import train as fit
from slr_pose.training.trust import reading_threshold

MOST_REASONS = 100  # why clips were left out, of those that a model and its report name
NOTHING = "none"  # what a training starts from that starts from no model
MOST_CLIPS = 16  # of a gloss that make its prototype


@dataclass(frozen=True)
class Trained:
    """What a training leaves.

    Attributes:
        run: its folder.
        model: the checkpoint.
        report: the HTML page of its val clips.
        info: what travels with the model.
        evaluation: the model's answers to the validation clips.
    """

    run: Path
    model: Path
    report: Path
    info: ModelInfo
    evaluation: Evaluation


@dataclass(frozen=True)
class Origin:
    """The model that a training starts from."""

    path: Path
    network: SignModel
    info: ModelInfo


def train(
    data: Path | str,
    *,
    heads: Iterable[str] = (),
    tiers: Sequence[str] = (),
    size: str | None = None,
    skeleton: Path | str | None = None,
    start: Path | str | None = None,
    epochs: int | None = None,
    seed: int = 0,
    name: str | None = None,
    resume: bool = False,
    log: str | None = None,
    on_event: Listener = ignore,
) -> Trained:
    """Train a recogniser on labelled clips; videos are extracted on first use.

    All GPUs of this machine train together, a process each; or the processes that torchrun or Slurm has started, on one
    machine or many. There is one run then, and what comes of it in each of those.

    Args:
        data: a manifest, a folder with a folder for each gloss, or one `.npz`, as `read_dataset` takes them.
        heads: further columns of the manifest to learn.
        tiers: of ELAN's files, those with the glosses, the more trusted ones first; by default those with the usual
            names.
        size: `tiny`, `base` or `large`; `base` by default.
        skeleton: layout of joints, a name or a TOML file.
        start: a trained model to start from, a run or its checkpoint, of any language and labels; by default the one
            that comes with the package, where `size` is its own; "none" for nothing.
        epochs: times that every clip is seen; by default oftener where clips are few.
        seed: the same seed, machine and number of threads give the same model.
        name: folder of the run, under `runs/`; by default the time.
        resume: go on where the run of that name was stopped, or the newest that is unfinished; it begins where there is
            none. All else must be as it was when it began; it ends with the same weights as if nothing had stopped it,
            if as many processes train.
        log: `wandb` or `mlflow`, which are told how it goes, too: on this machine, unless WANDB_MODE or
            MLFLOW_TRACKING_URI says otherwise.
        on_event: told of progress and remarks.

    Raises:
        BadInput: the data cannot be trained on, or the run's folder cannot be made; the run to go on with is finished,
            or began with something else; one of several processes is gone.
        KeyboardInterrupt: it was stopped before there was a model; later, what was learnt is kept.
    """
    asked = functools.partial(
        _train,
        data=Path(data),
        heads=list(heads),
        tiers=tiers,
        size=size,
        skeleton=skeleton,
        start=start,
        epochs=epochs,
        seed=seed,
        name=name,
        resume=resume,
        log=log,
    )
    return together(asked, on_event)


def _train(
    ranks: Ranks,
    on_event: Listener,
    data: Path,
    heads: list[str],
    tiers: Sequence[str],
    size: str | None,
    skeleton: Path | str | None,
    start: Path | str | None,
    epochs: int | None,
    seed: int,
    name: str | None,
    resume: bool,
    log: str | None,
) -> Trained:
    """Train, in one process of those that do it together."""
    if size not in (None, *SIZES):
        raise BadInput(f"there is no size '{size}': choose one of {', '.join(SIZES)}.")
    if start is None:
        start = START if size in (None, "base") else NOTHING
    elif str(start) != NOTHING and size:
        raise BadInput("a model has the size of the one that it starts from; leave out --size, or --from.")
    refuse_log(log)
    refuse_heads(heads)
    refuse_columns(heads)
    run = ranks.of_first(lambda: _run_to_go_on_with(name, resume, on_event))
    origin = Origin(Path(start), *load_model(Path(start))) if str(start) != NOTHING else None
    if origin and origin.path == START:
        on_event(Remark(f"Starting from the model that comes with slr, {origin.info.training.data}; or --from none."))
    layout = origin.info.layout() if origin and not skeleton else Skeleton.load(str(skeleton or DEFAULT))
    clips = read_dataset(data, dict.fromkeys(heads), lambda sentence: on_event(Caution(sentence)), tiers)
    refuse_lonely(clips, data)
    clips = without_lonely(clips, lambda sentence: on_event(Remark(sentence)))
    loaded = ranks.in_turn(lambda: read_clips(clips, layout, on_event))
    clips, how_split = split_clips(loaded.clips, seed)
    rows = {split: [row for row, clip in enumerate(clips) if clip.split == split] for split in ("train", "val")}
    parts = {split: [clips[row] for row in chosen] for split, chosen in rows.items()}
    classes = class_names(parts["train"])
    on_event(Remark(f"{', '.join(f'{len(part)} {split}' for split, part in parts.items())} clips: {how_split}."))
    learning = ", ".join(f"{head.replace('_', ' ')} ({len(names)} classes)" for head, names in classes.items())
    on_event(Remark(f"Learning {learning}."))
    _caution(parts, origin, on_event)
    found = loaded.extractors
    if len(found) > 1:
        on_event(Caution(f"the clips were extracted in {len(found)} ways; `slr extract-pose --force` mends it."))

    about = TrainingInfo(
        data=str(data),
        clips={split: len(part) for split, part in parts.items()},
        split=how_split,
        left_out=_first(loaded.left_out),
        untimed=_untimed(parts["train"], origin),
        signers=sorted({clip.signer for clip in parts["train"] if clip.signer}),
        extractor=found[0] if len(found) == 1 else {},
        started_from=("the model that comes with slr" if origin.path == START else str(start)) if origin else None,
        clip_ids=clip_ids(parts["train"], parts["val"], origin.info.training if origin else None),
    )
    signs, validation_signs = (LabelledClips(loaded, rows[split], classes) for split in rows)
    signing, validation_signing = (Signing(loaded, rows[split], classes.get(READ, [])) for split in rows)
    build = functools.partial(_build, layout, classes, size or "base", origin)
    if ranks.count > 1:
        _refuse_others(ranks, about)
        where = f"{ranks.here} on each of {ranks.count // ranks.here} machines" if ranks.count > ranks.here else "here"
        on_event(Remark(f"{ranks.count} processes train together, {where}."))
    run, recipe = run or ranks.of_first(lambda: new_run(name)), Recipe(epochs=epochs, seed=seed)
    with quiet("lightning.pytorch"):
        seconds = fit(
            build,
            signs,
            validation_signs,
            signing,
            validation_signing,
            layout,
            classes,
            recipe,
            run,
            about,
            on_event,
            resume,
            log,
            ranks,
        )

    def reported() -> Trained | None:
        if not (run / CHECKPOINT).exists():
            return None
        recognizer = _completed(run / CHECKPOINT, signs, validation_signs, validation_signing, seed)
        asked = signs_of(loaded, rows["val"])
        result = evaluate_clips(recognizer, asked, on_event)
        facts = [*training_facts(recognizer.info), ("Training time", f"{seconds / 60:.1f} minutes")]
        write_evaluation(run / PAGE, f"{run.name}, val clips", facts, recognizer, asked, result, curves=run / METRICS)
        if recognizer.info.training.finished:
            finish(run)
        return Trained(run, run / CHECKPOINT, run / PAGE, recognizer.info, result)

    trained = ranks.of_first(reported)
    if trained is None:
        raise KeyboardInterrupt
    return trained


def _run_to_go_on_with(name: str | None, resume: bool, on_event: Listener) -> Path | None:
    """The run that goes on; `None` where another one begins, which may be made."""
    run = unfinished_run(name) if resume else None
    if not run:
        refuse_run(name)
        if resume:
            on_event(Remark("There is no such run to go on with, so it begins."))
    return run


def _refuse_others(ranks: Ranks, about: TrainingInfo) -> None:
    """See to it that all processes train on the same.

    Raises:
        BadInput: some do not.
    """
    if len(set(ranks.gathered(hashlib.sha1(msgspec.json.encode(about)).hexdigest()))) > 1:
        raise BadInput("not every process of the training has found the same clips; put the same on all machines.")


def _completed(
    checkpoint: Path, signs: LabelledClips, validation_signs: LabelledClips, validation_signing: Signing, seed: int
) -> Recognizer:
    """The model of a training, which from now on has prototypes of its glosses, and knows how sure it may be of signs
    in a row."""
    recognizer = Recognizer.load(checkpoint)
    info = recognizer.info
    if READ in info.labels and info.names:
        info = _with_prototypes(recognizer, signs)
    if info.reads and info.training.finished:
        sure = reading_threshold(recognizer, validation_signs, validation_signing, seed)
        if sure is not None:
            info = msgspec.structs.replace(info, thresholds={**info.thresholds, SIGNS: min(sure, NONE_SURE)})
    if info == recognizer.info:
        return recognizer
    write_with(info, checkpoint, checkpoint)
    return Recognizer.load(checkpoint)


def _with_prototypes(recognizer: Recognizer, signs: LabelledClips) -> ModelInfo:
    labels = signs.labels[READ]
    order = np.argsort(labels, kind="stable")[(labels < 0).sum() :]
    _, first, counts = np.unique(labels[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - first.repeat(counts)  # of a clip among those of its gloss
    rows = order[place < MOST_CLIPS].tolist()
    found = np.concatenate([answer[EMBEDDING] for answer in recognizer.answers(signs[row][0] for row in rows)])
    return with_prototypes(recognizer.info, [recognizer.info.labels[READ][labels[row]] for row in rows], found)


def names_of(clips: list[Clip]) -> str:
    """What the first of some clips are called."""
    return first_of([str(clip.path) if clip.array is None else clip.name for clip in clips], 3)


def _caution(parts: dict[str, list[Clip]], origin: Origin | None, on_event: Listener) -> None:
    """Say which of the validation clips measure nothing, because they are trained on or were before."""
    if both := in_both(parts["train"], parts["val"]):
        are = "is" if len(both) == 1 else "are"
        what = f"{count(len(both), 'val clip')} {are} trained on, too: {names_of(both)}; leave them out of one split."
        on_event(Caution(what))
    if origin and (known := trained_on(parts["val"], origin.info.training)):
        what = f"{origin.path} was trained on {len(known)} of the {len(parts['val'])} val clips: {names_of(known)}."
        on_event(Caution(what))


def _first(reasons: list[str]) -> list[str]:
    """As many reasons as should travel in every checkpoint."""
    more = len(reasons) - MOST_REASONS
    return [*reasons[:MOST_REASONS], *([f"and {more} more"] if more > 0 else [])]


def _untimed(clips: list[Clip], origin: Origin | None) -> list[str]:
    """The glosses of which neither the clips nor those of the model that is started from tell when they are signed."""
    known: set[str] = set()
    if origin and origin.info.reads:
        known = set(origin.info.labels[READ]) - set(origin.info.training.untimed)
    return sorted(untimed(clips) - known)


def _build(layout: Skeleton, classes: dict[str, list[str]], size: str, origin: Origin | None) -> SignModel:
    counts = {head: len(names) for head, names in classes.items()}
    model = SignModel(layout, counts, replace(origin.network.config, reads=True) if origin else SIZES[size])
    if origin:
        model.start_from(origin.network, classes, origin.info.labels)
    return model
