"""The exact scan against the memory's own speed: 1,000,000 × 384 float16, in the page cache.

The bar is the fastest plain read of the same bytes by as many threads: reductions in numpy over
the file seen as 64-bit integers. A scan can't be faster than that, since it must look at all of it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from common import Row, Sample, at_least, interleave, parser, report, workspace
from sightline.library.cores import usable_cores
from sightline.library.scan import scan
from sightline.library.vectors import DTYPE, Rows, map_vectors

DIMENSIONS = 384
TARGET = 0.80
READS = {"or": np.bitwise_or, "xor": np.bitwise_xor, "sum": np.add, "max": np.maximum}
READ_ROWS = (4_096, 16_384, 65_536)


def write_unit_vectors(path: Path, count: int, seed: int = 0) -> Rows:
    """Random directions, as an encoder's vectors on their way to disk."""
    rng = np.random.default_rng(seed)
    with path.open("wb") as file:
        for at in range(0, count, 50_000):
            size = (min(50_000, count - at), DIMENSIONS)
            vectors = rng.standard_normal(size, dtype=np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            file.write(vectors.astype(DTYPE).tobytes())
    return map_vectors(path, DIMENSIONS, count)


def read_all(
    words: npt.NDArray[np.uint64], operation: np.ufunc, step: int, workers: ThreadPoolExecutor
) -> None:
    """Bring every byte to the core once and do as little as possible with it."""

    def read(at: int) -> np.uint64:
        return operation.reduce(words[at : at + step].ravel())

    list(workers.map(read, range(0, len(words), step)))


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    began = perf_counter()
    action()
    return perf_counter() - began


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    given = arguments.parse_args()
    rounds = 10 if given.quick else 60
    rng = np.random.default_rng(1)
    queries = rng.standard_normal((64, DIMENSIONS)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    asked = iter(np.tile(queries, (10, 1)))
    with workspace() as folder, ThreadPoolExecutor(usable_cores()) as workers:
        rows = write_unit_vectors(folder / "vectors.f16", given.rows)
        words = rows.view(np.uint64)
        sides: dict[str, Callable[[], float]] = {
            f"{name} by {step:,} rows": partial(
                seconds, partial(read_all, words, operation, step, workers)
            )
            for name, operation in READS.items()
            for step in READ_ROWS
        }
        sides["scan"] = lambda: seconds(lambda: scan(rows, next(asked), 12, None, workers))
        measured = interleave(sides, rounds, warm_up=2)
    scanned = measured.pop("scan")
    best = min(measured, key=lambda name: measured[name].median)
    report(
        f"Exact scan of {given.rows:,} × {DIMENSIONS} float16 with {usable_cores()} threads",
        _rows(scanned, measured[best], best, rows.nbytes),
        given.json,
    )


def _rows(scanned: Sample, read: Sample, best: str, size: int) -> list[Row]:
    share = read.median / scanned.median
    fastest = min(read.values) / min(scanned.values)
    return [
        Row(
            f"plain read ({best})",
            f"{read.show(1e3)} ms, {size / read.median / 1e9:.1f} GB/s",
            values={"seconds": list(read.values)},
        ),
        Row(
            "scan, 12 best",
            f"{scanned.show(1e3)} ms, {size / scanned.median / 1e9:.1f} GB/s",
            values={"seconds": list(scanned.values)},
        ),
        Row(
            "scan's share of the read's speed",
            f"{share:.0%} (fastest of each: {fastest:.0%})",
            f"at least {TARGET:.0%}",
            at_least(share, TARGET),
            {"share": share, "share_of_fastest": fastest},
        ),
    ]


if __name__ == "__main__":
    main()
