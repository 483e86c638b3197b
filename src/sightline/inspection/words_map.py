"""Windows over a photo, the map that their shares make, and the places that stand out of it.

WinCLIP's windows at several scales and its harmonic averaging (Jeong et al. 2023, arXiv:2303.14814,
section 4.2), with each window cut from the photo itself: that works with any encoder, and small
things are seen at more pixels. A harmonic mean is low as soon as one window says "faultless", so a
place stands out only if all windows round it agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from sightline.inspection.verdict import Box
from sightline.inspection.zoom import tiles

SCALES = (1 / 2, 1 / 3)
"""Sides of the windows, as shares of the photo's short side."""
OVERLAP = 0.5
_MOST_ALONG_AN_EDGE = 16
_FINEST = 128

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Level:
    """Windows of one size, and what each was found to be: float64 (windows,), 0 to 1."""

    windows: tuple[Box, ...]
    shares: Shares


def coarse_windows(width: int, height: int) -> tuple[tuple[Box, ...], ...]:
    """The windows of each scale: squares that overlap by half and together cover every pixel."""
    short = min(width, height)
    least = -(-2 * max(width, height) // _MOST_ALONG_AN_EDGE)  # a strip needs no thousand windows
    sides = {max(1, round(short * scale), least) for scale in SCALES}
    return tuple(tiles(width, height, side, OVERLAP) for side in sorted(sides, reverse=True))


def anomaly_map(width: int, height: int, levels: Sequence[Level]) -> Shares:
    """The harmonic mean over the levels, and in each over the windows, for every cell.

    Args:
        levels: the first must cover the whole photo; others may cover a part.

    Returns:
        float64 (rows, columns); cells are square but for rounding, at most 128 along an edge.
    """
    finest = min(min(box.width, box.height) for level in levels for box in level.windows)
    cell = max(finest / 4, max(width, height) / _FINEST)
    columns, rows = max(1, round(width / cell)), max(1, round(height / cell))
    inverse, known = np.zeros((rows, columns)), np.zeros((rows, columns))
    for level in levels:
        total, count = np.zeros((rows, columns)), np.zeros((rows, columns))
        for box, share in zip(level.windows, level.shares, strict=True):
            covered = _cells(box, width, height, rows, columns)
            total[covered] += 1 / max(share, 1e-9)
            count[covered] += 1
        seen = count > 0
        inverse[seen] += total[seen] / count[seen]
        known[seen] += 1
    return known / inverse


def places(shares: Shares, width: int, height: int, least: float) -> list[tuple[Box, float]]:
    """Boxes round connected cells of at least a share, and the highest in each, highest first."""
    rows, columns = shares.shape
    found = []
    left = shares >= least
    while left.any():
        at = np.unravel_index(int(np.where(left, shares, -1).argmax()), shares.shape)
        region = _connected(left, (int(at[0]), int(at[1])))
        left &= ~region
        down, across = np.nonzero(region)
        box = Box(
            float(across.min() * width / columns),
            float(down.min() * height / rows),
            float((across.max() + 1) * width / columns),
            float((down.max() + 1) * height / rows),
        )
        found.append((box, float(shares[at])))
    return found


def _cells(box: Box, width: int, height: int, rows: int, columns: int) -> tuple[slice, slice]:
    """The cells whose middle a box covers."""
    top, bottom = (int(np.ceil(edge * rows / height - 0.5)) for edge in (box.top, box.bottom))
    left, right = (int(np.ceil(edge * columns / width - 0.5)) for edge in (box.left, box.right))
    return slice(top, bottom), slice(left, right)


def _connected(wanted: npt.NDArray[np.bool_], start: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The wanted cells that touch `start`, over an edge or a corner."""
    region = np.zeros_like(wanted)
    region[start] = True
    pending = [start]
    while pending:
        row, column = pending.pop()
        for down, across in product((-1, 0, 1), repeat=2):
            at = row + down, column + across
            inside = 0 <= at[0] < wanted.shape[0] and 0 <= at[1] < wanted.shape[1]
            if inside and wanted[at] and not region[at]:
                region[at] = True
                pending.append(at)
    return region
