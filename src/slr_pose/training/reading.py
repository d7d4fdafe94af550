"""What reading should answer, and how far off it is."""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from slr_pose.training.cutouts import Cutouts

EDGE_WEIGHT = 0.5  # of the loss of the edges
RARE = 4.0  # an edge counts for that many samples that are none
BESIDE = 0.5  # how much of an edge a sample beside one is


def targets(signs: Tensor, times: Tensor, glosses: int) -> tuple[Tensor, Tensor]:
    """What is signed at each sample.

    Args:
        signs: (batch, signs, 3) first frame, end and gloss, as a `SigningBatch` has them.
        times: (batch, samples) in frames.

    Returns:
        (batch, samples) the gloss, `glosses` for no sign, -1 for a sign that nobody named; (batch, samples, 2) bool,
        where signs begin and where they end.
    """
    start, end, gloss = signs[:, None].unbind(-1)  # (B, 1, signs)
    here = (times[..., None] >= start) & (times[..., None] < end)  # (B, T, signs)
    which = here.int().argmax(-1)
    target = torch.where(here.any(-1), gloss[:, 0].gather(1, which).long(), glosses)
    begins = here & ~F.pad(here[:, :-1], (0, 0, 1, 0), value=True)
    ends = here & ~F.pad(here[:, 1:], (0, 0, 0, 1), value=True)
    return target, torch.stack([begins.any(-1), ends.any(-1)], -1)


def reading_loss(signs: Tensor, edges: Tensor, target: Tensor, true: Tensor, known: Tensor, smoothing: float) -> Tensor:
    """Mean over the samples of which the answer is known.

    Args:
        signs, edges: what the `Reader` answers.
        target: (batch, samples) as `targets` gives it; -1 = unknown.
        true: (batch, samples, 2) bool.
        known: (batch, samples) bool.
    """
    weight = known / known.sum().clamp(min=1)
    named = F.cross_entropy(
        signs.flatten(0, 1), target.flatten(), ignore_index=-1, label_smoothing=smoothing, reduction="none"
    ).view_as(weight)
    beside = F.max_pool1d(true.float().transpose(1, 2), 3, stride=1, padding=1).transpose(1, 2)
    wanted = torch.where(true, 1.0, BESIDE * beside)
    rare = torch.tensor(RARE, device=edges.device)
    found = F.binary_cross_entropy_with_logits(edges, wanted, pos_weight=rare, reduction="none").sum(-1)
    return (weight * (named + EDGE_WEIGHT * found)).sum()


def whole_loss(whole: Tensor, cutouts: Cutouts) -> Tensor:
    """How unlikely it is that each cutout is one whole sign, or is none: (cutouts, 1) log-odds -> a number."""
    return F.binary_cross_entropy_with_logits(whole[:, 0], cutouts.whole.float())


def order_loss(signs: Tensor, inside: Tensor, order: Tensor, blank: int) -> Tensor:
    """How unlikely the glosses of sentences are in their order, whenever each is signed (CTC; Graves et al., 2006).

    Args:
        signs: (batch, samples, classes) log-probabilities; inside: (batch, samples) bool.
        order: (batch, most glosses), below 0 behind the last.
        blank: the class that stands between glosses.
    """
    lengths = (order >= 0).sum(1)
    logs = signs.float().transpose(0, 1)
    return F.ctc_loss(logs, order.clamp(min=0), inside.sum(1), lengths, blank=blank, zero_infinity=True)
