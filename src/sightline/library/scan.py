"""The exact scan: every vector is looked at, and the k best are returned.

Vectors are float16, so a query costs one pass over half the bytes of float32. `numkong` multiplies
float16 by float16 and sums wider; the query's own rounding to float16 is then made good: by
Cauchy-Schwarz it moves no score by more than e = ‖q₁₆ - q‖, so every row within 2e of the k-th best
is scored again in float32, and the k best of those are the true ones.
"""

from concurrent.futures import Executor
from dataclasses import dataclass

import numkong
import numpy as np
import numpy.typing as npt

from sightline.library.vectors import Rows

CHUNK_ROWS = 32_768
"""Rows a task takes: its scores stay in the core's cache while the best are picked."""


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
) -> Hits:
    """Find the k rows with the largest dot product.

    Args:
        rows: float16 (n, d), C-contiguous.
        query: float32 (d,), a unit vector.
        allowed: bool (n,), the rows that may answer; None for all.
        workers: threads to share the work; numkong lets go of Python's lock.
    """
    rounded = query.astype(np.float16)
    slack = 2 * float(np.linalg.norm(rounded.astype(np.float32) - query)) + 1e-6
    if allowed is not None and np.count_nonzero(allowed) * 8 < len(rows):
        slots = np.flatnonzero(allowed)  # few rows: read only those
    else:
        slots = _near_best(rows, rounded, k, allowed, slack, workers)
    scores = _score(rows, slots, query)
    order = np.lexsort((slots, -scores))[:k]
    return Hits(slots[order], scores[order])


class _Bar:
    """The score that the k-th best row has reached so far; it only rises.

    Threads may read an older, lower bar: that costs them a few candidates too many, never one too
    few, so no lock is needed.
    """

    def __init__(self, k: int, slack: float) -> None:
        self._k = k
        self._slack = slack
        self.height = -np.inf

    def raise_to(self, scores: npt.NDArray[np.float64]) -> None:
        if len(scores) >= self._k:
            kth = np.partition(scores, len(scores) - self._k)[len(scores) - self._k]
            self.height = max(self.height, float(kth) - self._slack)


def _near_best(
    rows: Rows,
    query: npt.NDArray[np.float16],
    k: int,
    allowed: npt.NDArray[np.bool_] | None,
    slack: float,
    workers: Executor | None,
) -> npt.NDArray[np.int64]:
    """Slots of all rows within `slack` of the k-th best float16 score, in ascending order."""
    bar = _Bar(k, slack)
    spare: list[npt.NDArray[np.float64]] = []  # fresh memory for each chunk takes longer

    def candidates(at: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        chunk = rows[at : at + CHUNK_ROWS]
        try:
            buffer = spare.pop()
        except IndexError:
            buffer = np.empty((1, CHUNK_ROWS))
        numkong.cdist(query[None], chunk, "inner", out=buffer[:, : len(chunk)])
        scores = buffer[0, : len(chunk)]
        if allowed is not None:
            scores[~allowed[at : at + CHUNK_ROWS]] = -np.inf
        near = (
            np.flatnonzero(scores >= bar.height) if bar.height > -np.inf else np.arange(len(scores))
        )
        kept = scores[near]
        spare.append(buffer)
        bar.raise_to(kept)
        good = kept >= max(bar.height, np.finfo(np.float64).min)
        return near[good] + at, kept[good]

    starts = range(0, len(rows), CHUNK_ROWS)
    found = list(workers.map(candidates, starts) if workers else map(candidates, starts))
    if not found:
        return np.empty(0, dtype=np.int64)
    slots = np.concatenate([slots for slots, _ in found])
    scores = np.concatenate([scores for _, scores in found])
    bar.raise_to(scores)
    return slots[scores >= bar.height]


def _score(
    rows: Rows, slots: npt.NDArray[np.int64], query: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Dot products of some rows in float32, a bounded piece at a time.

    Not by `@`: BLAS sums a row in another order where it stands elsewhere in the piece, so that two
    copies of one vector would score apart. `einsum` sums every row alike, and as fast.
    """
    pieces = [
        np.einsum("ij,j->i", rows[slots[at : at + CHUNK_ROWS]].astype(np.float32), query)
        for at in range(0, len(slots), CHUNK_ROWS)
    ]
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.float32)
