"""Pixel against pixel, where a reference shows the very same thing: finds what patches can't see.

A photo is laid on the reference, its light is matched, and a pixel counts as different only if no
pixel of the other picture within a small step has its level: the photo against the reference and
the reference against the photo, so that what is added and what is missing both show. Each
difference is measured in what the reference itself makes likely there: an edge allows more.

Whether a reference is good enough for this is measured, not told: nearly all of its structure must
be found again in the photo (`Comparison.agreement`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from sightline.inspection.reference_alignment import Alignment, Floats, Pyramid, align

LARGEST = 2048
"""Longest side, in pixels, at which pixels are compared: a memory of 4 megapixels at most."""
SAME_THING = 0.8
"""Agreement from which a reference shows the very same thing. Shots and twins of one board have
.87 and more; two pieces of a kind, turned to lie alike, .76 at most."""
SHOWN_EXCESS = 1.3
"""Multiple of what is allowed from which a difference is told."""
_STEP = 2
"""Pixels that a structure may be shifted without being different."""
_LEVELS = 14.0
"""Grey levels of 255 that never make a difference: JPEG at 90 and a camera's noise stay below."""
_OF_CONTRAST = 0.3
"""Share of the local contrast that an edge may differ by."""
_STRUCTURE = 40
"""Local contrast, in grey levels, from which a place has structure that can be found again."""
_LIGHT = 16
"""Cells along the long side in which the light is matched."""

_WELL = 0.5
_NEARLY_ALL = 0.97
_TELLING = 0.01
_FEWEST_CELLS = 6
_MOST_DIFFERENT = 0.12
_CLEARLY = 1.15
"""Multiple of what is allowed from which a cell differs: noise, dimming, a shift and JPEG together
make up to 1.1 of a clean twin, in one cell of twelve."""

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Comparison:
    """A photo against one reference, on the reference's pixels.

    Attributes:
        excess: float32 (height, width), how much larger a difference is than what is allowed
            there, in multiples; 1 is as much as allowed.
        agreement: share of the reference's structure that the photo shows as well, 0 to 1.
        alignment: where the reference's points lie on the photo.
    """

    excess: Floats
    agreement: float
    alignment: Alignment


def compare_pixels(
    photo: Image.Image,
    reference: Image.Image,
    alignment: Alignment | None = None,
) -> Comparison:
    """Lay a photo on a reference and measure what differs.

    Args:
        alignment: where the photo lies on the reference, if that is known.
    """
    side = min(max(photo.size), max(reference.size), LARGEST)
    if alignment is None:
        alignment = align(Pyramid(photo, side), Pyramid(reference, side))
    ratio = side / max(reference.size)
    size = (max(1, round(reference.width * ratio)), max(1, round(reference.height * ratio)))
    theirs = np.asarray(reference.resize(size, Image.Resampling.BOX), dtype=np.uint8)
    ours = np.asarray(alignment.warp(photo, size), dtype=np.uint8)
    known = alignment.inside(size, photo.size)
    theirs = _in_the_light_of(ours, theirs, known)
    low, high = _lowest(theirs), _highest(theirs)
    contrast = _strongest(high - low)
    difference = np.maximum(
        _outside(ours, low, high), _outside(theirs, _lowest(ours), _highest(ours))
    )
    shown = _eroded(known)
    # A single pixel is noise; a difference is a place of several.
    excess = _mean3(difference.astype(np.float32)) / (_LEVELS + _OF_CONTRAST * contrast)
    excess *= shown
    structured = (contrast >= _STRUCTURE) & shown
    return Comparison(excess, _agreement(excess, structured), alignment)


def _agreement(excess: Floats, structured: npt.NDArray[np.bool_]) -> float:
    """Share of the cells with structure in which nearly all of it agrees within half of what is
    allowed. By cells, because one large defect must not make a good reference look like a bad one.
    Nothing agrees where differences lie all over the picture: such is a surface that is brushed,
    grained or baked anew in each piece.
    """
    cell = max(8, max(excess.shape) // _LIGHT)
    rows, columns = excess.shape[0] // cell, excess.shape[1] // cell

    def cells(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        cut = mask[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell)
        return np.asarray(cut.sum(axis=(1, 3), dtype=np.int64))

    if (cells(excess >= _CLEARLY) > 0).mean() > _MOST_DIFFERENT:
        return 0.0
    much = cells(structured)
    same = cells(structured & (excess < _WELL))
    telling = much >= _TELLING * cell**2
    if telling.sum() < _FEWEST_CELLS:
        return 0.0
    return float((same[telling] >= _NEARLY_ALL * much[telling]).mean())


def _in_the_light_of(photo: Bytes, reference: Bytes, known: npt.NDArray[np.bool_]) -> Bytes:
    """The reference as it would look in the photo's light: a gain, an offset, a slow field.

    Each channel by itself. What is fitted are means of large cells, most of which have no defect,
    and the field is capped, so that no defect is taken for light.
    """
    cell = max(4, max(known.shape) // _LIGHT)
    size = (max(1, known.shape[1] // cell), max(1, known.shape[0] // cell))
    seen = _shrunk(known.astype(np.float32), size) > 0.9
    if seen.sum() < 4:
        return reference
    lit = np.empty_like(reference)
    for channel in range(3):
        ours, theirs = photo[..., channel], reference[..., channel]
        small, target = _shrunk(theirs, size), _shrunk(ours, size)
        gain, offset = _line(small[seen], target[seen])
        field = np.where(seen, target - gain * small - offset, 0)
        field = np.clip(_median3(field), -24, 24).astype(np.float32)
        height, width = known.shape
        slow = Image.fromarray(field).resize((width, height), Image.Resampling.BILINEAR)
        lit[..., channel] = np.clip(gain * theirs + offset + np.asarray(slow), 0, 255).round()
    return lit


def _line(x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Gain and offset that most cells agree on: least squares, the farthest cells left out."""
    gain, offset = 1.0, float(np.median(y - x))
    for _ in range(3):
        rest = np.abs(y - gain * x - offset)
        near = rest <= 2.5 * np.median(rest) + 0.5
        if np.ptp(x[near]) < 20:  # no range of levels: only the offset can be told
            return 1.0, float(np.median(y - x))
        gain, offset = (float(value) for value in np.polyfit(x[near], y[near], 1))
    return (gain, offset) if 0.5 < gain < 2 else (1.0, float(np.median(y - x)))


def _outside(levels: Bytes, low: Bytes, high: Bytes) -> Bytes:
    """How far levels lie outside a range; the largest of the channels."""
    above = np.subtract(levels, np.minimum(levels, high))
    below = np.subtract(np.maximum(levels, low), levels)
    return _strongest(np.maximum(above, below))


def _strongest(levels: Bytes) -> Bytes:
    """The largest of the three channels; by `max(axis=2)` this would take ten times as long."""
    return np.asarray(np.maximum(np.maximum(levels[..., 0], levels[..., 1]), levels[..., 2]))


def _lowest(levels: Bytes) -> Bytes:
    return _extreme(levels, np.minimum)


def _highest(levels: Bytes) -> Bytes:
    return _extreme(levels, np.maximum)


def _extreme(levels: Bytes, better: np.ufunc) -> Bytes:
    """The lowest or highest level within a step, row by row and then column by column."""
    for axis in (0, 1):
        source = np.moveaxis(levels, axis, 0)
        result = source.copy()
        for step in range(1, _STEP + 1):
            better(result[step:], source[:-step], out=result[step:])
            better(result[:-step], source[step:], out=result[:-step])
        levels = np.moveaxis(result, 0, axis)
    return levels


def _eroded(known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Pixels all of whose neighbours within two steps are known, the picture's rim left out."""
    whole = _lowest(known.astype(np.uint8)[..., None])[..., 0] > 0
    rim = 2 * _STEP
    inner = np.zeros_like(whole)
    inner[rim : -rim or None, rim : -rim or None] = whole[rim : -rim or None, rim : -rim or None]
    return inner


def _mean3(values: Floats) -> Floats:
    """The mean over 3 × 3 pixels."""
    for axis in (0, 1):
        source = np.moveaxis(values, axis, 0)
        total = source.copy()
        total[1:] += source[:-1]
        total[:-1] += source[1:]
        values = np.asarray(np.moveaxis(total, 0, axis) / 3, dtype=np.float32)
    return values


def _median3(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    padded = np.pad(values, 1, mode="edge")
    height, width = values.shape
    around = [padded[i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.asarray(np.median(around, axis=0))


def _shrunk(values: npt.NDArray[np.generic], size: tuple[int, int]) -> Floats:
    image = Image.fromarray(np.asarray(values, dtype=np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float32)
