"""Where in a photo the product is, if it lies on a plain background.

The background is what the photo's border shows. Crumbs beside a cookie, dust and reflections on
the table are no part of the product, and what lies there is no defect of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from sightline.inspection.reference_boxes import components

Floats = npt.NDArray[np.float32]

_SIDE = 96
_BORDER = 4
_LEAST_TOLERANCE = 24.0  # grey levels
_MOST_TOLERANCE = 80.0
_PLAIN = 0.7
_PART = 0.05


def foreground(image: Image.Image, cells: int) -> Floats | None:
    """The share of each cell that the product covers, float32 (cells, cells).

    Returns:
        None where the border is not plain (several colours, or the product reaches it): then the
        whole photo counts.
    """
    mask = _product(image)
    if mask is None or not mask.any():
        return None
    closed = Image.fromarray(_filtered(mask, closed=4).astype(np.float32))
    return np.asarray(closed.resize((cells, cells), Image.Resampling.BOX), dtype=np.float32)


def covered(image: Image.Image) -> float | None:
    """The share of the picture that the product covers, 0 to 1; 0 where nothing lies on a plain
    background, None where the border is not plain.
    """
    mask = _product(image)
    return None if mask is None else float(mask.mean())


def _product(image: Image.Image) -> npt.NDArray[np.bool_] | None:
    """Where the product is, bool (side, side), or None where the border is not plain."""
    pixels = np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float32)
    border = np.ones((_SIDE, _SIDE), dtype=np.bool_)
    border[_BORDER:-_BORDER, _BORDER:-_BORDER] = False
    distance = np.abs(pixels - np.median(pixels[border], axis=0)).max(axis=-1)
    tolerance = max(_LEAST_TOLERANCE, 4 * float(np.median(distance[border])))
    plain = float((distance[border] <= tolerance).mean())
    if plain < _PLAIN or tolerance > _MOST_TOLERANCE:
        return None
    mask = _filtered(distance > tolerance, opened=1)
    parts = components(mask)
    largest = max((part.sum() for part in parts), default=0)
    kept = [part for part in parts if part.sum() >= _PART * largest]
    return np.asarray(np.any(kept, axis=0)) if kept else mask


def _filtered(
    mask: npt.NDArray[np.bool_], opened: int = 0, closed: int = 0
) -> npt.NDArray[np.bool_]:
    """Without specks of up to `opened` pixels' radius, or without gaps of `closed`."""
    image = Image.fromarray(np.pad(mask, 2 * _BORDER).astype(np.uint8))
    smallest, largest = ImageFilter.MinFilter(3), ImageFilter.MaxFilter(3)
    order = [smallest, largest] if opened else [largest, smallest]
    for step in order:
        for _ in range(opened or closed):
            image = image.filter(step)
    inner = slice(2 * _BORDER, -2 * _BORDER)
    return np.asarray(image)[inner, inner] > 0
