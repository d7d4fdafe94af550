"""What a step, a validation and the optimiser do, as Lightning asks for them."""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from slr_pose.data.batches import Batch, Item, LabelledClips
from slr_pose.data.signing import WINDOW_S, SigningBatch
from slr_pose.info import RATE, READ
from slr_pose.model import calibration
from slr_pose.model.network import SignModel
from slr_pose.model.reader import Reader
from slr_pose.model.samples import sample_times
from slr_pose.skeleton import Skeleton
from slr_pose.training.augmentation import Augmentation, mixture
from slr_pose.training.cutouts import Cutouts, cutouts
from slr_pose.training.reading import order_loss, reading_loss, targets, whole_loss
from slr_pose.training.recipe import Recipe
from slr_pose.training.sequences import Sequences, sequences

SIGNS, SIGNING = "signs", "signing"  # what a step learns from: signs, each for itself; stretches and sentences
ROW_SAMPLES = round(WINDOW_S * RATE)
CUTOUTS = 4  # of each row
NAMED = 0.5  # weight of the glosses of cutouts
PACE = 0.2  # standard deviation of the logarithm of how much faster real signing is shown than it was

Tensors = tuple[Tensor, ...] | list[Tensor]


class Rows(NamedTuple):
    """Signs in a row; `prepared` and `looked_at` are the rows, and the cutouts, as `Preprocessing` returns them."""

    rows: Sequences
    prepared: tuple[Tensor, Tensor, Tensor]
    cutouts: Cutouts
    looked_at: tuple[Tensor, Tensor, Tensor]


class _Answered(NamedTuple):
    """What is kept of the answers to some validation signs, per head: the logits of some, (some, classes),
    and the best answers and the labels of all, (signs,)."""

    logits: dict[str, Tensor]
    best: dict[str, Tensor]
    labels: dict[str, Tensor]


class Training(lightning.LightningModule):
    """Trains a `SignModel`; validates and calibrates its averaged weights, which are the ones that are kept."""

    def __init__(self, model: SignModel, skeleton: Skeleton, recipe: Recipe, steps: int):
        super().__init__()
        self.model, self.recipe, self.steps = model, recipe, steps
        self.augmentation = Augmentation(skeleton)
        self.averaged = AveragedModel(model, multi_avg_fn=self._average).requires_grad_(False)
        self.answers: list[_Answered] = []
        self.losses: list[Tensor] = []  # of the steps of the epoch
        self.thresholds: dict[str, float] = {}

    @property
    def learnt(self) -> SignModel:
        """The model with the averaged weights."""
        return cast(SignModel, self.averaged.module)  # the benchmarks train others, which have the same parts

    def training_step(self, batches: dict[str, Any], _: int) -> Tensor:
        """The loss of a step: of signs (`SIGNS`), each for itself and in rows, and of real signing (`SIGNING`).

        Returns:
            One number for the whole batch, of any shape that this has.
        """
        losses = []
        if SIGNS in batches:
            losses.append(self._sign_loss(batches[SIGNS]))
            if self.model.reader:
                losses.append(self._row_loss(batches[SIGNS]))
        if SIGNING in batches and self.model.reader:
            losses.append(self._signing_loss(batches[SIGNING], self.model))
        loss = torch.stack(losses).sum()
        self.losses.append(loss.detach())
        return loss

    def _sign_loss(self, batch: Batch) -> Tensor:
        """Of signs, each for itself, and mixed with each other."""
        keypoints, frames, _, labels = batch
        with self._full_precision():
            keypoints, window = self.augmentation(keypoints, frames)
            times = self._times(frames, window)
            positions, presence, inside = self.model.preprocessing(keypoints, frames, times)
            clips, samples = presence.shape[:2]
            # Attributes are of the first posture, which a stretch of another clip further on leaves as it is.
            cutmix = self.recipe.cutmix if READ in self.model.heads else 0.0
            kept = mixture(clips, samples, self.recipe.mixup, cutmix).to(self.device)
            other = torch.randperm(len(frames), device=self.device)
            positions = torch.lerp(positions[other], positions, kept[..., None, None])
            presence = torch.lerp(presence[other], presence, kept[..., None])
            share = kept.mean(1)
        logits = self.model.classify(positions, presence, inside)
        other_labels = {head: label[other] for head, label in labels.items()}
        return self._loss(logits, labels, share) + self._loss(logits, other_labels, 1 - share)

    def _row_loss(self, batch: Batch) -> Tensor:
        """Of the same signs in rows, as if somebody had signed them one after the other; and of cutouts of the rows."""
        reader = _reader(self.model)
        made = self._rows(batch, reader.glosses)
        rows, some = made.rows, made.cutouts
        signs, edges = reader(self.model.embed(*made.prepared))
        known = made.prepared[2]
        loss = reading_loss(signs, edges, rows.target, rows.edges, known, self.recipe.label_smoothing)
        if not len(some.row):
            return loss
        x, inside = self.model.embed(*made.looked_at), made.looked_at[2]
        named = self._loss({READ: self.model.heads[READ](x, inside)}, {READ: some.gloss})
        return loss + whole_loss(reader.whole(x, inside), some) + NAMED * named

    def _rows(self, batch: Batch, glosses: int) -> "Rows":
        """Rows of a batch's signs, of `glosses` glosses, and cutouts of them."""
        keypoints, frames, fps, labels = batch
        count = max(1, round(len(frames) * self.recipe.rows))
        with self._full_precision():
            reference = self.model.preprocessing.reference
            rows = sequences(reference, keypoints, frames, fps, labels[READ], glosses, count, ROW_SAMPLES)
            mixed, _ = self.augmentation(rows.keypoints, rows.frames)
            times = torch.arange(ROW_SAMPLES, device=self.device, dtype=mixed.dtype).expand(count, -1)
            prepared = self.model.preprocessing(mixed, rows.frames, times)
            some = cutouts(rows, glosses, CUTOUTS * count)
            at = sample_times(some.start, some.end - some.start, self.model.config.frames)
            looked_at = self.model.preprocessing(mixed[some.row], rows.frames[some.row], at)
        return Rows(rows, prepared, some, looked_at)

    def _signing_loss(self, batch: SigningBatch, model: SignModel) -> Tensor:
        """Of stretches of signing, whose signs have times, and of sentences, whose signs have an order alone."""
        reader = _reader(model)
        with self._full_precision():
            keypoints, pace = batch.keypoints, batch.fps / RATE
            if model.training:
                keypoints, _ = self.augmentation(keypoints, batch.frames)
                pace = pace * torch.exp(torch.randn_like(pace) * PACE)
            samples = int((batch.frames / pace).max()) + 2
            times = torch.arange(samples, device=self.device) * pace[:, None]
            prepared = model.preprocessing(keypoints, batch.frames, times)
            inside = prepared[2]
            target, edges = targets(batch.signs, times, reader.glosses)
        signs, found = reader(model.embed(*prepared))
        losses = []
        if (timed := batch.timed).any():
            known = inside & timed[:, None]
            losses.append(reading_loss(signs, found, target, edges, known, self.recipe.label_smoothing))
        if not timed.all():
            order = batch.signs[~timed][..., 2].long()
            losses.append(order_loss(signs[~timed], inside[~timed], order, reader.glosses))
        return torch.stack(losses).sum()

    def _times(self, frames: Tensor, window: Tensor | None = None) -> Tensor:
        """Where to look at signs, each for itself: at the whole of it, or at a window (batch, 2), in shares of it."""
        last = (frames - 1).clamp(min=0).float()
        start, end = (0 * last, last) if window is None else (last * window[:, 0], last * window[:, 1])
        return sample_times(start, end - start, self.model.config.frames)

    def on_train_batch_end(self, *_: object) -> None:
        self.averaged.update_parameters(self.model)

    def validation_step(self, batch: Batch | SigningBatch, number: int, dataloader_idx: int = 0) -> None:
        """What the averaged weights answer to signs; and how far off they are of signing."""
        if isinstance(batch, SigningBatch):
            loss = self._signing_loss(batch, self.learnt)
            self.log("val_reading_loss", loss, add_dataloader_idx=False, sync_dist=True)
            return
        keypoints, frames, _fps, labels = batch
        with self._full_precision():
            prepared = self.learnt.preprocessing(keypoints, frames, self._times(frames))
        logits = self.learnt.classify(*prepared)
        every = self._every(logits)
        some = slice(-number * cast(int, self._asked.batch_size) % every, None, every)
        best = {head: found.argmax(-1) for head, found in logits.items()}
        self.answers.append(_Answered({head: found[some].clone() for head, found in logits.items()}, best, labels))

    def on_validation_epoch_end(self) -> None:
        if self.losses:  # logged here, so that an epoch is in the logs when its state is kept
            self.log("train_loss", torch.stack(self.losses).mean(), sync_dist=True)
            self.losses.clear()
        if not self.answers:
            return
        signs, every = len(cast(LabelledClips, self._asked.dataset)), self._every(self.answers[0].logits)
        some = torch.arange(signs, device=self.device) // self.trainer.world_size % every == 0
        logits, best, labels = (
            {head: self._of_all([answer[head] for answer in kept])[:most] for head in kept[0]}
            for kept, most in zip(zip(*self.answers, strict=True), (int(some.sum()), signs, signs), strict=True)
        )
        self.answers.clear()
        right = {}
        for head, label in labels.items():
            if (label >= 0).any():
                right[head] = (best[head] == label)[label >= 0].float().mean()
                self.log(f"val_top1_{head}", right[head])
        self.log("val_top1", torch.stack(list(right.values())).mean() if right else torch.zeros(()))
        labels = {head: label[some] for head, label in labels.items()}
        self._calibrate(logits, labels)
        self.log("val_loss", self._loss(logits, labels, smoothing=0))

    @property
    def _asked(self) -> DataLoader[Item]:
        """This process's share of the validation signs."""
        return cast(dict[str, DataLoader[Item]], self.trainer.val_dataloaders)[SIGNS]

    def _every(self, logits: dict[str, Tensor]) -> int:
        """Of how many validation signs in a row the first one's logits are kept, (..., classes) per head."""
        classes = sum(found.shape[-1] for found in logits.values())
        return -(-len(cast(LabelledClips, self._asked.dataset)) * classes // calibration.CALIBRATING)

    def _of_all(self, answers: list[Tensor]) -> Tensor:
        """(clips, ...) in the clips' order: what all processes have answered to their `share` of them; behind them some
        once more."""
        own = torch.cat(answers)
        if self.trainer.world_size == 1:
            return own
        return cast(Tensor, self.all_gather(own)).transpose(0, 1).flatten(0, 1)

    def _calibrate(self, logits: dict[str, Tensor], labels: dict[str, Tensor]) -> None:
        """Give the averaged model the temperature of each head, and learn from where on its answers are sure."""
        for name, head in self.learnt.heads.items():
            scores, label = logits[name].float().cpu().numpy(), labels[name].cpu().numpy()
            temperature = head.get_buffer("temperature").fill_(calibration.temperature(scores, label))
            logits[name] /= temperature
            sure = calibration.threshold(logits[name].float().softmax(-1).cpu().numpy(), label)
            if sure is not None:
                self.thresholds[name] = sure

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        matrices = [weight for weight in self.model.parameters() if weight.ndim > 1]
        others = [weight for weight in self.model.parameters() if weight.ndim <= 1]
        groups: list[dict[str, Any]] = [{"params": matrices}, {"params": others, "weight_decay": 0.0}]
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

    def _average(self, averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        """Exponential moving average, shorter at first, so that it does not remember the random start."""
        decay = min(self.recipe.averaging, (1 + int(count)) / (10 + int(count)))
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


def _reader(model: SignModel) -> Reader:
    assert model.reader
    return model.reader
