"""How long a question takes: as a whole process, and in a program that has the library open.

The libraries are the product's own, written by its writer, with random unit vectors for photos: a
scan is as long whatever the vectors mean. One library grows from 1,000 photos to 1,000,000, and is
asked at every size. All files are in the page cache, as they are from the second question on.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from time import perf_counter

import numpy as np

from common import (
    Row,
    Sample,
    in_its_own_process,
    parser,
    program,
    report,
    whole_process,
    workspace,
)
from sightline import Filters, Library, Query
from sightline.encoders import DEFAULT_MODEL, DualEncoder, load_encoder
from sightline.library.place import Place
from sightline.library.sketch import BLOCK_ROWS
from sightline.library.survey import Surveyor
from sightline.library.writer import Embedded, open_writer
from sightline.photos.read import Facts
from sightline.photos.walk import FoundFile
from sightline.retrieval.query import embed_query

SIZES = (1_000, 10_000, 100_000, 1_000_000)
COLD_PHOTOS, COLD_SECONDS, COLD_MB = 100_000, 0.45, 200
WARM_PHOTOS, WARM_MS = 1_000_000, 40
_BATCH = 10_000
_THINGS = ("two dogs", "a red car", "birthday cake", "an old man", "a receipt", "children playing")
_PLACES = ("on a beach at sunset", "in the snow", "at night", "near a lake", "in a kitchen")
QUERIES = [f"{thing} {place}" for thing, place in product(_THINGS, _PLACES)]


def grow(place: Place, source: str, encoder: DualEncoder, begin: int, end: int) -> None:
    """Add made-up photos `begin` to `end` to the library."""
    rng = np.random.default_rng(begin)
    with open_writer(place) as writer:
        model = writer.model_row(encoder.id, source, encoder.dimensions)
        Surveyor(writer.connection).compare(model)
        run = writer.begin_run(encoder.id, [])
        with writer.appender(model) as appender:
            for at in range(begin, end, _BATCH):
                numbers = range(at, min(at + _BATCH, end))
                size = (len(numbers), encoder.dimensions)
                vectors = rng.standard_normal(size, dtype=np.float32)
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                photos = map(_photo, numbers, vectors)
                writer.record(run, model, appender, list(photos))
        writer.finish_run(run, model, [], writer.record(run, model, appender, []))
        writer.sketch_vectors(model)


def _photo(number: int, vector: np.ndarray) -> Embedded:
    folder, name = divmod(number, 500)
    path = f"/home/someone/Pictures/{folder:05}/IMG_{name:04}.jpg".encode()
    facts = Facts(4000, 3000, "JPEG", taken_at=f"{2000 + number % 25}-06-15T12:00:00")
    file = FoundFile(path, 4_000_000 + number, 1_700_000_000_000_000_000 + number)
    return Embedded(file, hashlib.sha256(path).hexdigest(), facts, vector)


def warm_seconds(folder: Path, rounds: int) -> list[tuple[float, float]]:
    """Ask every query `rounds` times. Returns seconds in all, and of these for the words."""
    with Library.open(folder) as library:
        stored, encoder = library._model(library._reading(), None)
        for query in QUERIES[:5]:
            library.search(query)
        taken = []
        for query in QUERIES * rounds:
            began = perf_counter()
            vector = embed_query(Query.of(query), encoder)
            embedded = perf_counter()
            library._reading().nearest(stored, vector, 12, Filters())
            taken.append((perf_counter() - began, embedded - began))
    return taken


@contextmanager
def put_aside(sketch: Path) -> Iterator[None]:
    """Do without the sketch for a while."""
    aside = sketch.with_suffix(".aside")
    sketch.rename(aside)
    try:
        yield
    finally:
        aside.rename(sketch)


def _rows(count: int, place: Place, model_id: str, given_rounds: int) -> list[Row]:
    command = [program(), "search", "two dogs on a beach", "--library", str(place.folder)]
    seconds, peak, cpu = whole_process(command, times=given_rounds * 5, warm_up=2)
    warm = in_its_own_process(partial(warm_seconds, place.folder, given_rounds))
    cold_asked, warm_asked = count == COLD_PHOTOS, count == WARM_PHOTOS
    mapped_mb = _read_mb(place, model_id, count)
    rows = [
        Row(
            f"{count:,} photos, whole process",
            f"{seconds.show(digits=3)} s, of the processor {cpu.median:.3f} s",
            f"at most {COLD_SECONDS} s" if cold_asked else "",
            seconds.median <= COLD_SECONDS if cold_asked else None,
            {"seconds": list(seconds.values), "cpu_seconds": list(cpu.values)},
        ),
        Row(
            f"{count:,} photos, whole process, peak memory",
            f"{peak.show()} MB, {mapped_mb:.1f} of it mapped vectors",
            f"at most {COLD_MB} MB" if cold_asked else "",
            peak.median <= COLD_MB if cold_asked else None,
            {"peak_mb": list(peak.values), "mapped_mb": mapped_mb},
        ),
        _warm_row(f"{count:,} photos, warm", warm, WARM_MS if warm_asked else None),
    ]
    if place.sketch(model_id).exists():
        with put_aside(place.sketch(model_id)):
            warm = in_its_own_process(partial(warm_seconds, place.folder, given_rounds))
        rows.append(_warm_row(f"{count:,} photos, warm, without the sketch", warm))
    return rows


def _warm_row(what: str, taken: list[tuple[float, float]], most_ms: float | None = None) -> Row:
    total, words = (Sample(values) for values in zip(*taken, strict=True))
    p95 = total.percentile(95)
    return Row(
        what,
        f"p50 {total.median * 1e3:.1f} ms, p95 {p95 * 1e3:.1f} ms;"
        f" of it the words {words.median * 1e3:.1f} ms",
        f"p50 at most {most_ms} ms" if most_ms else "",
        total.median * 1e3 <= most_ms if most_ms else None,
        {"seconds": list(total.values), "of_it_words": list(words.values), "p95": p95},
    )


def _read_mb(place: Place, model_id: str, count: int) -> float:
    """What a search reads of the vectors: the sketch, and what it does not cover yet."""
    vectors, sketch = place.vectors(model_id), place.sketch(model_id)
    if not sketch.exists():
        return vectors.stat().st_size / 1e6
    past = (count % BLOCK_ROWS) * vectors.stat().st_size // count
    return (sketch.stat().st_size + past) / 1e6


def main() -> None:
    """Build, ask, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--model", default=DEFAULT_MODEL, help="a name or a model folder")
    given = arguments.parse_args()
    encoder = load_encoder(given.model)
    rows: list[Row] = []
    with workspace() as folder:
        place = Place(folder / "library")
        have = 0
        for count in SIZES[:3] if given.quick else SIZES:
            grow(place, str(given.model), encoder, have, count)
            have = count
            rows += _rows(count, place, encoder.id, 1 if given.quick else 4)
    title = f"Query latency with {encoder.id}, {encoder.dimensions} dimensions"
    report(title, rows, given.json)


if __name__ == "__main__":
    main()
