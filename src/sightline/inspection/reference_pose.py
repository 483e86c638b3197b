"""How the piece on a photo lies, compared with those on the references.

How a piece lies is no defect, but to patches that were never seen at this angle it looks like one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from sightline.inspection.reference_alignment import Alignment, align, pyramid_of
from sightline.inspection.reference_photos import Reference

_SIDE = 256
_TRIED = 3
_ALIKE = 0.8
"""Correlation from which two pieces certainly lie alike; two toys in one pose have .96, two
cookies turned to lie alike .84."""
_TURNED = 0.12
"""Part of a map that differs from leaving the photo as it lies: a turn by 7°, a scale of 1.12."""


@dataclass(frozen=True, eq=False)
class Pose:
    """A reference and where its points lie on the photo, as far as small copies tell."""

    reference: Reference
    alignment: Alignment


@dataclass(frozen=True, eq=False)
class Straightened:
    """A photo as it would look in a reference's pose.

    Attributes:
        image: the photo, laid on the reference; what it doesn't show has the colour of its border.
        shown: bool (cells, cells), the cells of a grid over `image` that the photo shows.
        alignment: from the reference's points to the photo's.
    """

    image: Image.Image
    shown: npt.NDArray[np.bool_]
    alignment: Alignment


def poses(small: Image.Image, nearest: Sequence[Reference]) -> list[Pose]:
    """Lay a small copy of a photo on the references most like it; the best fit first.

    Args:
        nearest: references, the likeliest first; a few of them are tried.
    """
    photo = pyramid_of(small)
    found = [Pose(one, align(photo, one.pyramid, _SIDE)) for one in nearest[:_TRIED]]
    return sorted(found, key=lambda pose: -pose.alignment.correlation)


def straightened(photo: Image.Image, pose: Pose, cells: int) -> Straightened | None:
    """Lay a photo like a reference, if it is turned or scaled at all.

    Args:
        cells: along each edge of `shown`.

    Returns:
        None where it doesn't fit the reference, or lies like it already.
    """
    alignment = pose.alignment
    apart = float(np.abs(alignment.matrix[:, :2] - np.eye(2)).max())
    if alignment.correlation < _ALIKE or apart < _TURNED:
        return None
    size = pose.reference.small.size
    border = np.asarray(photo)[[0, -1]].reshape(-1, 3)
    red, green, blue = (int(level) for level in np.median(border, axis=0))
    laid = alignment.warp(photo, size, (red, green, blue))
    inside = Image.fromarray(alignment.inside(size, photo.size).astype(np.uint8) * 255)
    shown = np.asarray(inside.resize((cells, cells), Image.Resampling.BOX)) == 255
    return Straightened(laid, shown, alignment)
