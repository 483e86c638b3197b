"""Two towers that meet in one space.

::

    pixels (n, 224, 224, 3)               ids, mask (n, length)
          │ normalise                            │
    EfficientNetLite                          MiniLM
          │ (n, 1280), or more with levels       │ (n, 384)
    Projection                             Projection
          │ (n, 384), unit rows                  │ (n, 384), unit rows
          └────────── cosine × scale ────────────┘

The sizes are those of the bundled model; `DualEncoderConfig` says them for any other.
"""

import math
from typing import Annotated, Literal

import msgspec
import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.nn import functional

from sightline.training.conv_tower import GROUPS, ConvNet
from sightline.training.image_tower import EfficientNetLite, check_levels, normalise
from sightline.training.pretrained import load_image_tower, load_text_tower
from sightline.training.text_tower import MiniLM, TextConfig

DIMENSIONS = 384
"""Length of an embedding of the bundled model."""

SCALE_LIMIT = 100.0
"""CLIP's cap on 1 / temperature: beyond it a batch is only its hardest pair."""

ImageTower = EfficientNetLite | ConvNet
Share = Annotated[float, Meta(ge=0, lt=1)]


class DualEncoderConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sizes of a dual encoder; the defaults are the bundled model's.

    Attributes:
        image: the image tower: EfficientNet-Lite 0 or 2, or a small network to learn from scratch.
        image_levels: blocks of an EfficientNet whose output is read beside its last grid.
        image_width: channels of the small network's first stage; the others have a fixed width.
        image_published: begin with ImageNet weights rather than with random ones.
        size: side of the square input in pixels.
        fit: how a photo of any shape becomes that square, as in `encoders.spec.ImageSpec`.
        text: sizes of the text tower.
        text_published: begin with MiniLM's weights and tokenizer. Otherwise from random weights,
            with a tokenizer made of the training captions.
        context: the longest sentence in tokens, specials included.
        dimensions: length of an embedding.
        image_hidden, text_hidden: width of each projection's inner layer.
        image_dropout, text_dropout: of the features, and of that layer.
        temperature: where the softmax's temperature starts; it is learned.
        bias: where the sigmoid loss's bias starts; None for a model without one.
    """

    image: Literal["lite0", "lite2", "conv"] = "lite0"
    image_levels: tuple[Annotated[int, Meta(ge=0, le=100)], ...] = ()
    image_width: Annotated[int, Meta(ge=GROUPS, le=512, multiple_of=GROUPS)] = 32
    image_published: bool = True
    size: Annotated[int, Meta(ge=16, le=1024)] = 224
    fit: Literal["squash", "crop"] = "squash"
    text: TextConfig = TextConfig()
    text_published: bool = True
    context: Annotated[int, Meta(ge=4, le=1024)] = 64
    dimensions: Annotated[int, Meta(ge=2, le=8192)] = DIMENSIONS
    image_hidden: Annotated[int, Meta(ge=1, le=65_536)] = 512
    text_hidden: Annotated[int, Meta(ge=1, le=65_536)] = 512
    image_dropout: tuple[Share, Share] = (0.0, 0.0)
    text_dropout: tuple[Share, Share] = (0.0, 0.0)
    temperature: Annotated[float, Meta(gt=0, le=1)] = 0.07
    bias: float | None = None

    def __post_init__(self) -> None:
        if self.context > self.text.positions:
            raise ValueError(
                f"a context of {self.context} needs as many text.positions, not "
                f"{self.text.positions}"
            )
        if self.image != "conv":
            check_levels(self.image, self.image_levels)
        elif self.image_levels:
            raise ValueError("conv has no levels to read beside its last grid: leave them out")
        if self.image == "conv" and self.image_published:
            raise ValueError("nobody published weights for conv: set image_published = false")
        if self.text_published and self.text != TextConfig():
            raise ValueError("published text weights have sizes of their own: leave text out")


class Projection(nn.Module):
    """A tower's features → the common space: a linear map plus what a small network corrects.

    (n, inputs) → unit rows (n, dimensions). `dropout`: of the features, and of the hidden layer.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        *,
        dropout: tuple[float, float] = (0.0, 0.0),
        dimensions: int = DIMENSIONS,
    ):
        super().__init__()
        before, inside = dropout
        self.drop = nn.Dropout(before)
        self.straight = nn.Linear(inputs, dimensions)
        self.correction = nn.Sequential(
            nn.LayerNorm(inputs),
            nn.Linear(inputs, hidden),
            nn.GELU(),
            nn.Dropout(inside),
            nn.Linear(hidden, dimensions),
        )

    def forward(self, features: Tensor) -> Tensor:
        features = self.drop(features)
        return functional.normalize(self.straight(features) + self.correction(features), dim=-1)


class Temperature(nn.Module):
    """The learned sharpness of the comparison, kept as a logarithm so that it stays positive.

    `bias`: what the sigmoid loss adds to each logit (SigLIP), learned too; a softmax needs none.
    """

    def __init__(self, initial: float = 0.07, bias: float | None = None):
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / initial)))
        self.bias = None if bias is None else nn.Parameter(torch.tensor(float(bias)))

    def forward(self) -> Tensor:
        """1 / temperature, at most `SCALE_LIMIT`."""
        return self.log_scale.exp().clamp(max=SCALE_LIMIT)


class ImageEncoder(nn.Module):
    """uint8 pixels (n, size, size, 3) RGB → embeddings, unit rows (n, dimensions)."""

    def __init__(self, tower: ImageTower, projection: Projection):
        super().__init__()
        self.tower, self.projection = tower, projection

    def forward(self, pixels: Tensor) -> Tensor:
        y: Tensor = self.projection(self.tower(normalise(pixels)))
        return y


class TextEncoder(nn.Module):
    """Token ids and mask, int64 (n, length) → embeddings, unit rows (n, dimensions)."""

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

    @classmethod
    def from_random(cls, config: DualEncoderConfig) -> "DualEncoder":
        """All weights from torch's random generator, whatever `config` calls published."""
        if config.image == "conv":
            image: ImageTower = ConvNet(config.size, config.image_width)
        else:
            image = EfficientNetLite(config.image, levels=config.image_levels)
        return cls._join(image, MiniLM(config.text), config)

    @classmethod
    def to_train(cls, config: DualEncoderConfig) -> "DualEncoder":
        """Towers with published weights where `config` wants them; the rest from random ones.

        Raises:
            ModelError: a package with published weights isn't installed.
        """
        model = cls.from_random(config)
        if config.image != "conv" and config.image_published:
            model.image.tower = load_image_tower(config.image, config.size, config.image_levels)
        if config.text_published:
            model.text.tower = load_text_tower()
        return model

    @classmethod
    def _join(cls, image: ImageTower, text: MiniLM, config: DualEncoderConfig) -> "DualEncoder":
        image.size = config.size
        return cls(
            ImageEncoder(
                image,
                Projection(
                    image.features,
                    config.image_hidden,
                    dropout=config.image_dropout,
                    dimensions=config.dimensions,
                ),
            ),
            TextEncoder(
                text,
                Projection(
                    config.text.width,
                    config.text_hidden,
                    dropout=config.text_dropout,
                    dimensions=config.dimensions,
                ),
            ),
            Temperature(config.temperature, config.bias),
        )
