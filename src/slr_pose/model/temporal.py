"""Embeddings of skeleton frames -> embeddings that know what comes before and after."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from slr_pose.info import ModelConfig


class TemporalBlock(nn.Module):
    """Depth-wise convolution, self-attention and feed-forward over time."""

    def __init__(self, config: ModelConfig, share: float):
        super().__init__()
        width = config.width
        self.heads = config.attention_heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.depthwise = nn.Conv1d(width, width, config.kernel, padding=config.kernel // 2, groups=width)
        self.pointwise = nn.Linear(width, width)
        self.qkv = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(config.dropout)
        self.skip = share * config.dropout

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """(B, T, width), (B, T) bool, which samples are not padding -> (B, T, width)."""
        x = x + self._branch(self._convolve(self.norms[0](x) * inside[..., None]))
        x = x + self._branch(self._attend(self.norms[1](x), inside))
        return x + self._branch(self.feed_forward(self.norms[2](x)))

    def _convolve(self, x: Tensor) -> Tensor:
        return self.pointwise(F.silu(self.depthwise(x.transpose(1, 2)).transpose(1, 2)))

    def _attend(self, x: Tensor, inside: Tensor) -> Tensor:
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in self.qkv(x).chunk(3, -1))
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=inside[:, None, None])  # (B, heads, T, C)
        return self.attended(x.transpose(1, 2).flatten(2))

    def _branch(self, x: Tensor) -> Tensor:
        """Dropout, and stochastic depth: the whole branch is left out of some clips (Huang et al., ECCV 2016)."""
        x = self.drop(x)
        if self.training and self.skip > 0:
            kept = (torch.rand(len(x), 1, 1, device=x.device) >= self.skip).to(x.dtype)
            x = x * kept / (1 - self.skip)
        return x
