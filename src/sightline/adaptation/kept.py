"""Embeddings from earlier runs, kept in the user's cache folder: teaching again takes seconds.

One file a model: records of a photo's hash and its views' vectors, one after the other. It may be
deleted at any time. A run that ends in the middle of a record leaves a tail that the next cuts off.
"""

import os
from pathlib import Path

import numpy as np

from sightline.adaptation.views import VIEWS
from sightline.encoders import DualEncoder
from sightline.encoders.dual import Vectors
from sightline.errors import UsageError


def cache_folder() -> Path:
    """`SIGHTLINE_CACHE`, or the platform's user cache folder."""
    import platformdirs

    chosen = os.environ.get("SIGHTLINE_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("sightline", False)


class KeptEmbeddings:
    """Vectors of photos' views under one model, by the photos' hashes."""

    def __init__(self, encoder: DualEncoder, folder: Path | None = None) -> None:
        """Read what is there.

        Raises:
            UsageError: the folder can't be read or written.
        """
        self._record = np.dtype([("photo", "V32"), ("vectors", "<f4", (VIEWS, encoder.dimensions))])
        self._path = (folder or cache_folder()) / "embeddings" / f"{encoder.id}.{VIEWS}views"
        self._new: list[tuple[bytes, Vectors]] = []
        self._rows: dict[bytes, Vectors] = {}
        try:
            if self._path.is_file():
                whole = self._path.stat().st_size // self._record.itemsize
                for row in np.fromfile(self._path, self._record, whole):
                    self._rows[row["photo"].tobytes()] = row["vectors"]
        except OSError as error:
            raise self._unusable(error) from None

    def get(self, photo: str) -> Vectors | None:
        """The vectors of a photo, float32 (views, d), or None."""
        vectors = self._rows.get(bytes.fromhex(photo))
        if vectors is None or not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
            return None  # unknown, or damaged on disk: embedded anew
        return vectors

    def add(self, photo: str, vectors: Vectors) -> None:
        """Note the vectors of a photo; `save` keeps them."""
        key = bytes.fromhex(photo)
        if self.get(photo) is None:
            self._rows[key] = vectors
            self._new.append((key, vectors))

    def save(self) -> None:
        """Write what was added.

        Raises:
            UsageError: the disk says no.
        """
        if not self._new:
            return
        rows = np.array(self._new, dtype=self._record)
        self._new = []
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                torn = file.tell() % self._record.itemsize
                if torn:
                    file.truncate(file.tell() - torn)
                file.write(rows.tobytes())
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> UsageError:
        return UsageError(
            f"Can't use the cache {self._path}: {error.strerror}. Name another folder in "
            "SIGHTLINE_CACHE."
        )
