"""The times at which a stretch of a clip is looked at."""

import torch
from torch import Tensor


def sample_times(start: Tensor, length: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """Even steps from the beginning of a stretch to its end, both of which are samples.

    Args:
        start: (batch,) where each stretch begins, in frames from the clip's first.
        length: (batch,) from its first frame to its last, in frames; 0 for a stretch of one frame.
        samples: how many, at least 2.

    Returns:
        times (batch, samples), in frames from the clip's first; pace (batch,), frames from a sample to the next.

    >>> sample_times(torch.tensor([10.0]), torch.tensor([8.0]), samples=5)
    (tensor([[10., 12., 14., 16., 18.]]), tensor([2.]))
    """
    pace = length / (samples - 1)
    index = torch.arange(samples, device=start.device, dtype=start.dtype)
    return start[:, None] + pace[:, None] * index, pace
