"""From a map of how odd each place is to boxes in pixels of the photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sightline.inspection.verdict import Box

Mask = npt.NDArray[np.bool_]
ToPhoto = Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Region:
    """Connected cells of a map: their `box` (left, top, right, bottom), highest value, number."""

    box: tuple[int, int, int, int]
    peak: float
    cells: int


def components(mask: Mask) -> list[Mask]:
    """The connected parts of a mask (over edges and corners), in the order of their first cell.

    Spreads from a cell through its neighbours, row by row of the picture at once; meant for maps
    of some thousand cells.
    """
    left = mask.copy()
    found = []
    while left.any():
        part = np.zeros_like(left)
        part[np.unravel_index(int(left.argmax()), left.shape)] = True
        pending = [(int(row), int(column)) for row, column in np.argwhere(part)]
        left &= ~part
        while pending:
            row, column = pending.pop()
            rows = slice(max(0, row - 1), row + 2)
            columns = slice(max(0, column - 1), column + 2)
            for down, across in np.argwhere(left[rows, columns]):
                at = (int(down) + rows.start, int(across) + columns.start)
                left[at] = False
                part[at] = True
                pending.append(at)
        found.append(part)
    return found


def regions(values: npt.NDArray[np.floating], least: float) -> list[Region]:
    """Connected cells of at least `least`, highest peak first."""
    found = []
    for part in components(values >= least):
        down, across = np.nonzero(part)
        box = (
            int(across.min()),
            int(down.min()),
            int(across.max()) + 1,
            int(down.max()) + 1,
        )
        found.append(Region(box, float(values[part].max()), int(part.sum())))
    return sorted(found, key=lambda region: -region.peak)


def box_on_photo(
    region: Region, shape: tuple[int, ...], size: tuple[int, int], to_photo: ToPhoto | None = None
) -> Box:
    """A region of a map that spans a picture, as a box on the photo.

    Args:
        shape: rows and columns of the map.
        size: width and height of the photo in pixels.
        to_photo: from shares of the map's width and height to pixels of the photo; by default the
            map spans the photo itself.
    """
    left, top, right, bottom = region.box
    corners = [(x / shape[1], y / shape[0]) for x in (left, right) for y in (top, bottom)]
    if to_photo is None:
        points = [(x * size[0], y * size[1]) for x, y in corners]
    else:
        points = [to_photo(x, y) for x, y in corners]
    across = [min(float(size[0]), max(0.0, x)) for x, _ in points]
    down = [min(float(size[1]), max(0.0, y)) for _, y in points]
    return Box(min(across), min(down), max(across), max(down))
