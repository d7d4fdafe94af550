"""The times at which a stretch of a clip is looked at, in frames from the clip's first."""

import torch
from torch import Tensor


def sample_times(start: Tensor, length: Tensor, samples: int) -> Tensor:
    """Even steps from the beginning of a stretch to its end, both of which are samples: a short one is stretched, and a
    long one squeezed.

    Args:
        start: (batch,) where each stretch begins, in frames from the clip's first.
        length: (batch,) from its first frame to its last, in frames; 0 for a stretch of one frame.
        samples: how many, at least 2.

    Returns:
        (batch, samples), in frames from the clip's first.

    >>> sample_times(torch.tensor([10.0]), torch.tensor([8.0]), samples=5)
    tensor([[10., 12., 14., 16., 18.]])
    """
    index = torch.arange(samples, device=start.device, dtype=start.dtype)
    return start[:, None] + (length / (samples - 1))[:, None] * index
