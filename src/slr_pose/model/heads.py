"""Embeddings of a stretch of time -> the classes of one label."""

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
        self.linear = nn.Linear(config.width, classes)
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """(B, T, width), (B, T) bool, which samples are looked at -> (B, classes)."""
        weight = self.attention(x).masked_fill(~inside[..., None], -1e9).softmax(1)  # (B, T, heads)
        parts = x.unflatten(-1, (weight.shape[-1], -1))  # (B, T, heads, C)
        return self.linear(self.drop((parts * weight[..., None]).sum(1).flatten(1))) / self.temperature
