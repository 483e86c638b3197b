"""Two towers that meet in one space.

::

    pixels (n, 224, 224, 3)               ids, mask (n, length)
          │ normalise                            │
    EfficientNetLite                          MiniLM
          │ (n, 1280)                            │ (n, 384)
    Projection                             Projection
          │ (n, 384), unit rows                  │ (n, 384), unit rows
          └────────── cosine × scale ────────────┘
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from sightline.training.image_tower import EfficientNetLite, normalise
from sightline.training.text_tower import MiniLM

DIMENSIONS = 384
"""Length of an embedding."""

SCALE_LIMIT = 100.0
"""CLIP's cap on 1 / temperature: beyond it a batch is only its hardest pair."""


class Projection(nn.Module):
    """A tower's features → the common space: a linear map plus what a small network corrects.

    (n, inputs) → unit rows (n, 384). `dropout`: of the features, and of the hidden layer.
    """

    def __init__(self, inputs: int, hidden: int, *, dropout: tuple[float, float] = (0.0, 0.0)):
        super().__init__()
        before, inside = dropout
        self.drop = nn.Dropout(before)
        self.straight = nn.Linear(inputs, DIMENSIONS)
        self.correction = nn.Sequential(
            nn.LayerNorm(inputs),
            nn.Linear(inputs, hidden),
            nn.GELU(),
            nn.Dropout(inside),
            nn.Linear(hidden, DIMENSIONS),
        )

    def forward(self, features: Tensor) -> Tensor:
        features = self.drop(features)
        return functional.normalize(self.straight(features) + self.correction(features), dim=-1)


class Temperature(nn.Module):
    """The learned sharpness of the softmax, kept as a logarithm so that it stays positive."""

    def __init__(self, initial: float = 0.07):
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / initial)))

    def forward(self) -> Tensor:
        """1 / temperature, at most `SCALE_LIMIT`."""
        return self.log_scale.exp().clamp(max=SCALE_LIMIT)


class ImageEncoder(nn.Module):
    """uint8 pixels (n, size, size, 3) RGB → embeddings, unit rows (n, 384)."""

    def __init__(self, tower: EfficientNetLite, projection: Projection):
        super().__init__()
        self.tower, self.projection = tower, projection

    def forward(self, pixels: Tensor) -> Tensor:
        y: Tensor = self.projection(self.tower(normalise(pixels)))
        return y


class TextEncoder(nn.Module):
    """Token ids and mask, int64 (n, length) → embeddings, unit rows (n, 384)."""

    def __init__(self, tower: MiniLM, projection: Projection):
        super().__init__()
        self.tower, self.projection = tower, projection

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        y: Tensor = self.projection(self.tower(ids, mask))
        return y


class DualEncoder(nn.Module):
    """An image and a text encoder whose cosines say how well a photo fits a sentence."""

    def __init__(self, image: ImageEncoder, text: TextEncoder, temperature: Temperature):
        super().__init__()
        self.image, self.text, self.temperature = image, text, temperature
