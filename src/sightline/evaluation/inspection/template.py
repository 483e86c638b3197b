"""Template difference: how far the pixels are from those of faultless pieces; no model at all."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sightline.errors import InspectionError
from sightline.inspection.pixels import open_photo
from sightline.inspection.verdict import Box, Finding, Task, Verdict

Floats = npt.NDArray[np.floating[Any]]

_SIDE = 512  # pixels of the longer side that are compared
_CELLS = 64  # of the longer side, in which regions are found
_SINGLE = 0.25
"""Limit where one reference alone says nothing of how much normal pieces differ."""
_KEPT = 64


class TemplateDifference:
    """Pixel difference against references: the oldest automatic inspection there is.

    A photo's difference from one reference is the mean absolute difference of RGB (0 to 1), in the
    cell where it is largest; its score is that from the nearest reference. It is a defect where
    the score lies above that of every reference among the others.
    """

    name = "template-difference"

    def __init__(self) -> None:
        """With nothing decoded yet."""
        self._decoded: OrderedDict[tuple[Path, tuple[int, int]], Floats] = OrderedDict()
        self._lock = Lock()

    def inspect(self, task: Task) -> Verdict:
        """Compare with every reference.

        Raises:
            PhotoError: a photo can't be used.
            InspectionError: there is no reference.
        """
        if not task.references:
            raise InspectionError(
                "template-difference compares with faultless pieces: give at least one --reference."
            )
        photo = open_photo(task.image).image
        size = _working_size(photo.size)
        tested = _pixels(photo, size)
        references = [self._reference(path, size) for path in task.references]
        score, cells = min(
            ((float(found.max()), found) for found in (_cells(tested, r) for r in references)),
            key=lambda pair: pair[0],
        )
        limit = self._limit(references)
        box = _region(cells, photo.size)
        chance = score / (score + limit) if score + limit > 0 else 0.5
        finding = Finding(
            type="difference",
            sentence=f"The pixels differ from the nearest reference by {score:.0%} of full range.",
            box=box,
            score=score,
        )
        defect = score > limit
        return Verdict(
            decision="defect" if defect else "normal",
            confidence=chance if defect else 1 - chance,
            findings=(finding,) if defect else (),
            score=score,
            inspector=self.name,
        )

    def _limit(self, references: list[Floats]) -> float:
        """The largest difference of a reference from the nearest other one."""
        if len(references) == 1:
            return _SINGLE
        differences = np.zeros((len(references), len(references)))
        for one in range(len(references)):
            for other in range(one):
                found = float(_cells(references[one], references[other]).max())
                differences[one, other] = differences[other, one] = found
        np.fill_diagonal(differences, np.inf)
        return float(differences.min(axis=1).max())

    def _reference(self, path: Path, size: tuple[int, int]) -> Floats:
        """A reference's pixels; the last few dozen are kept decoded."""
        with self._lock:
            kept = self._decoded.get((path, size))
        if kept is None:
            kept = _pixels(open_photo(path).image, size)
        with self._lock:
            self._decoded[path, size] = kept
            self._decoded.move_to_end((path, size))
            while len(self._decoded) > _KEPT:
                self._decoded.popitem(last=False)
        return kept


def _working_size(size: tuple[int, int]) -> tuple[int, int]:
    ratio = min(1.0, _SIDE / max(size))
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def _pixels(image: Image.Image, size: tuple[int, int]) -> Floats:
    """float32 (height, width, 3), 0 to 1."""
    small = image.resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255


def _cells(tested: Floats, reference: Floats) -> Floats:
    """Mean absolute difference in each cell of a grid, float32 (rows, columns)."""
    difference = np.abs(tested - reference).mean(axis=2)
    side = max(1, round(max(difference.shape) / _CELLS))
    rows, columns = -(-difference.shape[0] // side), -(-difference.shape[1] // side)
    padded = np.full((rows * side, columns * side), np.nan, dtype=np.float32)
    padded[: difference.shape[0], : difference.shape[1]] = difference
    return np.asarray(np.nanmean(padded.reshape(rows, side, columns, side), axis=(1, 3)))


def _region(cells: Floats, size: tuple[int, int]) -> Box:
    """The connected cells round the peak that reach half of it, in pixels of the photo."""
    high = cells >= cells.max() / 2
    start = np.unravel_index(int(cells.argmax()), cells.shape)
    waiting, seen = [(int(start[0]), int(start[1]))], {(int(start[0]), int(start[1]))}
    while waiting:
        row, column = waiting.pop()
        for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            inside = 0 <= near[0] < cells.shape[0] and 0 <= near[1] < cells.shape[1]
            if inside and high[near] and near not in seen:
                seen.add(near)
                waiting.append(near)
    rows, columns = [row for row, _ in seen], [column for _, column in seen]
    work = _working_size(size)
    side = max(1, round(max(work) / _CELLS))
    across, down = size[0] / work[0], size[1] / work[1]
    return Box(
        min(columns) * side * across,
        min(rows) * side * down,
        min(size[0], (max(columns) + 1) * side * across),
        min(size[1], (max(rows) + 1) * side * down),
    )
