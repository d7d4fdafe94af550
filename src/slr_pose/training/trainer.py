"""Clips -> a trained model in a run folder: begun, kept after every epoch, gone on with after whatever stopped it."""

import contextlib
import csv
import math
import random
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightning
import msgspec
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from slr_pose import BadInput
from slr_pose.data.batches import Batches, LabelledClips, Shares, collate, often, share
from slr_pose.data.signing import Signing, collate_signing
from slr_pose.events import Listener, ignore
from slr_pose.events import Training as Progress
from slr_pose.files import open_regular, write_whole
from slr_pose.info import KEY, READ, ModelInfo, TrainingInfo
from slr_pose.model.checkpoint import save_checkpoint
from slr_pose.model.network import SignModel
from slr_pose.runs import CHECKPOINT, METRICS, STATE, UNFINISHED, StateKeeper
from slr_pose.skeleton import Skeleton
from slr_pose.training.logs import further_log
from slr_pose.training.module import SIGNING, SIGNS, Training
from slr_pose.training.ranks import ALONE, Ranks
from slr_pose.training.recipe import FEWEST_EPOCHS, STEPS, STEPS_AN_EPOCH, Recipe


def train(
    build: Callable[[], SignModel],
    training_signs: LabelledClips,
    validation_signs: LabelledClips,
    training_signing: Signing,
    validation_signing: Signing,
    skeleton: Skeleton,
    classes: dict[str, list[str]],
    recipe: Recipe,
    run: Path,
    about: TrainingInfo,
    on_event: Listener = ignore,
    resume: bool = False,
    log: str | None = None,
    ranks: Ranks = ALONE,
) -> float:
    """Train a model, and keep its averaged weights in `run/model.safetensors`, written after every epoch.

    The learning rate ends at zero, so the last epoch is the one to keep, and no clip chooses among epochs. The
    validation clips set each head's temperature and the probability from which on its answers are called sure.
    Ctrl-C ends training after the step; what was learnt until the last epoch stays.

    Until `runs.finish`, `run/unfinished.json` says what is trained, and `run/training.ckpt` holds all that a training
    is made of after a whole epoch. Whatever stops it, even within a write: gone on with, it ends with the same weights.

    Of several processes, each takes its share of every batch and of the validation clips. What they learn is averaged,
    what they answer gathered, so that all have the same weights, and the first one writes them. Gone on with by as many
    processes, it ends with the same weights; by another number of them, with others that are as good.

    Args:
        build: makes the model; called once the seed is set.
        training_signs, validation_signs: signs, each for itself.
        training_signing, validation_signing: stretches of signing and sentences; there may be none.
        classes: class names of each head.
        run: an empty folder, for the checkpoint and the logs (CSV and TensorBoard), or that of the run to go on with.
        about: what the checkpoint shall tell of the data: splits, signers, extractor. The rest of it is filled in.
        resume: go on where the run was stopped.
        log: who is told, too, one of `LOGS`; of a run that goes on, as of another one.
        ranks: the processes that train together.

    Returns:
        Seconds that it took.

    Raises:
        BadInput: the training diverged, or the checkpoint or the log cannot be written; that of the epoch before stays.
            Or the run to go on with began with something else.
    """
    lightning.seed_everything(recipe.seed, workers=True, verbose=False)
    many = max(len(training_signs), len(training_signing))
    batch_size = min(recipe.batch_size, max(2, many // STEPS_AN_EPOCH))
    generator = torch.Generator().manual_seed(recipe.seed)
    learning: dict[str, DataLoader[Any]] = {}
    steps = -(-len(training_signing) // batch_size)
    if len(training_signs):
        glosses = training_signs.labels.get(READ, np.full(len(training_signs), -1))
        batches = Batches(training_signs.frames, often(glosses, recipe.rare), batch_size, generator)
        own = Shares(batches, ranks.rank, ranks.count)
        learning[SIGNS] = DataLoader(training_signs, batch_sampler=own, collate_fn=collate, generator=generator)
        steps = len(batches)
    if len(training_signing):
        windows = max(1, round(batch_size * recipe.rows))
        drawn = RandomSampler(training_signing, replacement=True, num_samples=steps * windows, generator=generator)
        own = Shares(BatchSampler(drawn, windows, drop_last=False), ranks.rank, ranks.count)
        learning[SIGNING] = DataLoader(
            training_signing, batch_sampler=own, collate_fn=collate_signing, generator=generator
        )
    validating: dict[str, DataLoader[Any]] = {}
    if len(validation_signs):
        rows = share(range(len(validation_signs)), ranks.rank, ranks.count)
        validating[SIGNS] = DataLoader(validation_signs, 2 * batch_size, sampler=rows, collate_fn=collate)
    if len(validation_signing):
        rows = share(range(len(validation_signing)), ranks.rank, ranks.count)
        validating[SIGNING] = DataLoader(validation_signing, batch_size, sampler=rows, collate_fn=collate_signing)
    epochs = recipe.epochs or max(FEWEST_EPOCHS, math.ceil(STEPS / steps))
    recipe = replace(recipe, epochs=epochs)
    training = Training(build(), skeleton, recipe, steps=epochs * steps)
    if not ranks.is_first:  # as of one alone, up to here; each changes and mixes its clips in its own way
        lightning.seed_everything(ranks.seed(recipe.seed), workers=True, verbose=False)
    info = ModelInfo(
        skeleton=skeleton.toml,
        labels=classes,
        model=training.model.config,
        training=msgspec.structs.replace(about, recipe=asdict(recipe), torch=str(torch.__version__)),
    )
    step = ranks.of_first(lambda: _begun(run, info, resume))
    if step and not (run / STATE).exists():
        raise BadInput(f"{run} is not on this machine: to go on, all of them need it on a disk that they share.")
    loggers = _loggers(run, step or 0) if ranks.is_first else ()
    known = {"skeleton": skeleton.name, **asdict(info.model), **asdict(recipe), "data": about.data}
    with _stop_on_interrupt() as interrupt, further_log(log if ranks.is_first else None, run) as others:
        table = loggers[0] if loggers else None
        keeper = _Keeper(run, info, training, generator, table, ranks, interrupt, on_event)
        for logger in others if step else [*loggers, *others]:
            logger.log_hyperparams(known)
        trainer = lightning.Trainer(
            max_epochs=epochs,
            gradient_clip_val=recipe.gradient_norm,
            precision="bf16-mixed" if torch.cuda.is_available() else "32-true",
            deterministic="warn",  # also on CPU, whose threads else add up gradients in any order
            logger=[*loggers, *others],
            log_every_n_steps=1,
            callbacks=[keeper],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            **ranks.settings,
        )
        interrupt.is_awaited = True
        try:
            trainer.fit(training, learning, validating, ckpt_path=run / STATE if step else None, weights_only=True)
        except OSError as error:
            raise BadInput(f"{run} cannot be written: {error.strerror or error}; make room there.") from error
    return time.monotonic() - keeper.started


class _Keeper(Callback):
    """Writes the checkpoint after every epoch, and the state of the training; tells of every step.

    Of several processes, the first one does, and that alone refuses a divergence, which reaches all of them.
    """

    def __init__(
        self,
        run: Path,
        info: ModelInfo,
        training: Training,
        generator: torch.Generator,
        table: CSVLogger | None,
        ranks: Ranks,
        interrupt: "_Interrupt",
        on_event: Listener,
    ):
        self.run, self.info, self.training, self.generator = run, info, training, generator
        self.table, self.ranks, self.interrupt, self.on_event = table, ranks, interrupt, on_event
        self.started = time.monotonic()
        self.state = StateKeeper(run)
        self.top1: float | None = None

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: STEP_OUTPUT,
        batch: dict[str, Any],
        batch_idx: int,
    ) -> None:
        assert isinstance(outputs, Mapping)
        epoch, loss = trainer.current_epoch + 1, outputs["loss"].item()
        self._refuse_divergence(epoch, math.isfinite(loss))
        self.on_event(Progress(epoch, trainer.global_step, self.training.steps, loss, self.top1))
        self._obey_interrupt(trainer)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if not self.ranks.is_first:
            return
        metrics = {name: value.item() for name, value in trainer.callback_metrics.items() if name.startswith("val")}
        self.top1 = metrics.get("val_top1")
        weights = {name: weight.contiguous() for name, weight in self.training.learnt.state_dict().items()}
        epoch = trainer.current_epoch + 1
        finite = all(map(math.isfinite, metrics.values())) and all(w.isfinite().all() for w in weights.values())
        self._refuse_divergence(epoch, finite)
        finished = trainer.global_step >= self.training.steps
        about = msgspec.structs.replace(self.info.training, metrics=metrics, epoch=epoch, finished=finished)
        info = msgspec.structs.replace(self.info, thresholds=self.training.thresholds, training=about)
        save_checkpoint(self.run / CHECKPOINT, weights, info)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._obey_interrupt(trainer)
        whole = trainer.global_step % trainer.num_training_batches == 0  # Ctrl-C ends an epoch early
        if not whole or not self.ranks.of_first(self.state.is_due):
            return
        if self.ranks.is_first:
            self.state.keep(trainer.save_checkpoint)
        else:
            trainer.save_checkpoint(self.run / STATE)  # tells the first one, and writes nothing

    def on_save_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint[KEY] = {
            "random": self.ranks.gathered(_random_states(self.generator)),
            "logged": (self.run / METRICS).read_text(encoding="utf-8") if self.ranks.is_first else "",
            "thresholds": self.training.thresholds,
            "top1": self.top1,
            "seconds": time.monotonic() - self.started,
        }

    def on_load_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        state = checkpoint[KEY]
        drawn = state["random"]
        self.generator.set_state(drawn[0]["batches"])  # the same everywhere
        if len(drawn) == self.ranks.count:
            _set_random_states(drawn[self.ranks.rank])
        else:
            seed = self.ranks.seed(self.training.recipe.seed, checkpoint["global_step"])
            lightning.seed_everything(seed, workers=True, verbose=False)
        self.training.thresholds, self.top1 = state["thresholds"], state["top1"]
        self.started -= state["seconds"]
        if self.table:
            self.table.experiment.metrics += csv.DictReader(state["logged"].splitlines())
            self.table.save()

    def _obey_interrupt(self, trainer: lightning.Trainer) -> None:
        """All of them stop after the same step."""
        trainer.should_stop = trainer.strategy.reduce_boolean_decision(self.interrupt.was_met, all=False)

    def _refuse_divergence(self, epoch: int, finite: bool) -> None:
        if not finite and self.ranks.is_first:
            kept = f"; the model of epoch {epoch - 1} is kept" if (self.run / CHECKPOINT).exists() else ""
            raise BadInput(
                f"the training diverged in epoch {epoch}: it computes numbers that are none{kept}. Look for keypoints"
                " far outside of the picture, or start without --from."
            )


def _random_states(generator: torch.Generator) -> dict[str, Any]:
    """All that random numbers are drawn from, as a file may hold it that runs no code."""
    numpy = np.random.get_state(legacy=False)
    return {
        "batches": generator.get_state(),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all(),
        "numpy": {**numpy, "state": {"key": numpy["state"]["key"].tolist(), "pos": numpy["state"]["pos"]}},
        "python": random.getstate(),
    }


def _set_random_states(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    torch.cuda.set_rng_state_all(states["cuda"])
    np.random.set_state(states["numpy"])
    random.setstate(states["python"])


def _begun(run: Path, info: ModelInfo, resume: bool) -> int | None:
    """Note what is trained in the run's folder; after which step it goes on, if so.

    Raises:
        BadInput: the run to go on with began with something else.
    """
    state = _read_state(run, info) if resume else None
    with write_whole(run / UNFINISHED) as partial:
        partial.write_text(info.encode())
    return state["global_step"] if state else None


def _read_state(run: Path, info: ModelInfo) -> dict[str, Any] | None:
    """What `training.ckpt` holds of a run that began with what the description says; `None` where it is not there yet.

    Raises:
        BadInput: the run began with something else, or what is kept of it is damaged.
    """
    if not (run / UNFINISHED).exists():  # it was stopped before it began
        return None
    with open_regular(run / UNFINISHED) as file:
        begun = ModelInfo.decode(file.read().decode())
    if others := _differences(begun, info):
        raise BadInput(f"{run} began with {others}: repeat its command with --resume, or begin another run without it.")
    if not (run / STATE).exists():
        return None
    try:
        state: dict[str, Any] = torch.load(run / STATE, map_location="cpu", weights_only=True)
        state[KEY]["random"][0]  # which earlier releases kept of one process alone
    except Exception as error:  # the reader meets a damaged file with whatever its bytes provoke
        reason = "is damaged, or an earlier release kept it"
        raise BadInput(f"{run / STATE} {reason}; begin another run without --resume.") from error
    return state


def _differences(begun: ModelInfo, info: ModelInfo) -> str:
    """What is not as it was when a run began, as a list in a sentence."""
    before, now = begun.training, info.training
    others = {
        "other clips": before.clip_ids != now.clip_ids,
        "another skeleton": begun.skeleton != info.skeleton,
        "other labels": begun.labels != info.labels,
        "another size": begun.model != info.model,
        "another seed": before.seed != now.seed,
        "another number of epochs": before.epochs != now.epochs,
        "other settings": {**before.recipe, **dict.fromkeys(("seed", "epochs"))}
        != {**now.recipe, **dict.fromkeys(("seed", "epochs"))},
        "another model to start from": before.started_from != now.started_from,
    }
    return " and ".join(what for what, differs in others.items() if differs)


def _loggers(run: Path, step: int) -> tuple[CSVLogger, TensorBoardLogger]:
    """Logs of a run that begins or goes on with that step: what was logged of it and later does not count any more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the folder is not empty, and metrics.csv is written anew
        log = CSVLogger(run, name="", version="")
        log.experiment.metrics.clear()
    return log, TensorBoardLogger(run, name="", version="", purge_step=step)


class _Interrupt:
    is_awaited = False
    was_met = False

    def __call__(self, *_: object) -> None:
        if self.was_met or not self.is_awaited:
            raise KeyboardInterrupt
        self.was_met = True


@contextlib.contextmanager
def _stop_on_interrupt() -> Iterator[_Interrupt]:
    """The first Ctrl-C ends training after its step, and the second one at once."""
    interrupt = _Interrupt()
    try:
        before = signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not the main thread: signals are not ours
        yield interrupt
        return
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
