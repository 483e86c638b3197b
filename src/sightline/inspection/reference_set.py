"""References, looked at once and compared with each other, for as many photos as come."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from sightline.encoders.dual import DualEncoder
from sightline.errors import InspectionError
from sightline.inspection.pixels import open_photo
from sightline.inspection.reference_alignment import Pyramid, pyramid_of
from sightline.inspection.reference_features import PatchFeatures, PatchTower
from sightline.inspection.reference_map import (
    Nearness,
    Variation,
    nearness,
    score_of,
    where_product_is,
)
from sightline.inspection.reference_threshold import ENOUGH_REFERENCES, unlike_the_others

Floats = npt.NDArray[np.float32]
Value = TypeVar("Value")

SMALL = 512
"""Longest side of the copy of each reference that stays in memory."""
_REMEMBERED = 128
_REMEMBERED_SETS = 32


@dataclass(frozen=True, eq=False)
class Reference:
    """One photo of a faultless piece.

    Attributes:
        key: tells this file in this state from every other.
        hash: SHA-256 of its bytes.
        small: upright RGB, at most `SMALL` pixels a side.
        pyramid: of `small`.
        features: its patches.
        vector: float32 (d,), the embedding of the whole.
    """

    path: Path
    key: Hashable
    hash: str
    small: Image.Image
    pyramid: Pyramid
    features: PatchFeatures
    vector: Floats


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """References and how they differ from each other.

    Attributes:
        members: those that are used.
        dropped: those that look like no other.
        variation: what differs among faultless pieces, or, with one or two references, among
            slightly changed copies of each.
        scores: float64 (n,), each reference against the others; with one or two, the copies'.
        compared: whether `scores` are those of references.
    """

    members: tuple[Reference, ...]
    dropped: tuple[Reference, ...]
    variation: Variation
    scores: npt.NDArray[np.float64]
    compared: bool


class References:
    """Makes reference sets; each photo, each pair and each set is worked out once.

    What is kept is bounded, the least recently used going first. Safe to share between threads.
    """

    def __init__(self, encoder: DualEncoder) -> None:
        self._encoder = encoder
        self._tower = PatchTower(encoder)
        self._photos: Remembered[Reference] = Remembered(_REMEMBERED)
        self._pairs: Remembered[Nearness] = Remembered(64 * _REMEMBERED)
        self._sets: Remembered[ReferenceSet] = Remembered(_REMEMBERED_SETS)

    def features(self, image: Image.Image) -> PatchFeatures:
        """The patches of a photo that is to be inspected."""
        return self._tower.features(image)

    def vector(self, image: Image.Image) -> Floats:
        """The embedding of a whole photo, float32 (d,)."""
        return np.asarray(self._encoder.embed_images([image])[0])

    def of(self, paths: Sequence[Path], but: str = "") -> ReferenceSet:
        """The set of these files; one whose bytes have the hash `but` is left out.

        A photo among its own references would explain itself. Where it is the only one, it stays.

        Raises:
            PhotoError: a reference can't be read.
            InspectionError: there are none.
        """
        photos = [self._photo(path) for path in paths]
        unlike = [photo for photo in photos if photo.hash != but] or photos
        distinct = tuple({photo.hash: photo for photo in unlike}.values())
        if not distinct:
            raise InspectionError(
                "The reference inspector compares with photos of faultless pieces: name some with "
                "--reference (files or a folder), or take them from a library with "
                "--reference auto."
            )
        key = tuple(photo.key for photo in distinct)
        return self._sets.get(key, lambda: self._made(distinct))

    def _made(self, members: tuple[Reference, ...]) -> ReferenceSet:
        if len(members) < ENOUGH_REFERENCES:
            return self._of_copies(members)
        found = self._compared(members, ())
        odd = unlike_the_others(found.scores)
        if not odd:
            return found
        kept = tuple(one for at, one in enumerate(members) if at not in odd)
        return self._compared(kept, tuple(members[at] for at in odd))

    def _compared(
        self, members: tuple[Reference, ...], dropped: tuple[Reference, ...]
    ) -> ReferenceSet:
        """Leave one out: each reference against the others, and scored by the others' variation."""
        count = len(members)
        pairs = {
            (i, j): self._pair(members[i], members[j])
            for i in range(count)
            for j in range(count)
            if i != j
        }
        distances = np.stack(
            [
                np.min([pairs[i, j].distances for j in range(count) if j != i], axis=0)
                for i in range(count)
            ]
        )
        placed = float(np.median([pair.placed for pair in pairs.values()]))
        features = [one.features for one in members]
        scores = [
            score_of(
                Variation.of(np.delete(distances, at, axis=0), placed).oddness(
                    distances[at], where_product_is(one.features, features)
                )
            )
            for at, one in enumerate(members)
        ]
        return ReferenceSet(
            members, dropped, Variation.of(distances, placed), np.array(scores), compared=True
        )

    def _of_copies(self, members: tuple[Reference, ...]) -> ReferenceSet:
        distances, where = [], []
        for one in members:
            for copy in changed_copies(one.small):
                features = self._tower.features(copy)
                distances.append(nearness(features, one.features).distances)
                where.append(where_product_is(features, [one.features]))
        variation = Variation.of(np.stack(distances), placed=0.0)
        scores = [
            score_of(variation.oddness(one, cells))
            for one, cells in zip(distances, where, strict=True)
        ]
        return ReferenceSet(members, (), variation, np.array(scores), compared=False)

    def _photo(self, path: Path) -> Reference:
        try:
            state = path.stat()
            key: Hashable = (str(path), state.st_size, state.st_mtime_ns)
        except (OSError, ValueError):  # `open_photo` says what is wrong with it
            key = str(path)
        return self._photos.get(key, lambda: self._looked_at(path, key))

    def _looked_at(self, path: Path, key: Hashable) -> Reference:
        photo = open_photo(path)
        small = small_copy(photo.image)
        features, vector = self._tower.features(photo.image), self.vector(photo.image)
        return Reference(path, key, photo.hash, small, pyramid_of(small), features, vector)

    def _pair(self, one: Reference, other: Reference) -> Nearness:
        return self._pairs.get((one.key, other.key), lambda: nearness(one.features, other.features))


class Remembered(Generic[Value]):
    """The most recent values by key. Two threads that want the same one may both work it out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._turn = Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of this key, made if it isn't there."""
        with self._turn:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._turn:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


def small_copy(image: Image.Image) -> Image.Image:
    """A picture with no side longer than `SMALL`; smaller ones stay as they are."""
    copy = image.copy()
    copy.thumbnail((SMALL, SMALL), Image.Resampling.BICUBIC)
    return copy


def changed_copies(image: Image.Image) -> list[Image.Image]:
    """The same piece as another photo might show it: turned by 4°, shifted and scaled by a few
    hundredths, a tenth brighter or darker, flatter.
    """
    from PIL import ImageEnhance

    return [
        ImageEnhance.Brightness(_moved(image, 4, 1.0, 0.02, 0.0)).enhance(1.1),
        ImageEnhance.Brightness(_moved(image, -4, 1.0, 0.0, 0.03)).enhance(0.9),
        ImageEnhance.Contrast(_moved(image, 0, 1.04, -0.03, 0.01)).enhance(0.9),
        _moved(image, 0, 0.97, 0.01, -0.03),
    ]


def _moved(
    image: Image.Image, degrees: float, scale: float, right: float, down: float
) -> Image.Image:
    """The picture turned about its middle, enlarged and shifted; its rim goes on outwards."""
    width, height = image.size
    margin = max(1, round(0.15 * max(image.size)))
    pixels = np.pad(np.asarray(image), ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    angle = np.radians(degrees)
    cosine, sine = np.cos(angle) / scale, np.sin(angle) / scale
    middle = (width / 2 + margin, height / 2 + margin)
    across = middle[0] + right * width - cosine * width / 2 - sine * height / 2
    along = middle[1] + down * height + sine * width / 2 - cosine * height / 2
    return Image.fromarray(pixels).transform(
        (width, height),
        Image.Transform.AFFINE,
        (cosine, sine, across, -sine, cosine, along),
        Image.Resampling.BILINEAR,
    )
