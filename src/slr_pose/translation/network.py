"""The network: glosses with their alternatives -> transformer -> the pieces of a sentence, one after the other."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from slr_pose.translation.decoding import FIRST_PIECE
from slr_pose.translation.glosses import FIRST
from slr_pose.translation.info import TranslationConfig


class TranslationModel(nn.Module):
    """Transformer with its norms first (Vaswani et al., NeurIPS 2017; Xiong et al., ICML 2020).

    A place in the source is the mean of its alternatives' embeddings, weighted with their probabilities: a confusion
    network goes in as easily as a line of glosses.

    Args:
        glosses: numbers of glosses, as `Vocabulary` counts them; 0 is nothing.
        pieces: numbers of pieces of text; 0 is nothing.
    """

    def __init__(self, glosses: int, pieces: int, config: TranslationConfig):
        super().__init__()
        self.config = config
        self.glosses, self.pieces = (nn.Embedding(count, config.width) for count in (glosses, pieces))
        self.encoder = nn.ModuleList(Block(config, looks_at_source=False) for _ in range(config.blocks))
        self.decoder = nn.ModuleList(Block(config, looks_at_source=True) for _ in range(config.blocks))
        self.encoded, self.decoded = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.bias = nn.Parameter(torch.zeros(pieces))
        self.drop = Dropout(config.dropout)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=config.width**-0.5)

    @torch.no_grad()
    def start_from(self, other: "TranslationModel", glosses: dict[int, int], pieces: dict[int, int]) -> None:
        """Take over what another network of the same sizes has learnt; of glosses and pieces, those that both have.

        Args:
            glosses, pieces: number here -> number there. Those of nothing, begin, end and unknown glosses are the same.
        """
        others = other.state_dict()
        same = {
            "glosses.weight": (FIRST, glosses),
            "pieces.weight": (FIRST_PIECE, pieces),
            "bias": (FIRST_PIECE, pieces),
        }
        for name, weight in self.named_parameters():
            first, numbers = same.get(name, (len(weight), {}))
            weight[:first] = others[name][:first]
            weight[list(numbers)] = others[name][list(numbers.values())]

    def forward(self, glosses: Tensor, shares: Tensor, pieces: Tensor) -> Tensor:
        """All pieces before each -> logits of each, as in training.

        Args:
            glosses, shares: numbers and probabilities, (batch, places, alternatives).
            pieces: (batch, pieces), a begin first.

        Returns:
            (batch, pieces, numbers of pieces).
        """
        memory, seen = self.read(glosses, shares), (shares.sum(-1) > 0)[:, None, None]
        x = self._place(self.pieces(pieces), torch.arange(pieces.shape[1], device=pieces.device))
        for block, source in zip(_blocks(self.decoder), memory.unbind(0), strict=True):
            x = block(x, block.own.remember(block.norms[0](x)), None, source, seen, causal=True)
        return self._logits(x)

    def read(self, glosses: Tensor, shares: Tensor) -> Tensor:
        """(batch, places, alternatives) -> what the decoder's blocks look at, (blocks, 2, batch, heads, places, C)."""
        # Axis 2 and not -1, from which ONNX Runtime up to 1.23 sums no sentences to a wrong shape.
        seen = (shares.sum(2) > 0)[:, None, None]
        x = (self.glosses(glosses) * shares[..., None]).sum(2)
        x = self._place(x, torch.arange(glosses.shape[1], device=glosses.device))
        for block in _blocks(self.encoder):
            x = block(x, block.own.remember(block.norms[0](x)), seen)
        x = self.encoded(x)
        return torch.stack([block.source.remember(x) for block in _blocks(self.decoder) if block.source])

    def step(self, pieces: Tensor, place: Tensor, past: Tensor, memory: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """The last piece of each sentence -> log-probabilities of the next.

        Args:
            pieces, place: (batch,), the piece and how many stand before it.
            past: (blocks, 2, batch, heads, pieces so far, C).
            memory: as `read` returns it.
            seen: (batch, places), where there is a gloss.

        Returns:
            (batch, numbers of pieces), and `past` with this piece.
        """
        x = self._place(self.pieces(pieces[:, None]), place[:, None])
        seen, present = seen[:, None, None], []
        for block, before, source in zip(_blocks(self.decoder), past.unbind(0), memory.unbind(0), strict=True):
            present.append(torch.cat([before, block.own.remember(block.norms[0](x))], 3))
            x = block(x, present[-1], None, source, seen)
        return self._logits(x)[:, 0].log_softmax(-1), torch.stack(present)

    def _logits(self, x: Tensor) -> Tensor:
        return F.linear(self.decoded(x), self.pieces.weight, self.bias)

    def _place(self, embedded: Tensor, place: Tensor) -> Tensor:
        """Add the sines of the places to (batch, places, width)."""
        width = self.config.width
        rate = 10000 ** (-torch.arange(0, width, 2, device=embedded.device) / width)
        angle = place[..., None] * rate
        return self.drop(embedded * width**0.5 + torch.stack([angle.sin(), angle.cos()], -1).flatten(-2))


class Block(nn.Module):
    """Self-attention, attention to the source where there is one, and feed-forward: (batch, places, width), twice."""

    def __init__(self, config: TranslationConfig, looks_at_source: bool):
        super().__init__()
        self.own = Attention(config)
        self.source = Attention(config) if looks_at_source else None
        self.feed_forward = nn.Sequential(
            nn.Linear(config.width, config.hidden),
            nn.ReLU(),
            Dropout(config.dropout),
            nn.Linear(config.hidden, config.width),
        )
        self.norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in range(3 if looks_at_source else 2))
        self.drop = Dropout(config.dropout)

    def forward(
        self,
        x: Tensor,
        own: Tensor,
        seen: Tensor | None,
        source: Tensor | None = None,
        source_seen: Tensor | None = None,
        causal: bool = False,
    ) -> Tensor:
        """One layer.

        Args:
            own, source: what is looked at, here and in the source, as `Attention.remember` gives it.
            seen, source_seen: (batch, 1, 1, places), where there is something; `None` = everywhere.
            causal: whether a place sees only those before it.
        """
        x = x + self.drop(self.own(self.norms[0](x), own, seen, causal))
        if self.source is not None:
            x = x + self.drop(self.source(self.norms[1](x), source, source_seen))
        return x + self.drop(self.feed_forward(self.norms[-1](x)))


class Dropout(nn.Dropout):
    """As torch's own, whose mask takes three times as long to draw on a CPU: a quarter of a step went into that."""

    def forward(self, x: Tensor) -> Tensor:
        """(batch, places, channels) -> the same, with some of them 0 in training."""
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p) if self.training else x


def _blocks(modules: nn.ModuleList) -> list[Block]:
    """The modules, as what they are: torch's list does not say it."""
    return [module for module in modules if isinstance(module, Block)]


class Attention(nn.Module):
    """Multi-head attention whose keys and values are made apart, so that decoding can keep them."""

    def __init__(self, config: TranslationConfig):
        super().__init__()
        self.heads, self.dropout = config.attention_heads, config.dropout
        self.query = nn.Linear(config.width, config.width)
        self.key, self.value = nn.Linear(config.width, config.width), nn.Linear(config.width, config.width)
        self.output = nn.Linear(config.width, config.width)

    def remember(self, x: Tensor) -> Tensor:
        """(batch, places, width) -> keys and values, (2, batch, heads, places, C)."""
        return torch.stack([self._split(self.key(x)), self._split(self.value(x))])

    def forward(self, x: Tensor, kept: Tensor, seen: Tensor | None, causal: bool = False) -> Tensor:
        """(batch, places, width), and what `remember` kept of what it looks at -> (batch, places, width)."""
        dropout = self.dropout if self.training else 0.0
        keys, values = kept.unbind(0)
        x = F.scaled_dot_product_attention(
            self._split(self.query(x)), keys, values, attn_mask=seen, dropout_p=dropout, is_causal=causal
        )
        return self.output(x.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
