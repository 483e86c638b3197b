"""The exact scan against the memory's own speed: 1,000,000 × 384 float16, in the page cache.

The bar is the fastest plain read of these bytes by as many threads: reductions in numpy over the
file seen as 64-bit integers. A scan that looks at all of them can't be faster. One that begins
with the sketch looks at half as many, and can.
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
from sightline.library.place import Place
from sightline.library.scan import scan
from sightline.library.sketch_file import SketchFile
from sightline.library.vectors import DTYPE, Rows, map_vectors

DIMENSIONS = 384
MODEL = "random"
TARGET = 0.80
READS = {"or": np.bitwise_or, "xor": np.bitwise_xor, "sum": np.add, "max": np.maximum}
READ_ROWS = (4_096, 16_384, 65_536)


def write_unit_vectors(path: Path, count: int, seed: int = 0) -> Rows:
    """Random directions, as an encoder's vectors on their way to disk."""
    rng = np.random.default_rng(seed)
    path.parent.mkdir()
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
    also_asked = iter(np.tile(queries, (10, 1)))
    with workspace() as folder, ThreadPoolExecutor(usable_cores()) as workers:
        place = Place(folder)
        rows = write_unit_vectors(place.vectors(MODEL), given.rows)
        file = SketchFile(place, MODEL, DIMENSIONS)
        file.extend(rows)
        sketch = file.map(rows)
        words = rows.view(np.uint64)
        sides: dict[str, Callable[[], float]] = {
            f"{name} by {step:,} rows": partial(
                seconds, partial(read_all, words, operation, step, workers)
            )
            for name, operation in READS.items()
            for step in READ_ROWS
        }
        sides["scan"] = lambda: seconds(lambda: scan(rows, next(asked), 12, None, workers, sketch))
        sides["plain"] = lambda: seconds(lambda: scan(rows, next(also_asked), 12, None, workers))
        measured = interleave(sides, rounds, warm_up=2)
    scanned, plain = measured.pop("scan"), measured.pop("plain")
    best = min(measured, key=lambda name: measured[name].median)
    report(
        f"Exact scan of {given.rows:,} × {DIMENSIONS} float16 with {usable_cores()} threads",
        [
            _time(f"plain read ({best})", measured[best], rows.nbytes),
            *_against("scan, 12 best", scanned, measured[best], rows.nbytes, TARGET),
            *_against("the same without the sketch", plain, measured[best], rows.nbytes),
        ],
        given.json,
    )


def _time(what: str, took: Sample, size: int) -> Row:
    figure = f"{took.show(1e3)} ms, {size / took.median / 1e9:.1f} GB/s of float16"
    return Row(what, figure, values={"seconds": list(took.values)})


def _against(
    what: str, took: Sample, read: Sample, size: int, target: float | None = None
) -> list[Row]:
    share = read.median / took.median
    fastest = min(read.values) / min(took.values)
    return [
        _time(what, took, size),
        Row(
            "its share of the read's speed",
            f"{share:.0%} (fastest of each: {fastest:.0%})",
            f"at least {target:.0%}" if target else "",
            at_least(share, target) if target else None,
            {"share": share, "share_of_fastest": fastest},
        ),
    ]


if __name__ == "__main__":
    main()
