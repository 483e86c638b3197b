"""Whether there is anything to be seen on a picture, before it is compared with others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]

LEAST_SIDE = 32
"""Pixels along the shorter side: below, the 28 × 28 places that are compared hold no pixel each."""
_GRID = 64
_LEAST_RANGE = 4.0
"""Grey levels of 255 between the darkest and the lightest of 64 × 64 places, in any colour."""
_FAINT = 0.2
"""Share of the references' contrast. Of the selection photos, the faintest (a figure of which most
is missing) has .63 of the contrast of the faultless ones."""

_EMPTY = 0.1
"""Share of the references' product. A figure of the selection photos of which most is
missing has .35."""


def fault(image: Image.Image) -> str:
    """Why nothing can be seen on an upright RGB picture, in words that follow its name.

    Empty where there is something.
    """
    if min(image.size) < LEAST_SIDE:
        return (
            f"has {image.width} × {image.height} pixels, and nothing can be told from fewer than "
            f"{LEAST_SIDE} along a side"
        )
    levels = _levels(image)
    if float((levels.max(axis=(0, 1)) - levels.min(axis=(0, 1))).max()) < _LEAST_RANGE:
        return "has the same colour everywhere"
    return ""


def contrast(image: Image.Image) -> float:
    """Standard deviation of 64 × 64 places in grey levels; that of the colour that varies most."""
    return float(_levels(image).std(axis=(0, 1)).max())


def is_empty(covered: float | None, of_references: Sequence[float | None]) -> bool:
    """Whether next to nothing lies on a plain background where the references have a product.

    Args:
        covered: share of the picture that the product covers, None where that can't be told.
    """
    known = [share for share in of_references if share]
    if covered is None or 2 * len(known) <= len(of_references):
        return False
    return covered < _EMPTY * float(np.median(known))


def is_faint(image: Image.Image, of_references: Sequence[float]) -> bool:
    """Whether a picture has hardly any of the contrast of the references: no light, a lens cap, a
    sheet of paper. No defect takes so much.
    """
    return contrast(image) < _FAINT * float(np.median(of_references))


def _levels(image: Image.Image) -> Floats:
    """The picture in 64 × 64 places, float32 (64, 64, 3): the noise of pixels is evened out."""
    return np.asarray(image.resize((_GRID, _GRID), Image.Resampling.BOX), dtype=np.float32)
