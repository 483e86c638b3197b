"""A match: a photo with its score, and what the library knows of it."""

import os
from dataclasses import dataclass
from pathlib import Path

from sightline.library.reader import StoredPhoto


@dataclass(frozen=True)
class Match:
    """One answer to a query.

    `score` is the cosine of query and photo; it orders the answers of one query, and is no
    probability. `paths` are all places where this very photo lies, `path` the first of them.
    """

    rank: int
    score: float
    photo: str
    paths: tuple[Path, ...]
    width: int
    height: int
    format: str
    taken_at: str | None
    latitude: float | None
    longitude: float | None
    camera: str | None
    lens: str | None

    @property
    def path(self) -> Path:
        """Where the photo is; of several copies, the first that passes the filters."""
        return self.paths[0]

    @classmethod
    def of(cls, rank: int, score: float, stored: StoredPhoto) -> "Match":
        """A match from a row of the library."""
        return cls(
            rank=rank,
            score=max(-1.0, min(1.0, score)),  # rounding to float16 can step over a cosine's edge
            photo=stored.hash,
            paths=tuple(Path(os.fsdecode(path)) for path in stored.paths),
            width=stored.width,
            height=stored.height,
            format=stored.format,
            taken_at=stored.taken_at,
            latitude=stored.latitude,
            longitude=stored.longitude,
            camera=stored.camera,
            lens=stored.lens,
        )
