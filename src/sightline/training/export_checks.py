"""What an export is checked on, and held to: photos and captions, cosines, recall.

The same photos also say how likely a cosine is: the probabilities of a model are fitted to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sightline.encoders.spec import Calibration
from sightline.errors import ModelError
from sightline.photos.pixels import PixelRecipe
from sightline.photos.read import read_photo
from sightline.training.calibrate import calibrate
from sightline.training.captions import CaptionedPhoto
from sightline.training.dual_encoder import DualEncoder
from sightline.training.export_graphs import (
    IMAGE_FILE,
    TEXT_FILE,
    Vectors,
    embed_pixels,
    embed_tokens,
)
from sightline.training.features import padded
from sightline.training.retrieval import Recall, text_to_image

LEAST_COSINE = 0.9999
"""Of a float graph's embeddings with torch's: below it something was exported wrongly."""

MOST_LOST = 0.01
"""Of recall@10 to 8-bit weights, on any dev set."""

CONTEXT = 64
"""Longest sentence in tokens, specials included. The longest caption we know has 42."""

Fit = Literal["squash", "crop"]


@dataclass(frozen=True)
class DevSet:
    """Captioned photos, ready for both towers.

    pixels: uint8 (photos, size, size, 3).
    tokens: ids of each caption. photo_of: for each caption, the row of its photo.
    """

    name: str
    pixels: NDArray[np.uint8]
    tokens: tuple[tuple[int, ...], ...]
    photo_of: tuple[int, ...]

    @classmethod
    def read(
        cls,
        name: str,
        photos: Sequence[CaptionedPhoto],
        tokenizer: Tokenizer,
        size: int,
        *,
        context: int = CONTEXT,
        fit: Fit = "squash",
    ) -> "DevSet":
        """Decode the photos and cut the captions into tokens."""
        recipe = PixelRecipe(size, fit=fit, resample="bicubic")
        captions = [(row, text) for row, photo in enumerate(photos) for text in photo.captions]
        encodings = tokenizer.encode_batch([text for _, text in captions])
        return cls(
            name,
            np.stack([read_photo(photo.path, recipe).pixels for photo in photos]),
            tuple(tuple(encoding.ids[:context]) for encoding in encodings),
            tuple(row for row, _ in captions),
        )


@dataclass(frozen=True)
class Loss:
    """Recall of a dev set with float graphs and with the graphs that ship."""

    name: str
    in_float: Recall
    shipped: Recall


def check_parity(encoder: DualEncoder, folder: Path, dev: DevSet) -> tuple[float, float]:
    """The lowest cosines of float graphs with torch: (image, text).

    Raises:
        ModelError: one of them is under `LEAST_COSINE`.
    """
    pixels, tokens = dev.pixels[:8], dev.tokens[:32]
    ids, mask = padded(tokens)
    with torch.inference_mode():
        images = encoder.image(torch.from_numpy(pixels)).numpy()
        texts = encoder.text(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    lowest = (
        float((images * embed_pixels(folder / IMAGE_FILE, pixels)).sum(axis=1).min()),
        float((texts * embed_tokens(folder / TEXT_FILE, tokens)).sum(axis=1).min()),
    )
    for tower, cosine in zip(("image", "text"), lowest, strict=True):
        if not cosine >= LEAST_COSINE:
            raise ModelError(
                f"The exported {tower} graph disagrees with torch: cosine {cosine:.6f}, "
                f"expected at least {LEAST_COSINE}. Nothing was written."
            )
    return lowest


def check_losses(losses: Sequence[Loss], most_lost: float = MOST_LOST) -> None:
    """Hold the small graphs to the float ones.

    Raises:
        ModelError: recall@10 fell by more than `most_lost` on a dev set.
    """
    for loss in losses:
        lost = loss.in_float.at_10 - loss.shipped.at_10
        if lost > most_lost:
            raise ModelError(
                f"8-bit weights cost {lost:.3f} of recall@10 on {loss.name}: {loss.in_float} "
                f"before, {loss.shipped} after. Nothing was written."
            )


@dataclass(frozen=True)
class Embedded:
    """A dev set through one pair of graphs."""

    images: Vectors
    texts: Vectors
    photo_of: tuple[int, ...]

    @property
    def recall(self) -> Recall:
        """Text→image, over the set's own photos."""
        return text_to_image(self.texts, self.images, self.photo_of)


def embedded(folder: Path, dev: DevSet) -> Embedded:
    """A dev set through the graphs of a folder."""
    return Embedded(
        embed_pixels(folder / IMAGE_FILE, dev.pixels),
        embed_tokens(folder / TEXT_FILE, dev.tokens),
        dev.photo_of,
    )


def fitted_calibration(dev_sets: Sequence[DevSet], shipped: Sequence[Embedded]) -> Calibration:
    """Scale and bias of probabilities, over all dev sets as one gallery."""
    offsets = np.cumsum([0, *(len(part.images) for part in shipped)])[:-1]
    return calibrate(
        np.concatenate([part.texts for part in shipped]),
        np.concatenate([part.images for part in shipped]),
        np.concatenate(
            [np.add(part.photo_of, at) for part, at in zip(shipped, offsets, strict=True)]
        ),
        "captions and photos of " + ", ".join(dev.name for dev in dev_sets),
    )
