"""Finding the reference that shows the very same thing as a photo, pixel for pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from sightline.inspection.pixels import open_photo
from sightline.inspection.reference_alignment import Floats, Pyramid, align
from sightline.inspection.reference_photos import SMALL, Reference
from sightline.inspection.reference_pixels import LARGEST, SAME_THING, Comparison, compare_pixels
from sightline.inspection.reference_pose import Pose
from sightline.inspection.reference_remembered import Remembered
from sightline.inspection.reference_threshold import PIXELS_EVEN

_ALIKE = 0.93
"""Correlation at a coarse scale below which no structure can agree pixel for pixel."""
_OTHERS = 4
_REACH = 15  # pixels of the small copy; odd
_STEPS = 12  # of a difference in a byte: up to 21 times what is allowed


@dataclass(frozen=True, eq=False)
class Usual:
    """What differs among references that show the very same thing, in multiples of the allowed.

    Attributes:
        there: float32 (height, width), the most at each pixel of the reference's small copy.
        anywhere: the most at a place where no other reference differs, either. Where that would
            make a faultless piece a defect, pixels can't tell.
    """

    there: Floats
    anywhere: float


class Twins:
    """Compares photos with the references that agree with them. Safe to share between threads."""

    def __init__(self) -> None:
        self._full_size: Remembered[Image.Image] = Remembered(2)
        self._usual: Remembered[Usual] = Remembered(64)

    def find(
        self,
        photo: Image.Image,
        small: Image.Image,
        found: Sequence[Pose],
        nearest: list[Reference],
    ) -> Comparison | None:
        """The comparison with the reference that agrees with a photo, or None if none does.

        Args:
            small: a small copy of the photo.
            found: the references that it was laid on, the best fit first.
            nearest: all references, the likeliest first.

        Raises:
            PhotoError: a reference can't be read any more.
        """
        for pose in found:
            if not _agrees(small, pose):
                continue
            comparison = self._at_full_size(photo, pose)
            fits = comparison.alignment.correlation >= _ALIKE
            if not fits or comparison.agreement < SAME_THING:
                continue
            usual = self._usual_beside(pose.reference, nearest)
            if usual is None:
                return comparison
            if usual.anywhere < PIXELS_EVEN:
                return _tolerant(comparison, usual)
        return None

    def _at_full_size(self, photo: Image.Image, pose: Pose) -> Comparison:
        one = pose.reference
        reference = one.small
        if max(photo.size) > SMALL:
            reference = self._full_size.get(one.key, lambda: open_photo(one.path).image)
        side = min(max(photo.size), max(reference.size), LARGEST)
        photo_levels, reference_levels = Pyramid(photo, side), Pyramid(reference, side)
        alignment = align(photo_levels, reference_levels, start=pose.alignment)
        return compare_pixels(photo, reference, alignment)

    def _usual_beside(self, one: Reference, nearest: list[Reference]) -> Usual | None:
        """What differs among references, or None where there is no other."""
        others = [other for other in nearest if other is not one][:_OTHERS]
        if not others:
            return None
        key = (one.key, *(other.key for other in others))
        return self._usual.get(key, lambda: _usual(one, others))


def _tolerant(comparison: Comparison, usual: Usual) -> Comparison:
    """Differences measured in those among the references, where that is more."""
    height, width = comparison.excess.shape
    there = Image.fromarray(usual.there).resize((width, height), Image.Resampling.BILINEAR)
    allowed = np.maximum(1, np.asarray(there)) * max(1.0, usual.anywhere)
    return replace(comparison, excess=comparison.excess / allowed)


def _agrees(small: Image.Image, pose: Pose) -> bool:
    """A quick look at small copies, before all pixels are compared."""
    if pose.alignment.correlation < _ALIKE:
        return False
    found = compare_pixels(small, pose.reference.small, pose.alignment)
    return found.agreement >= SAME_THING


def _usual(one: Reference, others: list[Reference]) -> Usual:
    """How other references that show the very same thing differ from one."""
    maps = [_differences(one, other) for other in others]
    known = [found for found in maps if found is not None]
    if not known:
        return Usual(np.zeros((one.small.height, one.small.width), np.float32), 0.0)
    anywhere = 0.0
    for at, own in enumerate(known):
        rest = known[:at] + known[at + 1 :]
        if rest:  # leave one out: what would be a difference, had this one been the photo?
            anywhere = max(anywhere, float((own / np.maximum(1, _spread(rest))).max()))
    return Usual(_spread(known), anywhere)


def _differences(one: Reference, other: Reference) -> Floats | None:
    comparison = compare_pixels(other.small, one.small)
    shape = (one.small.height, one.small.width)
    if comparison.agreement < SAME_THING or comparison.excess.shape != shape:
        return None
    return comparison.excess


def _spread(maps: list[Floats]) -> Floats:
    """The largest of several maps at each pixel, and round about it."""
    most = np.clip(np.max(maps, axis=0) * _STEPS, 0, 255).astype(np.uint8)
    wide = Image.fromarray(most).filter(ImageFilter.MaxFilter(_REACH))
    return np.asarray(np.asarray(wide) / _STEPS, dtype=np.float32)
