"""The exact scan: every vector is looked at, and the k best are returned.

A pass over all rows gives each a score and how far that is from the true one at most. Rows that may
still be among the k best are scored again in float32, and the k best of those are the true ones.

There are two such passes, and `numkong` has a fast product for both. In float16, as vectors are
stored, only the query q is rounded: ‖q₁₆ - q‖ bounds what that moves. The sketch (`sketch.py`) is
read faster, but rounds rows x too; by Cauchy-Schwarz

    |x·q - x̂·q̂| ≤ ‖x - x̂‖ ‖q̂‖ + ‖x‖ ‖q - q̂‖.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numkong
import numpy as np
import numpy.typing as npt

from sightline.library.sketch import LONGEST, Blocks, sketch_query
from sightline.library.vectors import Rows, copy_rows

CHUNK_ROWS = 32_768
"""Rows a task takes: its scores stay in the core's cache while the best are picked."""

_FEW = 1 / 16
"""Share of rows up to which scoring them in float32 is faster than a pass over all in float16."""


@dataclass(frozen=True)
class Hits:
    """The k best rows: int64 slots and float32 cosines, best first; ties by lower slot."""

    slots: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]


def scan(
    rows: Rows,
    query: npt.NDArray[np.float32],
    k: int,
    allowed: npt.NDArray[np.bool_] | None,
    workers: Executor | None = None,
    sketch: Blocks | None = None,
) -> Hits:
    """Find the k rows with the largest dot product.

    Args:
        rows: float16 (n, d), C-contiguous, of length 1 at most.
        query: float32 (d,), a unit vector.
        allowed: bool (n,), the rows that may answer; None for all.
        workers: threads to share the work; numkong lets go of Python's lock.
        sketch: of as many of the first rows as it has. It only saves time: one that turns out to be
            of other rows, or to single out too many, is left aside.
    """
    if allowed is not None and np.count_nonzero(allowed) * 8 < len(rows):
        slots = np.flatnonzero(allowed)  # few rows: read only those
        return _best(slots, _score(rows, slots, query), k)
    if sketch is not None and len(sketch):
        near = _near_best(list(_sketched(sketch, rows, query)), k, allowed, workers)
        if len(near.slots) <= len(rows) * _FEW:
            scores = _score(rows, near.slots, query)
            if near.bounds_hold(scores):
                return _best(near.slots, scores, k)
    near = _near_best(list(_in_float16(rows, query)), k, allowed, workers)
    return _best(near.slots, _score(rows, near.slots, query), k)


def _best(slots: npt.NDArray[np.int64], scores: npt.NDArray[np.float32], k: int) -> Hits:
    order = np.lexsort((slots, -scores))[:k]
    return Hits(slots[order], scores[order])


@dataclass(frozen=True)
class _Chunk:
    """Consecutive rows. `score` fills float64 (1, rows) and says how far off each is at most."""

    begin: int
    end: int
    score: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float32]]


def _in_float16(rows: Rows, query: npt.NDArray[np.float32], begin: int = 0) -> Iterator[_Chunk]:
    """The rows from `begin` on."""
    rounded = query.astype(np.float16)
    error = LONGEST * float(np.linalg.norm(rounded.astype(np.float32) - query)) + _rounding(query)

    def chunk(at: int) -> _Chunk:
        part = rows[at : at + CHUNK_ROWS]

        def score(out: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
            numkong.cdist(rounded[None], part, "inner", out=out)
            return np.full(len(part), error, np.float32)

        return _Chunk(at, at + len(part), score)

    return map(chunk, range(begin, len(rows), CHUNK_ROWS))


def _sketched(sketch: Blocks, rows: Rows, query: npt.NDArray[np.float32]) -> Iterator[_Chunk]:
    """The rows that the sketch has, by the sketch; those past it in float16."""
    asked = sketch_query(query)
    error = LONGEST * asked.error + _rounding(query)
    height = sketch["scales"].shape[1]

    def chunk(number: int) -> _Chunk:
        block = sketch[number]

        def score(out: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
            numkong.cdist(asked.wholes[None], block["wholes"], "inner", out=out)
            out *= block["scales"]
            out *= asked.scale
            return np.asarray(block["errors"] * np.float32(asked.length) + np.float32(error))

        return _Chunk(number * height, (number + 1) * height, score)

    yield from map(chunk, range(len(sketch)))
    yield from _in_float16(rows, query, begin=len(sketch) * height)


def _rounding(query: npt.NDArray[np.float32]) -> float:
    """How far apart a row's product with the query may be in float32 and in truth."""
    return len(query) * 2.0**-23 * float(np.linalg.norm(query)) + 1e-9


@dataclass(frozen=True)
class _Near:
    """Rows that may be among the best: ascending slots, scores of a pass, and their errors."""

    slots: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    errors: npt.NDArray[np.float32]

    def bounds_hold(self, true: npt.NDArray[np.float32]) -> bool:
        """Whether the errors are as small as the pass said: false shows a sketch of other rows."""
        with np.errstate(invalid="ignore"):  # vectors damaged since they were sketched
            return bool((np.abs(true - self.scores) <= self.errors).all())


class _Bar:
    """What the k-th best row scores at least, by what was seen so far; it only rises.

    Threads may read an older, lower bar: that costs them a few candidates too many, never one too
    few, so no lock is needed.
    """

    def __init__(self, k: int) -> None:
        self._k = k
        self.height = float(np.finfo(np.float64).min)

    def raise_to(self, lower_bounds: npt.NDArray[np.float64]) -> None:
        if (below := len(lower_bounds) - self._k) >= 0:
            self.height = max(self.height, float(np.partition(lower_bounds, below)[below]))


def _near_best(
    chunks: list[_Chunk],
    k: int,
    allowed: npt.NDArray[np.bool_] | None,
    workers: Executor | None,
) -> _Near:
    """All rows that may reach the k-th best score; never one that is no number."""
    bar = _Bar(k)
    longest = max((chunk.end - chunk.begin for chunk in chunks), default=0)
    spare: list[npt.NDArray[np.float64]] = []  # fresh memory for each chunk takes longer

    def candidates(chunk: _Chunk) -> _Near:
        size = chunk.end - chunk.begin
        try:
            buffer = spare.pop()
        except IndexError:
            buffer = np.empty((1, longest))
        errors = chunk.score(buffer[:, :size])
        scores = buffer[0, :size]
        may = scores + errors >= bar.height
        if allowed is not None:
            may &= allowed[chunk.begin : chunk.end]
        at = np.flatnonzero(may)
        near = _Near(at + chunk.begin, scores[at], errors[at])
        spare.append(buffer)
        bar.raise_to(near.scores - near.errors)
        return _reaching(bar, near)

    found = list(workers.map(candidates, chunks) if workers else map(candidates, chunks))
    if not found:
        return _Near(np.empty(0, np.int64), np.empty(0), np.empty(0, np.float32))
    near = _Near(
        np.concatenate([part.slots for part in found]),
        np.concatenate([part.scores for part in found]),
        np.concatenate([part.errors for part in found]),
    )
    bar.raise_to(near.scores - near.errors)
    return _reaching(bar, near)


def _reaching(bar: _Bar, near: _Near) -> _Near:
    may = near.scores + near.errors >= bar.height
    return _Near(near.slots[may], near.scores[may], near.errors[may])


def _score(
    rows: Rows, slots: npt.NDArray[np.int64], query: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Dot products of some rows in float32, a bounded piece at a time.

    Not by `@`: BLAS sums a row in another order where it stands elsewhere in the piece, so that two
    copies of one vector would score apart. `einsum` sums every row alike, and as fast.
    """
    pieces = [
        np.einsum("ij,j->i", copy_rows(rows, slots[at : at + CHUNK_ROWS]).astype(np.float32), query)
        for at in range(0, len(slots), CHUNK_ROWS)
    ]
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.float32)
