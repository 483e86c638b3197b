"""How odd each place of a photo is, beside what differs among the references themselves.

Every patch of the photo looks for the most similar patch in the references (PatchCore, Roth et al.
2022, arXiv:2106.08265). What that distance means depends on the product: where faultless pieces
differ much, a large one is nothing. So each reference is compared with the others in the same way,
and a distance counts in standard deviations of those.

Where the references show their pieces in the same place (measured: patches whose best match in
another reference lies where they do, and is mutual), the mean and deviation are those of that
neighbourhood; where pieces lie anywhere, those of the whole picture; between, a mixture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from sightline.inspection.reference_features import PatchFeatures

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_SAME_PLACE = 0.08
"""Share of the picture's side within which a match counts as in the same place."""
_PLACED = (0.4, 0.6)
"""Share of mutual matches in the same place: up to the first, pieces lie anywhere; from the
second, all in one place."""
_REACH = 3
"""Cells of the finest grid within which places share their normal variation."""
_WEIGHT = 4.0
"""References that the whole picture's deviation counts for beside a place's own."""
_LEAST = 0.02
"""A deviation is never less: flat pictures and copies of one reference hardly differ at all."""
TOP_SHARE = 0.01
"""The score is the mean of this share of the map's highest values."""
_NOWHERE = -3.0


@dataclass(frozen=True, eq=False)
class Nearness:
    """One photo's patches against another's.

    Attributes:
        distances: float32 (scales, side, side): from each cell to the most similar patch of the
            other, 0 to 2, every scale on the finest grid.
        placed: share of the product's patches whose match is mutual and in the same place.
    """

    distances: Floats
    placed: float


def nearness(photo: PatchFeatures, other: PatchFeatures) -> Nearness:
    """Compare every patch of a photo with every patch of another one, scale by scale."""
    return _nearness(photo, _cosines(photo, other))


def nearness_both_ways(one: PatchFeatures, other: PatchFeatures) -> tuple[Nearness, Nearness]:
    """`nearness` of one to the other and back, in little more than the time of one."""
    cosines = _cosines(one, other)
    return _nearness(one, cosines), _nearness(other, [scale.T for scale in cosines])


def _cosines(one: PatchFeatures, other: PatchFeatures) -> list[Floats]:
    """Of every patch with every patch, (cells of one, cells of the other), scale by scale."""
    return [
        ours.reshape(-1, ours.shape[-1]) @ theirs.reshape(-1, theirs.shape[-1]).T
        for ours, theirs in zip(one.grids, other.grids, strict=True)
    ]


def _nearness(photo: PatchFeatures, cosines: list[Floats]) -> Nearness:
    side = photo.grids[-1].shape[0]
    maps = [
        _resized(np.sqrt(np.maximum(2 - 2 * scale.max(axis=1), 0)).reshape(grid.shape[:2]), side)
        for scale, grid in zip(cosines, photo.grids, strict=True)
    ]
    placed = _placed(cosines[0], photo.grids[0].shape[0], photo.foreground)
    return Nearness(np.stack(maps), placed)


def _placed(cosines: Floats, side: int, product: Floats | None) -> float:
    there, back = cosines.argmax(axis=1), cosines.argmax(axis=0)
    here = np.arange(len(there))
    across = np.hypot(there % side - here % side, there // side - here // side) / side
    same = (back[there] == here) & (across < _SAME_PLACE)
    counts = np.ones(len(here), bool) if product is None else _resized(product, side).ravel() > 0.5
    return float(same[counts].mean()) if counts.any() else 0.0


@dataclass(frozen=True, eq=False)
class Variation:
    """What differs among references: mean and deviation, float32 (scales, side, side)."""

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, distances: Floats, placed: float) -> Variation:
        """From each reference's distances to the others, (references, scales, side, side)."""
        low, high = _PLACED
        local = min(1.0, max(0.0, (placed - low) / (high - low)))
        count = len(distances)
        everywhere = distances.mean(axis=(0, 2, 3), keepdims=True)[0]
        spread = distances.var(axis=(0, 2, 3), keepdims=True)[0]
        if local == 0:
            deviation = np.sqrt(np.broadcast_to(spread, distances.shape[1:]))
            return cls(np.broadcast_to(everywhere, distances.shape[1:]), deviation)
        mean = distances.mean(axis=0)
        rest = ((distances - mean) ** 2).mean(axis=(0, 2, 3), keepdims=True)[0]
        near = _widest(_smooth(distances.var(axis=0)))
        here = (count * near + _WEIGHT * rest) / (count + _WEIGHT)
        return cls(
            (local * _widest(_smooth(mean)) + (1 - local) * everywhere).astype(np.float32),
            np.sqrt(local * here + (1 - local) * spread).astype(np.float32),
        )

    def oddness(self, distances: Floats, where: Mask) -> Floats:
        """The anomaly map, float32 (side, side): deviations above the mean, over the scales' mean.

        Args:
            where: cells that count; the others are left far below any normal value.
        """
        odd = ((distances - self.mean) / np.hypot(self.deviation, _LEAST)).mean(axis=0)
        return np.where(where, odd, _NOWHERE).astype(np.float32)


def where_product_is(photo: PatchFeatures, references: list[PatchFeatures]) -> Mask:
    """Cells of the product in the photo, or in at least half of the references.

    A missing part is background in the photo; a part too much is background in the references.
    """
    side = photo.grids[-1].shape[0]
    known = [one.foreground for one in references if one.foreground is not None]
    if photo.foreground is None or 2 * len(known) <= len(references):
        return np.ones((side, side), dtype=np.bool_)
    usual = np.mean([one > 0.5 for one in known], axis=0) >= 0.5
    wider = np.pad(usual | (photo.foreground > 0.3), 1)
    around = [wider[i : i + side, j : j + side] for i in range(3) for j in range(3)]
    return np.asarray(np.any(around, axis=0))


def usual_product(photos: list[PatchFeatures]) -> Mask:
    """Cells of the product in any of several photos, judged by all of them."""
    return np.asarray(np.any([where_product_is(photo, photos) for photo in photos], axis=0))


def score_of(oddness: Floats) -> float:
    """A map's score: the mean of its highest values."""
    count = max(1, round(oddness.size * TOP_SHARE))
    return float(np.partition(oddness.ravel(), -count)[-count:].mean())


def _resized(values: Floats, side: int) -> Floats:
    if values.shape[0] == side:
        return values
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float32)


def _neighbours(maps: Floats, reach: int) -> list[Floats]:
    padded = np.pad(maps, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    side = maps.shape[-1]
    steps = range(2 * reach + 1)
    return [padded[:, i : i + side, j : j + side] for i in steps for j in steps]


def _smooth(maps: Floats) -> Floats:
    return np.asarray(np.mean(_neighbours(maps, 1), axis=0))


def _widest(maps: Floats) -> Floats:
    return np.asarray(np.max(_neighbours(maps, _REACH), axis=0))
