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

    Row by row, a run of cells joins the runs above that it touches (Rosenfeld and Pfaltz 1966,
    doi:10.1145/321356.321357).
    """
    labels = np.zeros(mask.shape, dtype=np.int64)
    parents = [0]
    above: list[tuple[int, int, int]] = []
    for row in range(len(mask)):
        edges = np.flatnonzero(np.diff(mask[row], prepend=False, append=False))
        here = []
        for start, stop in edges.reshape(-1, 2).tolist():
            touching = {
                _root(parents, one) for left, right, one in above if left <= stop and start <= right
            }
            label = min(touching, default=len(parents))
            if not touching:
                parents.append(label)
            for other in touching:
                parents[other] = label
            labels[row, start:stop] = label
            here.append((start, stop, label))
        above = here
    roots = np.array([_root(parents, label) for label in range(len(parents))])
    joined = roots[labels]
    return [joined == root for root in np.unique(roots[1:])]


def _root(parents: list[int], label: int) -> int:
    while parents[label] != label:
        label = parents[label]
    return label


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
    cells: tuple[int, int, int, int],
    shape: tuple[int, ...],
    size: tuple[int, int],
    to_photo: ToPhoto | None = None,
) -> Box:
    """A part of a map that spans a picture, as a box on the photo.

    Args:
        cells: left, top, right and bottom of the part.
        shape: rows and columns of the map.
        size: width and height of the photo in pixels.
        to_photo: from shares of the map's width and height to pixels of the photo; by default the
            map spans the photo itself.
    """
    left, top, right, bottom = cells
    corners = [(x / shape[1], y / shape[0]) for x in (left, right) for y in (top, bottom)]
    if to_photo is None:
        points = [(x * size[0], y * size[1]) for x, y in corners]
    else:
        points = [to_photo(x, y) for x, y in corners]
    across = [min(float(size[0]), max(0.0, x)) for x, _ in points]
    down = [min(float(size[1]), max(0.0, y)) for _, y in points]
    return Box(min(across), min(down), max(across), max(down))
