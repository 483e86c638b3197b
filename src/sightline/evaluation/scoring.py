"""Every ranker's scores for every query, kept as they come: a killed run goes on where it was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from time import perf_counter
from zipfile import BadZipFile

import numpy as np

from sightline.errors import EvaluationError
from sightline.evaluation.gold import GoldQuery, write_whole
from sightline.evaluation.progress import OnProgress
from sightline.evaluation.rankers.ranker import Ranker, Scores


@dataclass(frozen=True, eq=False)
class Scored:
    """One ranker's answer to one query: float32 (photos,), and the seconds that it took."""

    scores: Scores
    seconds: float


@dataclass(frozen=True)
class ScoreCache:
    """A file for each ranker, gallery and query, named by all that its content depends on."""

    folder: Path
    files: Sequence[str]

    def scored(self, ranker: Ranker, query: GoldQuery) -> Scored:
        """From the file, or from the ranker.

        Raises:
            EvaluationError: the scores aren't one finite number a photo, or can't be kept.
        """
        path = self._path(ranker, query)
        kept = self._read(path)
        if kept is not None:
            return kept
        start = perf_counter()
        scores = np.asarray(ranker.scores(query), dtype=np.float32)
        found = Scored(scores, perf_counter() - start)
        if scores.shape != (len(self.files),) or not np.all(np.isfinite(scores)):
            raise EvaluationError(
                f"The ranker {ranker.name} gave {scores.shape} scores for {query.text!r}, not one "
                f"finite number for each of {len(self.files):,} photos."
            )
        stream = BytesIO()
        np.savez(stream, scores=found.scores, seconds=np.float64(found.seconds))
        write_whole(path, stream.getvalue())
        return found

    def _read(self, path: Path) -> Scored | None:
        """What is kept; None where there is nothing, or nothing that can be read."""
        try:
            # From memory: of a damaged file numpy would leave the handle open.
            with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as kept:
                found = Scored(kept["scores"], float(kept["seconds"]))
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile):
            # Runtime errors are zipfile's, of a flag that flipped: "encrypted", "not supported".
            return None  # it is made anew, and written over
        whole = found.scores.dtype == np.float32 and found.scores.shape == (len(self.files),)
        return found if whole and np.all(np.isfinite(found.scores)) else None

    def _path(self, ranker: Ranker, query: GoldQuery) -> Path:
        return (
            self.folder / _digest(ranker.id, *self.files) / f"{_digest(query.id, query.text)}.npz"
        )


def score_all(
    cache: ScoreCache, ranker: Ranker, queries: Sequence[GoldQuery], on_progress: OnProgress
) -> list[Scored]:
    """One ranker's scores for all queries, in their order."""
    scored = []
    for done, query in enumerate(queries):
        on_progress(ranker.name, done, len(queries))
        scored.append(cache.scored(ranker, query))
    on_progress(ranker.name, len(queries), len(queries))
    return scored


def _digest(*parts: str) -> str:
    data = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()[:24]
