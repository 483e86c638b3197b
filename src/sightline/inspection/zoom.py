"""Which parts of a photo to look at more closely. Geometry only: any inspector can use it.

Overlapping tiles find small defects that scaling down hides (SAHI, Akyon et al. 2022,
arXiv:2202.06934). They also multiply false alarms: as many chances to be wrong as there are tiles.
So whatever a tile shows is to be looked at again in a tighter crop.
"""

from __future__ import annotations

from itertools import product

from sightline.inspection.verdict import Box

OVERLAP = 0.2
"""Share of a tile that its neighbour shows, too: a defect of that size is whole in one of both."""
MARGIN = 0.5
"""What a tighter crop shows around a finding, as a share of the finding's size on each side."""


def tiles(
    width: int, height: int, side: int, overlap: float = OVERLAP, within: Box | None = None
) -> tuple[Box, ...]:
    """Overlapping tiles that cover every pixel, none larger than `side` × `side`.

    They are spread evenly, so the last is no thin rest: neighbours share at least `overlap` of a
    side, and often more. A picture that fits into one tile is one tile.

    Args:
        width, height: of the picture, in pixels.
        side: longest side of a tile, in pixels; a tile of that size is not scaled down.
        overlap: share of a side, 0 to below 1.
        within: cover only this part; whole pixels.

    Raises:
        ValueError: no tile of that size or overlap can cover anything.
    """
    if side < 1 or not 0 <= overlap < 1:
        raise ValueError(f"no tiles of side {side} with overlap {overlap}")
    part = within or Box(0, 0, width, height)
    columns = _starts(int(part.width), side, int(side * overlap))
    rows = _starts(int(part.height), side, int(side * overlap))
    across, down = min(side, int(part.width)), min(side, int(part.height))
    return tuple(
        Box(part.left + x, part.top + y, part.left + x + across, part.top + y + down)
        for y, x in product(rows, columns)
    )


def tighter(box: Box, within: Box, margin: float = MARGIN, least: float = 64) -> Box:
    """A crop around `box`, with some surroundings and sides of at least `least`, inside `within`.

    It is moved, not cut, where it would reach over an edge.
    """
    left, right = _span(box.left, box.right, within.left, within.right, margin, least)
    top, bottom = _span(box.top, box.bottom, within.top, within.bottom, margin, least)
    return Box(left, top, right, bottom)


def _starts(length: int, side: int, overlap: int) -> tuple[int, ...]:
    """Where the tiles along one edge begin."""
    if length <= side:
        return (0,)
    count = -(-(length - overlap) // (side - overlap))
    return tuple(at * (length - side) // (count - 1) for at in range(count))


def _span(
    start: float, end: float, low: float, high: float, margin: float, least: float
) -> tuple[float, float]:
    length = min(max(least, (end - start) * (1 + 2 * margin)), high - low)
    begin = min(max((start + end - length) / 2, low), high - length)
    return begin, begin + length
