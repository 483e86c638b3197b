"""Border only: a baseline that never looks at the product.

What it gets right, it gets right by the background: another tray, another light, crumbs. Where it
is far from a coin, a product's photos give the answer away, and figures that rest on whole
pictures say little of defects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sightline.errors import InspectionError
from sightline.inspection.pixels import open_photo
from sightline.inspection.verdict import Task, Verdict

Floats = npt.NDArray[np.floating[Any]]

_SIDE = 160  # pixels to which a photo is shrunk
_FRAME = 6  # pixels of it at each edge that are looked at
_PARTS = 8  # of each edge


class BorderOnly:
    """Compares the colours of the outermost strip with those of the references.

    The score is the distance to the nearest reference; a defect is what lies farther off than any
    reference does from the others. One reference alone says nothing of how much edges differ:
    with it, everything is normal.
    """

    name = "border-only"

    def __init__(self) -> None:
        """With no photo seen yet."""
        self._edges: dict[Path, Floats] = {}  # 384 bytes a photo

    def inspect(self, task: Task) -> Verdict:
        """Look at the edge of the photo.

        Raises:
            PhotoError: a photo can't be used.
            InspectionError: there is no reference.
        """
        if not task.references:
            raise InspectionError("border-only needs references: give at least one --reference.")
        known = np.stack([self._known(path) for path in task.references])
        score = float(np.linalg.norm(known - _edge_colours(task.image), axis=1).min())
        apart = np.linalg.norm(known[:, None] - known[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        limit = float(apart.min(axis=1).max()) if len(known) > 1 else np.inf
        chance = _chance(score, limit)
        defect = score > limit
        return Verdict(
            decision="defect" if defect else "normal",
            confidence=chance if defect else 1 - chance,
            score=score,
            inspector=self.name,
        )

    def _known(self, reference: Path) -> Floats:
        """A reference's edge; each is decoded once."""
        if reference not in self._edges:
            self._edges[reference] = _edge_colours(reference)
        return self._edges[reference]


def _chance(score: float, limit: float) -> float:
    if np.isinf(limit) or score + limit == 0:
        return 0.5
    return score / (score + limit)


def _edge_colours(path: Path) -> Floats:
    """Mean RGB (0 to 1) in equal parts of the four edges, float32 (4 · parts · 3,)."""
    small = open_photo(path).image.resize((_SIDE, _SIDE))
    pixels = np.asarray(small, dtype=np.float32) / 255
    edges = (
        pixels[:_FRAME],
        pixels[-_FRAME:],
        pixels[:, :_FRAME].swapaxes(0, 1),
        pixels[:, -_FRAME:].swapaxes(0, 1),
    )
    parts = [part.mean(axis=(0, 1)) for edge in edges for part in np.array_split(edge, _PARTS, 1)]
    return np.concatenate(parts)
