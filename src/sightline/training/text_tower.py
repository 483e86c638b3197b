"""MiniLM: the text tower, token ids → one vector of features.

A BERT encoder (Devlin et al. 2019, https://arxiv.org/abs/1810.04805) of six narrow layers,
distilled by Wang et al. 2020 (https://arxiv.org/abs/2002.10957) and tuned on sentence pairs as
all-MiniLM-L6-v2. A sentence is the mean of its tokens' last hidden states.
"""

from typing import Annotated

import msgspec
import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.nn import functional

INITIAL_DEVIATION = 0.02
"""Of a new table of words or positions, as in BERT."""

Size = Annotated[int, Meta(ge=1, le=1_000_000)]


class TextConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes of a BERT encoder; the defaults are MiniLM's."""

    vocabulary: Size = 30_522
    positions: Size = 512
    width: Size = 384
    layers: Size = 6
    heads: Size = 12
    hidden: Size = 1536
    norm_epsilon: Annotated[float, Meta(gt=0)] = 1e-12

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"a width of {self.width} can't be split into {self.heads} heads")


class SelfAttention(nn.Module):
    """Every token looks at every token that the mask allows."""

    def __init__(self, config: TextConfig):
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)
        self.output = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        n, length, width = x.shape

        def split(y: Tensor) -> Tensor:  # (n, length, width) → (n, heads, length, width / heads)
            return y.view(n, length, self.heads, width // self.heads).transpose(1, 2)

        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = query @ key.transpose(2, 3) / (width // self.heads) ** 0.5
        weights = (scores + bias).softmax(dim=-1)  # (n, heads, length, length)
        mixed = (weights @ value).transpose(1, 2).reshape(n, length, width)
        y: Tensor = self.output(mixed)
        return y


class Layer(nn.Module):
    """Attention, then a two-layer network on each token; both residual, normed afterwards."""

    def __init__(self, config: TextConfig):
        super().__init__()
        self.attention = SelfAttention(config)
        self.attention_norm = nn.LayerNorm(config.width, config.norm_epsilon)
        self.widen = nn.Linear(config.width, config.hidden)
        self.narrow = nn.Linear(config.hidden, config.width)
        self.norm = nn.LayerNorm(config.width, config.norm_epsilon)
        self.drop = nn.Dropout(0.0)  # what a recipe wants for training is set there

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.attention_norm(x + self.drop(self.attention(x, bias)))
        y: Tensor = self.norm(x + self.drop(self.narrow(functional.gelu(self.widen(x)))))
        return y


class MiniLM(nn.Module):
    """Token ids and mask, int64 (n, length) → features (n, 384)."""

    def __init__(self, config: TextConfig | None = None):
        super().__init__()
        config = config or TextConfig()
        self.words = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Parameter(torch.empty(config.positions, config.width))
        for table in (self.words.weight, self.positions):
            nn.init.normal_(table, std=INITIAL_DEVIATION)
        # BERT's second sentence never occurs here, so its kind of token is one constant vector.
        self.kind = nn.Parameter(torch.zeros(config.width))
        self.norm = nn.LayerNorm(config.width, config.norm_epsilon)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))

    def tokens(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The last hidden states, (n, length, width)."""
        x: Tensor = self.words(ids) + self.positions[: ids.shape[1]] + self.kind
        x = self.norm(x)
        # Large and finite: with -inf a row without any token would become NaN.
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * -10_000.0  # (n, 1, 1, length)
        for layer in self.layers:
            x = layer(x, bias)
        return x

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        weights = mask[:, :, None].to(self.kind.dtype)  # (n, length, 1)
        total = (self.tokens(ids, mask) * weights).sum(dim=1)
        return total / weights.sum(dim=1).clamp(min=1.0)
