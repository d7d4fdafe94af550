"""Clips -> a trained model: the Lightning module, the recipe, the run folder and the checkpoint."""

import contextlib
import math
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import lightning
import msgspec
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from slr_pose import BadInput
from slr_pose.data.store import ClipStore
from slr_pose.info import ModelInfo, TrainingInfo
from slr_pose.model import calibration
from slr_pose.model.checkpoint import save_checkpoint
from slr_pose.model.network import SignModel
from slr_pose.runs import CHECKPOINT
from slr_pose.skeleton import Skeleton
from slr_pose.training.augmentation import Augmentation, mixture

STEPS_AN_EPOCH = 8  # at least: batches are smaller where clips are few
STEPS = 2400  # at least, by default
FEWEST_EPOCHS = 40  # by default, however many clips there are


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; the defaults are the best that we know.

    Without `epochs` there are as many as make `STEPS` steps, but at least `FEWEST_EPOCHS`: few clips are seen oftener.
    """

    epochs: int | None = None
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warm_up: float = 0.1  # share of the steps
    label_smoothing: float = 0.1
    mixup: float = 0.4  # as `mixture`
    cutmix: float = 0.3  # as `mixture`
    averaging: float = 0.99  # decay of the averaged weights a step
    gradient_norm: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """Where a training stands, after every step."""

    epoch: int
    step: int
    steps: int
    loss: float
    top1: float | None  # on the validation clips, mean over the heads


class Training(lightning.LightningModule):
    """Trains a `SignModel`; validates and calibrates its averaged weights, which are the ones that are kept."""

    def __init__(self, model: SignModel, skeleton: Skeleton, recipe: Recipe, steps: int):
        super().__init__()
        self.model, self.recipe, self.steps = model, recipe, steps
        self.augmentation = Augmentation(skeleton)
        self.averaged = AveragedModel(model, multi_avg_fn=self._average)
        self.answers: list[tuple[dict[str, Tensor], dict[str, Tensor]]] = []
        self.thresholds: dict[str, float] = {}

    def training_step(self, batch: tuple, _: int) -> Tensor:
        keypoints, frames, labels = batch
        with self._full_precision():
            keypoints, window = self.augmentation(keypoints, frames)
            positions, presence = self.model.preprocessing(keypoints, frames, window)
            kept = mixture(*presence.shape[:2], self.recipe.mixup, self.recipe.cutmix).to(self.device)
            other = torch.randperm(len(frames), device=self.device)
            positions = torch.lerp(positions[other], positions, kept[..., None, None])
            presence = torch.lerp(presence[other], presence, kept[..., None])
            share = kept.mean(1)
        logits = self.model.classify(positions, presence)
        other_labels = {head: label[other] for head, label in labels.items()}
        loss = self._loss(logits, labels, share) + self._loss(logits, other_labels, 1 - share)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(frames))
        return loss

    def on_train_batch_end(self, *_) -> None:
        self.averaged.update_parameters(self.model)

    def validation_step(self, batch: tuple, _: int) -> None:
        keypoints, frames, labels = batch
        model = self.averaged.module
        with self._full_precision():
            prepared = model.preprocessing(keypoints, frames)
        self.answers.append((model.classify(*prepared), labels))

    def on_validation_epoch_end(self) -> None:
        logits = {head: torch.cat([answer[head] for answer, _ in self.answers]) for head in self.answers[0][0]}
        labels = {head: torch.cat([label[head] for _, label in self.answers]) for head in logits}
        self.answers.clear()
        right = {}
        for head, label in labels.items():
            if (label >= 0).any():
                right[head] = (logits[head].argmax(-1) == label)[label >= 0].float().mean()
                self.log(f"val_top1_{head}", right[head])
        self.log("val_top1", torch.stack(list(right.values())).mean() if right else torch.zeros(()))
        self._calibrate(logits, labels)
        self.log("val_loss", self._loss(logits, labels, smoothing=0))

    def _calibrate(self, logits: dict[str, Tensor], labels: dict[str, Tensor]) -> None:
        """Give the averaged model the temperature of each head, and learn from where on its answers are sure."""
        for name, head in self.averaged.module.heads.items():
            scores, label = logits[name].float().cpu().numpy(), labels[name].cpu().numpy()
            head.temperature.fill_(calibration.temperature(scores, label))
            logits[name] /= head.temperature
            sure = calibration.threshold(logits[name].float().softmax(-1).cpu().numpy(), label)
            if sure is not None:
                self.thresholds[name] = sure

    def configure_optimizers(self) -> dict:
        matrices = [weight for weight in self.model.parameters() if weight.ndim > 1]
        others = [weight for weight in self.model.parameters() if weight.ndim <= 1]
        groups = [{"params": matrices}, {"params": others, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self.recipe.learning_rate, weight_decay=self.recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.recipe.learning_rate, total_steps=self.steps, pct_start=self.recipe.warm_up
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    @contextlib.contextmanager
    def _full_precision(self) -> Iterator[None]:
        """bfloat16 is too coarse for pixels, and nothing learns before the network."""
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            yield

    def _average(self, averaged: list[Tensor], current: list[Tensor], count: Tensor) -> None:
        """Exponential moving average, shorter at first, so that it does not remember the random start."""
        decay = min(self.recipe.averaging, (1 + count.item()) / (10 + count.item()))
        get_ema_multi_avg_fn(decay)(averaged, current, count)

    def _loss(
        self,
        logits: dict[str, Tensor],
        labels: dict[str, Tensor],
        weight: Tensor | float = 1.0,
        smoothing: float | None = None,
    ) -> Tensor:
        """Mean cross-entropy over the heads; a clip whose label is unknown does not count for that head."""
        smoothing = self.recipe.label_smoothing if smoothing is None else smoothing
        losses = []
        for head, label in labels.items():
            each = F.cross_entropy(logits[head], label, ignore_index=-1, label_smoothing=smoothing, reduction="none")
            losses.append((weight * each).sum() / (label >= 0).sum().clamp(min=1))
        return torch.stack(losses).mean()


def train(
    build: Callable[[], SignModel],
    training_clips: ClipStore,
    validation_clips: ClipStore,
    skeleton: Skeleton,
    classes: dict[str, list[str]],
    recipe: Recipe,
    run: Path,
    about: TrainingInfo,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> float:
    """Train a model, and keep its averaged weights in `run/model.safetensors`, written after every epoch.

    The learning rate ends at zero, so the last epoch is the one to keep, and no clip chooses among epochs. The
    validation clips set each head's temperature and the probability from which on its answers are called sure.
    Ctrl-C ends training after the step; what was learnt until the last epoch stays.

    Args:
        build: makes the model; called once the seed is set.
        classes: class names of each head.
        run: an empty folder, for the checkpoint and the logs (CSV and TensorBoard).
        about: what the checkpoint shall tell of the data: splits, signers, extractor. The rest of it is filled in.

    Returns:
        Seconds that it took.

    Raises:
        BadInput: the training diverged, or the checkpoint cannot be written; that of the epoch before stays.
    """
    lightning.seed_everything(recipe.seed, workers=True, verbose=False)
    batch_size = min(recipe.batch_size, max(2, len(training_clips) // STEPS_AN_EPOCH))
    loaders = (
        DataLoader(
            training_clips,
            batch_size,
            shuffle=True,
            collate_fn=training_clips.collate,
            generator=torch.Generator().manual_seed(recipe.seed),
        ),
        DataLoader(validation_clips, 2 * batch_size, collate_fn=validation_clips.collate),
    )
    if not recipe.epochs:
        recipe = replace(recipe, epochs=max(FEWEST_EPOCHS, math.ceil(STEPS / len(loaders[0]))))
    training = Training(build(), skeleton, recipe, steps=recipe.epochs * len(loaders[0]))
    keeper = _KeepLast(run, skeleton, classes, recipe, about, on_progress)
    with _stop_on_interrupt() as interrupt:
        trainer = lightning.Trainer(
            max_epochs=recipe.epochs,
            gradient_clip_val=recipe.gradient_norm,
            precision="bf16-mixed" if torch.cuda.is_available() else "32-true",
            deterministic="warn",  # also on CPU, whose threads else add up gradients in any order
            logger=[CSVLogger(run, name="", version=""), TensorBoardLogger(run, name="", version="")],
            log_every_n_steps=1,
            callbacks=[keeper],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        for logger in trainer.loggers:
            logger.log_hyperparams(
                {"skeleton": skeleton.name, **asdict(training.model.config), **asdict(recipe), "data": about.data}
            )
        interrupt.trainer = trainer
        try:
            trainer.fit(training, *loaders)
        except OSError as error:
            raise BadInput(f"{run} cannot be written: {error.strerror or error}; make room there.") from error
    return time.monotonic() - keeper.started


class _KeepLast(Callback):
    """Writes the checkpoint after every epoch, and tells of every step."""

    def __init__(self, run, skeleton, classes, recipe, about, on_progress):
        self.path = run / CHECKPOINT
        self.skeleton, self.classes, self.on_progress = skeleton, classes, on_progress
        self.about = msgspec.structs.replace(about, recipe=asdict(recipe), torch=str(torch.__version__))
        self.started = time.monotonic()
        self.top1: float | None = None

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        epoch, loss = trainer.current_epoch + 1, outputs["loss"].item()
        self._refuse_divergence(epoch, math.isfinite(loss))
        self.on_progress(Progress(epoch, trainer.global_step, module.steps, loss, self.top1))

    def on_validation_end(self, trainer, module) -> None:
        metrics = {name: value.item() for name, value in trainer.callback_metrics.items() if name.startswith("val")}
        self.top1 = metrics["val_top1"]
        weights = {name: weight.contiguous() for name, weight in module.averaged.module.state_dict().items()}
        epoch = trainer.current_epoch + 1
        finite = all(map(math.isfinite, metrics.values())) and all(w.isfinite().all() for w in weights.values())
        self._refuse_divergence(epoch, finite)
        finished = trainer.global_step >= module.steps
        info = ModelInfo(
            skeleton=self.skeleton.toml,
            labels=self.classes,
            model=module.model.config,
            thresholds=module.thresholds,
            training=msgspec.structs.replace(self.about, metrics=metrics, epoch=epoch, finished=finished),
        )
        save_checkpoint(self.path, weights, info)

    def _refuse_divergence(self, epoch: int, finite: bool) -> None:
        if not finite:
            kept = f"; the model of epoch {epoch - 1} is kept" if self.path.exists() else ""
            raise BadInput(
                f"the training diverged in epoch {epoch}: it computes numbers that are none{kept}. Look for keypoints"
                " far outside of the picture, or start without --from."
            )


class _Interrupt:
    trainer: lightning.Trainer | None = None

    def __call__(self, *_) -> None:
        if self.trainer is None or self.trainer.should_stop:
            raise KeyboardInterrupt
        self.trainer.should_stop = True


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
