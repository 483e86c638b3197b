"""Other photos of the same thing: crops, mirror images, other light, less sharpness.

Nothing here may make a caption wrong. A photo whose caption names a side, or that shows writing, is
never mirrored; colours are shifted within what cameras do, and only a crop of most of the photo is
taken, so that what the caption speaks of is likely still there.
"""

import re
from collections.abc import Sequence
from math import ceil, exp, log, sqrt
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from PIL import Image, ImageEnhance, ImageFilter

from sightline.training.captions import names_a_side

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Share = Annotated[float, Meta(ge=0, le=1)]

_WRITING = re.compile(
    r"\b(?:sign(?:s|post|board)?|text|letter(?:s|ing)?|writ(?:e|es|ing|ten)|word|words|say(?:s|ing)|"
    r"reads|receipts?|newspapers?|magazines?|posters?|labels?|labell?ed|logos?|numbers?|"
    r"numbered|digits?|clocks?|dials?|keyboards?|license|licence|maps?|menus?|banners?|graffiti|"
    r"billboards?|scoreboards?|books?|calendars?)\b|[\"“”]",
    re.IGNORECASE,
)


class Augmentation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done to photos while training; by default nothing.

    Attributes:
        crop: the smallest part of the photo's area that a random crop keeps; 1 keeps all of it.
        stretch: how far a crop's shape may differ from the photo's, 1 being not at all.
        mirror: the share of photos that are mirrored, where no caption forbids it.
        jitter: how far brightness, contrast and colour may go: .3 is 0.7 to 1.3 times.
        grey, blur: the shares of photos made grey, and blurred.
    """

    crop: Annotated[float, Meta(gt=0, le=1)] = 1.0
    stretch: Annotated[float, Meta(ge=1, le=2)] = 1.0
    mirror: Share = 0.0
    jitter: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    grey: Share = 0.0
    blur: Share = 0.0

    def canvas(self, size: int) -> int:
        """The side at which a photo is decoded, so that its smallest crop still has `size`."""
        return min(2 * size, ceil(size / sqrt(self.crop)))


def augment(
    canvas: Pixels,
    size: int,
    captions: Sequence[str],
    settings: Augmentation,
    draw: np.random.Generator,
) -> Pixels:
    """One variation of a photo: uint8 (canvas, canvas, 3) → uint8 (size, size, 3).

    Args:
        captions: all of the photo's; they decide whether it may be mirrored.
        draw: where all chance comes from; the same state gives the same picture.
    """
    image = Image.fromarray(canvas)
    image = _cropped(image, size, settings, draw)
    if draw.random() < settings.mirror and not any(map(forbids_mirror, captions)):
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = _jittered(image, settings.jitter, draw)
    if draw.random() < settings.grey:
        image = image.convert("L").convert("RGB")
    if draw.random() < settings.blur:
        image = image.filter(ImageFilter.GaussianBlur(draw.uniform(0.1, 2.0) * size / 224))
    return np.asarray(image)


def forbids_mirror(caption: str) -> bool:
    """Whether a mirror image would be wrong: the caption names a side, or speaks of writing."""
    return names_a_side(caption) or _WRITING.search(caption) is not None


def _cropped(
    image: Image.Image, size: int, settings: Augmentation, draw: np.random.Generator
) -> Image.Image:
    """A random part of the image, resized to the square (Szegedy et al. 2014, arXiv:1409.4842)."""
    side = image.width
    area = draw.uniform(settings.crop, 1.0)
    shape = exp(draw.uniform(-log(settings.stretch), log(settings.stretch)))
    width = min(1.0, sqrt(area * shape)) * side
    height = min(1.0, sqrt(area / shape)) * side
    left, top = draw.uniform(0, side - width), draw.uniform(0, side - height)
    if (width, height, side) == (side, side, size):
        return image
    box = (left, top, left + width, top + height)
    return image.resize((size, size), Image.Resampling.BICUBIC, box)


def _jittered(image: Image.Image, most: float, draw: np.random.Generator) -> Image.Image:
    """Brightness, contrast and colour, each by a factor of its own."""
    factors = draw.uniform(1 - most, 1 + most, size=3)
    if most == 0:
        return image
    for enhance, factor in zip(
        (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color), factors, strict=True
    ):
        image = enhance(image).enhance(float(factor))
    return image
