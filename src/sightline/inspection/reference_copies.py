"""Slightly changed copies of a reference, where there are too few to compare with each other."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageEnhance


def changed_copies(image: Image.Image) -> list[Image.Image]:
    """The same piece as another photo might show it: turned by 4°, shifted and scaled by a few
    hundredths, a tenth brighter or darker, flatter.
    """
    return [
        ImageEnhance.Brightness(_moved(image, 4, 1.0, 0.02, 0.0)).enhance(1.1),
        ImageEnhance.Brightness(_moved(image, -4, 1.0, 0.0, 0.03)).enhance(0.9),
        ImageEnhance.Contrast(_moved(image, 0, 1.04, -0.03, 0.01)).enhance(0.9),
        _moved(image, 0, 0.97, 0.01, -0.03),
    ]


def _moved(
    image: Image.Image, degrees: float, scale: float, right: float, down: float
) -> Image.Image:
    """The picture turned about its middle, enlarged and shifted; its rim goes on outwards."""
    width, height = image.size
    margin = max(1, round(0.15 * max(image.size)))
    pixels = np.pad(np.asarray(image), ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    angle = np.radians(degrees)
    cosine, sine = np.cos(angle) / scale, np.sin(angle) / scale
    middle = (width / 2 + margin, height / 2 + margin)
    across = middle[0] + right * width - cosine * width / 2 - sine * height / 2
    along = middle[1] + down * height + sine * width / 2 - cosine * height / 2
    return Image.fromarray(pixels).transform(
        (width, height),
        Image.Transform.AFFINE,
        (cosine, sine, across, -sine, cosine, along),
        Image.Resampling.BILINEAR,
    )
