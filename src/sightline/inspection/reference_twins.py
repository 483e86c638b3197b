"""Finding the reference that shows the very same thing as a photo, pixel for pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter

from sightline.inspection.pixels import open_photo
from sightline.inspection.reference_alignment import Alignment, Floats, Pyramid, align
from sightline.inspection.reference_pixels import LARGEST, SAME_THING, Comparison, compare_pixels
from sightline.inspection.reference_set import SMALL, Reference, ReferenceSet, Remembered

_TRIED = 3
_COARSE = 256
_ALIKE = 0.93
"""Correlation at a coarse scale below which no structure can agree pixel for pixel."""
_OTHERS = 4
_REACH = 9  # pixels of the small copy; odd


class Twins:
    """Compares photos with the references that agree with them. Safe to share between threads."""

    def __init__(self) -> None:
        self._full_size: Remembered[Image.Image] = Remembered(2)
        self._varying: Remembered[Floats] = Remembered(64)

    def find(
        self, photo: Image.Image, vector: Floats, references: ReferenceSet
    ) -> Comparison | None:
        """The comparison with the reference that agrees with a photo, or None if none does.

        Args:
            vector: the photo's embedding; the references nearest to it are tried.

        Raises:
            PhotoError: a reference can't be read any more.
        """
        small = photo.copy()
        small.thumbnail((SMALL, SMALL), Image.Resampling.BICUBIC)
        nearest = sorted(references.members, key=lambda one: -float(one.vector @ vector))
        found = [
            (one, alignment) for one in nearest[:_TRIED] for alignment in _agreeing(small, one)
        ]
        if not found:
            return None
        one, start = max(found, key=lambda pair: pair[1].correlation)
        comparison = self._at_full_size(photo, one, start)
        if comparison.agreement < SAME_THING or comparison.alignment.correlation < _ALIKE:
            return None
        return self._tolerant(comparison, one, nearest)

    def _at_full_size(self, photo: Image.Image, one: Reference, start: Alignment) -> Comparison:
        reference = one.small
        if max(photo.size) > SMALL:
            reference = self._full_size.get(one.key, lambda: open_photo(one.path).image)
        side = min(max(photo.size), max(reference.size), LARGEST)
        alignment = align(Pyramid(photo, side), Pyramid(reference, side), start=start)
        return compare_pixels(photo, reference, alignment)

    def _tolerant(
        self, comparison: Comparison, one: Reference, nearest: list[Reference]
    ) -> Comparison:
        """Differences measured in what differs among the references there, where that is more."""
        others = [other for other in nearest if other is not one][:_OTHERS]
        if not others:
            return comparison
        key = (one.key, *(other.key for other in others))
        varying = self._varying.get(key, lambda: _varying(one, others))
        height, width = comparison.excess.shape
        allowed = Image.fromarray(varying).resize((width, height), Image.Resampling.BILINEAR)
        return replace(comparison, excess=comparison.excess / np.maximum(1, np.asarray(allowed)))


def _agreeing(small: Image.Image, one: Reference) -> list[Alignment]:
    """A quick look at small copies, before all pixels are compared: where one lies on the other,
    or nothing.
    """
    photo, reference = Pyramid(small, max(small.size)), Pyramid(one.small, max(one.small.size))
    alignment = align(photo, reference, _COARSE)
    if alignment.correlation < _ALIKE:
        return []
    if compare_pixels(small, one.small, alignment).agreement < SAME_THING:
        return []
    return [alignment]


def _varying(one: Reference, others: list[Reference]) -> Floats:
    """How much other references of the very same thing differ from one, and round about there."""
    found = np.zeros((one.small.height, one.small.width), np.float32)
    for other in others:
        comparison = compare_pixels(other.small, one.small)
        if comparison.agreement >= SAME_THING and comparison.excess.shape == found.shape:
            found = np.maximum(found, comparison.excess)
    wide = Image.fromarray(np.clip(found * 16, 0, 255).astype(np.uint8))
    wide = wide.filter(ImageFilter.MaxFilter(_REACH))
    return np.asarray(wide, dtype=np.float32) / 16
