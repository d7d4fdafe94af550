"""What a step, a validation and the optimiser do, as Lightning asks for them."""

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from slr_pose.data.batches import Batch
from slr_pose.model import calibration
from slr_pose.model.network import SignModel
from slr_pose.skeleton import Skeleton
from slr_pose.training.augmentation import Augmentation, mixture
from slr_pose.training.recipe import Recipe

Tensors = tuple[Tensor, ...] | list[Tensor]


class Training(lightning.LightningModule):
    """Trains a `SignModel`; validates and calibrates its averaged weights, which are the ones that are kept."""

    def __init__(self, model: SignModel, skeleton: Skeleton, recipe: Recipe, steps: int):
        super().__init__()
        self.model, self.recipe, self.steps = model, recipe, steps
        self.augmentation = Augmentation(skeleton)
        self.averaged = AveragedModel(model, multi_avg_fn=self._average)
        self.answers: list[tuple[dict[str, Tensor], dict[str, Tensor]]] = []
        self.losses: list[tuple[Tensor, int]] = []  # of the epoch, with how many clips each is the mean of
        self.thresholds: dict[str, float] = {}

    @property
    def learnt(self) -> SignModel:
        """The model with the averaged weights."""
        return cast(SignModel, self.averaged.module)  # the benchmarks train others, which have the same parts

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """The loss of a batch as `collate` gives it, keypoints (batch, frames, joints, 4) and what is known of them."""
        keypoints, frames, labels = batch
        with self._full_precision():
            keypoints, window = self.augmentation(keypoints, frames)
            positions, presence = self.model.preprocessing(keypoints, frames, window)
            clips, samples = presence.shape[:2]
            kept = mixture(clips, samples, self.recipe.mixup, self.recipe.cutmix).to(self.device)
            other = torch.randperm(len(frames), device=self.device)
            positions = torch.lerp(positions[other], positions, kept[..., None, None])
            presence = torch.lerp(presence[other], presence, kept[..., None])
            share = kept.mean(1)
        logits = self.model.classify(positions, presence)
        other_labels = {head: label[other] for head, label in labels.items()}
        loss = self._loss(logits, labels, share) + self._loss(logits, other_labels, 1 - share)
        self.losses.append((loss.detach(), len(frames)))
        return loss

    def on_train_batch_end(self, *_: object) -> None:
        self.averaged.update_parameters(self.model)

    def validation_step(self, batch: Batch, _: int) -> None:
        keypoints, frames, labels = batch
        with self._full_precision():
            prepared = self.learnt.preprocessing(keypoints, frames)
        self.answers.append((self.learnt.classify(*prepared), labels))

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
        if self.losses:  # logged here, so that an epoch is in the logs when its state is kept
            self.log("train_loss", sum(loss * clips for loss, clips in self.losses) / sum(n for _, n in self.losses))
            self.losses.clear()

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
