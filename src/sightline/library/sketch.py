"""The sketch: a coarser copy of the vectors, one byte a number, that a search reads first.

A row x is kept as x̂ = scale · c, where c are whole numbers from -127 to 127, with its error
‖x - x̂‖. That bounds how far the row's score for any query can be from the sketch's, so that only
few rows must be read in full: see `scan.py`. How a sketch is kept on disk: see `sketch_file.py`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sightline.library.vectors import Rows

Blocks = npt.NDArray[np.void]
"""Blocks of sketched rows, (m,): fields `wholes` int8 (m, rows, d), `scales` and `errors` float32
(m, rows). Row r of block b is row b · rows + r of the vectors."""

BLOCK_ROWS = 32_768
"""Rows of a block, and so the least that a sketch grows by: a millisecond's scan in float16."""

LONGEST = 1.01
"""Length up to which a row's error is told. Stored vectors have length 1, within float16."""

Places = slice | tuple[slice, int]
"""Rows of one block; or one row of each block."""

_LARGEST = 127
_PIECE_ROWS = 1024  # float32 copies of so many rows stay in a core's cache


@dataclass(frozen=True)
class SketchedQuery:
    """A query as the sketch's kernel takes it: about scale · wholes, int8 (d,).

    `length` is no less than ‖scale · wholes‖, and `error` than ‖q - scale · wholes‖.
    """

    wholes: npt.NDArray[np.int8]
    scale: float
    length: float
    error: float


def sketch_query(query: npt.NDArray[np.float32]) -> SketchedQuery:
    """Sketch a query, float32 (d,)."""
    exact = query.astype(np.float64)
    scale = float(np.abs(exact).max()) / _LARGEST
    wholes = np.rint(exact / (scale or 1.0))
    length, error = np.linalg.norm(scale * wholes), np.linalg.norm(exact - scale * wholes)
    return SketchedQuery(wholes.astype(np.int8), scale, float(length) + 1e-6, float(error) + 1e-9)


def block_layout(dimensions: int) -> np.dtype[np.void]:
    """How a block of rows of so many dimensions lies in memory and on disk."""
    return np.dtype(
        [
            ("wholes", "i1", (BLOCK_ROWS, dimensions)),
            ("scales", "<f4", BLOCK_ROWS),
            ("errors", "<f4", BLOCK_ROWS),
        ]
    )


def sketch_block(rows: Rows) -> Blocks:
    """One block, (1,), from its `BLOCK_ROWS` rows, float16 (n, d)."""
    block = np.empty(1, block_layout(rows.shape[1]))
    for at in range(0, len(rows), _PIECE_ROWS):
        piece = slice(at, at + _PIECE_ROWS)
        for name, values in zip(block.dtype.names or (), _sketch(rows[piece]), strict=True):
            block[name][0, piece] = values
    return block


def _sketch(
    rows: Rows,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Wholes, scales and errors of rows (n, d).

    A row that is too long or no number is damaged: it gets an infinite error, so that every
    search reads it in full.
    """
    exact = rows.astype(np.float32)
    with np.errstate(over="ignore"):
        sound = np.linalg.norm(exact, axis=1) <= LONGEST  # false for NaN
    exact[~sound] = 0
    scales = np.abs(exact).max(axis=1) / np.float32(_LARGEST)
    wholes = np.rint(exact / np.where(scales > 0, scales, np.float32(1))[:, None])
    # A little more than is measured: float32 rounds the measuring itself.
    errors = _errors(exact, wholes, scales) * np.float32(1.0001) + np.float32(1e-6)
    errors[~sound] = np.inf
    return wholes, scales, errors


def is_sketched_by(rows: Rows, sketched: Blocks | np.void, places: Places) -> npt.NDArray[np.bool_]:
    """Whether rows (n, d) are as near to what a sketch has at `places` as it says, bool (n,)."""
    wholes, scales, errors = (sketched[name][places] for name in ("wholes", "scales", "errors"))
    with np.errstate(all="ignore"):  # damaged rows and sketches hold anything
        near = _errors(rows.astype(np.float32), wholes, scales) <= errors
    return np.asarray(near | np.isposinf(errors))


def _errors(
    exact: npt.NDArray[np.float32],
    wholes: npt.NDArray[np.int8] | npt.NDArray[np.float32],
    scales: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    apart = exact - wholes * scales[:, None]
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", apart, apart)))
