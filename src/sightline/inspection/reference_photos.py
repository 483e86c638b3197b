"""Photos of faultless pieces, each looked at once and each two compared once."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from sightline.encoders.dual import DualEncoder
from sightline.inspection.pixels import open_photo
from sightline.inspection.reference_alignment import Pyramid, pyramid_of
from sightline.inspection.reference_features import PatchFeatures, PatchTower
from sightline.inspection.reference_foreground import covered
from sightline.inspection.reference_map import Nearness, nearness_both_ways
from sightline.inspection.reference_remembered import Remembered
from sightline.inspection.reference_sight import contrast, fault

Floats = npt.NDArray[np.float32]

SMALL = 512
"""Longest side of the copy of each reference that stays in memory."""
_REMEMBERED = 128


@dataclass(frozen=True, eq=False)
class Reference:
    """One photo of a faultless piece.

    Attributes:
        key: tells this file in this state from every other.
        hash: SHA-256 of its bytes.
        pixels: SHA-256 of its upright pixels.
        fault: why nothing can be seen on it, as `reference_sight.fault`.
        contrast: as `reference_sight.contrast`.
        covered: as `reference_foreground.covered`.
        small: upright RGB, at most `SMALL` pixels a side.
        pyramid: of `small`.
        features: its patches.
        vector: float32 (d,), the embedding of the whole.
    """

    path: Path
    key: Hashable
    hash: str
    pixels: str
    fault: str
    contrast: float
    covered: float | None
    small: Image.Image
    pyramid: Pyramid
    features: PatchFeatures
    vector: Floats


class ReferencePhotos:
    """Looks at photos with an encoder. Safe to share between threads.

    What is kept is bounded, the least recently used going first.
    """

    def __init__(self, encoder: DualEncoder) -> None:
        self._encoder = encoder
        self._tower = PatchTower(encoder)
        self._photos: Remembered[Reference] = Remembered(_REMEMBERED)
        self._pairs: Remembered[tuple[Nearness, Nearness]] = Remembered(32 * _REMEMBERED)

    def features(self, image: Image.Image) -> PatchFeatures:
        """The patches of an upright RGB photo."""
        return self._tower.features(image)

    def vector(self, image: Image.Image) -> Floats:
        """The embedding of a whole photo, float32 (d,)."""
        return np.asarray(self._encoder.embed_images([image])[0])

    def at(self, path: Path) -> Reference:
        """The reference in this file.

        Raises:
            PhotoError: it can't be read.
        """
        try:
            state = path.stat()
            key: Hashable = (str(path), state.st_size, state.st_mtime_ns)
        except (OSError, ValueError):  # `open_photo` says what is wrong with it
            key = str(path)
        return self._photos.get(key, lambda: self._looked_at(path, key))

    def pair(self, one: Reference, other: Reference) -> Nearness:
        """How near one is to another."""
        if str(other.key) < str(one.key):
            return self._both(other, one)[1]
        return self._both(one, other)[0]

    def _both(self, one: Reference, other: Reference) -> tuple[Nearness, Nearness]:
        return self._pairs.get(
            (one.key, other.key), lambda: nearness_both_ways(one.features, other.features)
        )

    def _looked_at(self, path: Path, key: Hashable) -> Reference:
        photo = open_photo(path)
        small = small_copy(photo.image)
        return Reference(
            path=path,
            key=key,
            hash=photo.hash,
            pixels=pixels_of(photo.image),
            fault=fault(photo.image),
            contrast=contrast(photo.image),
            covered=covered(photo.image),
            small=small,
            pyramid=pyramid_of(small),
            features=self.features(photo.image),
            vector=self.vector(photo.image),
        )


def pixels_of(image: Image.Image) -> str:
    """SHA-256 of a picture's size and pixels, in hex."""
    found = hashlib.sha256(repr(image.size).encode())
    found.update(image.tobytes())
    return found.hexdigest()


def small_copy(image: Image.Image) -> Image.Image:
    """A picture with no side longer than `SMALL`; smaller ones stay as they are."""
    copy = image.copy()
    copy.thumbnail((SMALL, SMALL), Image.Resampling.BICUBIC)
    return copy
