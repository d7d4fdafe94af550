"""Embeddings of signing -> what is signed at each sample, where signs begin and end, and what is one whole sign."""

import torch
from torch import Tensor, nn

from slr_pose.info import ModelConfig
from slr_pose.model.heads import Head

NO_SIGN, OTHER_SIGN = " no sign", " other sign"  # what the two classes behind the glosses are called; no gloss is


class Reader(nn.Module):
    """One linear layer for all samples: of each it is asked what it is part of. And a head, `whole`, for all that is
    looked at: log-odds (batch, 1) that it is one sign from beginning to end, and one that has a gloss.

    What it learns from knows where every sign begins and ends, or the order of signs alone; then "nothing" is the blank
    of CTC (Graves et al., ICML 2006).
    """

    def __init__(self, config: ModelConfig, glosses: int):
        super().__init__()
        self.glosses = glosses
        self.drop = nn.Dropout(config.dropout)
        self.signs = nn.Linear(config.width, glosses + 2)
        self.edges = nn.Linear(config.width, 2)
        self.whole = Head(config, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings (batch, samples, width) -> log-probabilities (batch, samples, glosses + 2), of each gloss, of no
        sign and of another sign; log-odds (batch, samples, 2) that a sign begins there, and that one ends."""
        x = self.drop(x)
        return torch.log_softmax(self.signs(x), -1), self.edges(x)
