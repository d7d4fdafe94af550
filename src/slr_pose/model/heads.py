"""Embeddings of a stretch of time -> the classes of one label."""

import warnings

import torch
from torch import Tensor, nn

from slr_pose.info import ModelConfig


class Head(nn.Module):
    """Attention pooling over time, so that each head looks at its own part of the sign, then a linear layer.

    Its temperature is 1 until the head is calibrated.
    """

    def __init__(self, config: ModelConfig, classes: int):
        super().__init__()
        self.attention = nn.Linear(config.width, config.attention_heads)
        self.drop = nn.Dropout(2 * config.dropout)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Initializing zero-element tensors")  # of no classes
            self.linear = nn.Linear(config.width, classes)
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """(B, T, width), (B, T) bool, which samples are looked at -> (B, classes)."""
        return self.classify(self.pool(x, inside))

    def pool(self, x: Tensor, inside: Tensor) -> Tensor:
        """The same -> (B, width), one embedding of all that is looked at."""
        weight = self.attention(x).masked_fill(~inside[..., None], -1e9).softmax(1)  # (B, T, heads)
        parts = x.unflatten(-1, (weight.shape[-1], -1))  # (B, T, heads, C)
        return (parts * weight[..., None]).sum(1).flatten(1)

    def classify(self, pooled: Tensor) -> Tensor:
        """What `pool` gives -> (B, classes)."""
        return self.linear(self.drop(pooled)) / self.temperature
