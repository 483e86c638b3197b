"""What the image tower sees at each place of a photo, at two scales.

Patch features of a middle layer keep what the last one has forgotten: texture, edges, small parts
(Roth et al. 2022, PatchCore, arXiv:2106.08265). The tower's input is fixed, so finer scales come
from tiles that overlap by half and are blended where they meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt
from PIL import Image

from sightline.encoders.dual import IMAGE_BATCH, DualEncoder
from sightline.encoders.normalise import graph_pixels
from sightline.encoders.session import Session, verify
from sightline.encoders.spec import inside
from sightline.errors import InspectionError, ModelError
from sightline.inspection.reference_foreground import foreground

Floats = npt.NDArray[np.float32]

TILES = (1, 3)
"""Tiles along an edge, scale by scale: the whole photo, and windows of half its sides."""
_EPSILON = 1e-6


@dataclass(frozen=True, eq=False)
class PatchFeatures:
    """A photo as unit vectors on square grids.

    Attributes:
        grids: float32 (side, side, channels), one a scale, the coarsest first. The grids span the
            whole photo, whatever its shape.
        foreground: float32 (side, side) of the finest grid, the share of each cell that the
            product covers; None where the photo has no plain background.
    """

    grids: tuple[Floats, ...]
    foreground: Floats | None


class PatchTower:
    """The image tower of an encoder up to its finer grid. Safe to share between threads.

    Args:
        encoder: one whose graph gives `fine_patches`; the bundled model does.

    Raises:
        InspectionError: the encoder shows no patches.
    """

    def __init__(self, encoder: DualEncoder) -> None:
        output = encoder.spec.image.fine_patches
        if output is None:
            raise InspectionError(
                f"The model {encoder.spec.name} gives one vector a photo and nothing for its "
                "parts, so it can't say where two photos differ. Leave --model out: the bundled "
                "model can."
            )
        self._output = output
        self._encoder = encoder
        self._loading = Lock()
        self._loaded: Session | None = None

    def features(self, image: Image.Image) -> PatchFeatures:
        """Patch features of a whole upright RGB photo.

        Raises:
            ModelError: the model can't be used.
        """
        grids = tuple(self._grid(image, tiles) for tiles in TILES)
        return PatchFeatures(grids, foreground(image, grids[-1].shape[0]))

    def _grid(self, image: Image.Image, tiles: int) -> Floats:
        size = self._encoder.spec.image.size
        step = size // 2
        side = step * (tiles + 1)
        pixels = np.asarray(image.resize((side, side), Image.Resampling.BICUBIC), dtype=np.uint8)
        corners = [(step * i, step * j) for i in range(tiles) for j in range(tiles)]
        cut = np.stack([pixels[i : i + size, j : j + size] for i, j in corners])
        return _smoothed(_blended(self._run(cut), tiles))

    def _run(self, tiles: npt.NDArray[np.uint8]) -> Floats:
        image = self._encoder.spec.image
        portions = [
            self._session.run(
                self._output, {image.input: graph_pixels(tiles[at : at + IMAGE_BATCH], image)}
            )
            for at in range(0, len(tiles), IMAGE_BATCH)
        ]
        grids = np.concatenate(portions)
        if grids.ndim != 4 or grids.shape[1] != grids.shape[2] or grids.shape[1] % 2:
            raise ModelError(f"{self._encoder.folder} gives patches of shape {grids.shape[1:]}.")
        return grids

    @property
    def _session(self) -> Session:
        with self._loading:
            if self._loaded is None:
                spec = self._encoder.spec
                for name in spec.files:
                    if name.startswith(spec.image.file):
                        verify(inside(self._encoder.folder, name), spec.files[name])
                self._loaded = Session(inside(self._encoder.folder, spec.image.file))
            return self._loaded


def _blended(grids: Floats, tiles: int) -> Floats:
    """One grid of the tiles' grids: where they overlap, each counts by its distance to its rim,
    beyond which it saw nothing.
    """
    cells = grids.shape[1]
    step = cells // 2
    from_rim = np.minimum(np.arange(cells) + 0.5, cells - np.arange(cells) - 0.5)
    weight = np.minimum.outer(from_rim, from_rim).astype(np.float32)[..., None]
    side = step * (tiles + 1)
    total = np.zeros((side, side, grids.shape[-1]), np.float32)
    weights = np.zeros((side, side, 1), np.float32)
    for at, grid in enumerate(grids):
        down, across = step * (at // tiles), step * (at % tiles)
        total[down : down + cells, across : across + cells] += grid * weight
        weights[down : down + cells, across : across + cells] += weight
    return np.asarray(total / weights, dtype=np.float32)


def _smoothed(grid: Floats) -> Floats:
    """Means of 3 × 3 cells as unit vectors: PatchCore's local aggregation (section 3.1)."""
    padded = np.pad(grid, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows, columns = grid.shape[:2]
    total = sum(padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3))
    length = np.linalg.norm(total, axis=-1, keepdims=True)
    return np.asarray(total / (length + _EPSILON), dtype=np.float32)
