"""Does a library agree with itself? And what does it hold?"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sightline.errors import LibraryError
from sightline.library.place import Place
from sightline.library.reader import LibraryReader, StoredModel
from sightline.library.sketch import BLOCK_ROWS, Blocks, is_sketched_by
from sightline.library.sketch_file import SketchFile
from sightline.library.vectors import Rows, map_vectors

_CHECK_ROWS = 65_536
_SKETCH_ROWS = 4096
_UNIT_TOLERANCE = 5e-3
"""float16 rounds each of d numbers by at most 2^-11 of itself, and so the length too."""


@dataclass(frozen=True)
class ModelStatus:
    """How much of the library one encoder has embedded."""

    model_id: str
    source: str
    dimensions: int
    photos: int


@dataclass(frozen=True)
class RunStatus:
    """One index run; `finished_at` is None while it runs, or if it was stopped."""

    started_at: str
    finished_at: str | None
    model: str
    version: str
    roots: str
    counts: str | None


@dataclass(frozen=True)
class Failure:
    """A file that could not be used."""

    path: bytes
    kind: str
    reason: str


@dataclass(frozen=True)
class Status:
    """What a library holds. `photos` counts those with at least one path that is there."""

    folder: Path
    photos: int
    paths: int
    absent_photos: int
    failures: int
    bytes_on_disk: int
    models: tuple[ModelStatus, ...]
    last_run: RunStatus | None


def read_status(reader: LibraryReader) -> Status:
    """Count what is there, all at one moment."""
    with reader.snapshot():
        return _read_status(reader)


def _read_status(reader: LibraryReader) -> Status:
    (photos, absent), *_ = reader.query(
        "SELECT count(*) - count(*) FILTER (WHERE copies = 0), count(*) FILTER (WHERE copies = 0)"
        " FROM photos"
    )
    ((paths,),) = reader.query("SELECT count(*) FROM paths WHERE gone_in IS NULL")
    ((failures,),) = reader.query("SELECT count(*) FROM failures")
    models = reader.query(
        "SELECT model_id, source, dimensions, (SELECT count(*) FROM vectors WHERE model = models.id"
        " AND photo IS NOT NULL) FROM models ORDER BY id"
    )
    runs = reader.query(
        "SELECT started_at, finished_at, model, version, roots, counts FROM runs"
        " ORDER BY id DESC LIMIT 1"
    )
    return Status(
        folder=reader.place.folder,
        photos=int(str(photos)),
        paths=int(str(paths)),
        absent_photos=int(str(absent)),
        failures=int(str(failures)),
        bytes_on_disk=_bytes_on_disk(reader.place),
        models=tuple(ModelStatus(*row) for row in models),  # type: ignore[arg-type]
        last_run=RunStatus(*runs[0]) if runs else None,  # type: ignore[arg-type]
    )


def read_failures(reader: LibraryReader) -> list[Failure]:
    """Every file that could not be used, by path."""
    rows = reader.query("SELECT path, kind, reason FROM failures ORDER BY path")
    return [Failure(*row) for row in rows]  # type: ignore[arg-type]


def check(reader: LibraryReader) -> list[str]:
    """Verify the record, and every vector against it. An empty list: all is well.

    May run beside a writer.
    """
    with reader.snapshot():
        problems = _check_record(reader)
    for model in reader.models():
        problems += _check_vectors(reader, model)
    return problems


def _check_record(reader: LibraryReader) -> list[str]:
    problems = [
        f"the record: {row[0]}" for row in reader.query("PRAGMA integrity_check") if row[0] != "ok"
    ]
    problems += [
        f"the record: a row of {row[0]} points at a row of {row[2]} that is not there"
        for row in reader.query("PRAGMA foreign_key_check")
    ]
    ((miscounted,),) = reader.query(
        "SELECT count(*) FROM photos WHERE copies != (SELECT count(*) FROM paths"
        " WHERE paths.photo = photos.id AND gone_in IS NULL)"
    )
    if miscounted:
        problems.append(f"the record: {miscounted} photos miscount their paths")
    ((unnamed,),) = reader.query(
        "SELECT count(*) FROM photos WHERE copies > 0"
        " AND NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.photo = photos.id)"
    )
    if unnamed:
        problems.append(f"the record: {unnamed} photos have no vector under any model")
    return problems


def _check_vectors(reader: LibraryReader, model: StoredModel) -> list[str]:
    ((count, named),) = reader.query(
        "SELECT coalesce(max(slot) + 1, 0), count(*) FROM vectors WHERE model = ?", model.row
    )
    total = int(str(count))
    problems = []
    if total != named:
        problems.append(f"{model.model_id}: {total} slots, but {named} are named")
    try:
        rows = map_vectors(reader.place.vectors(model.model_id), model.dimensions, total)
    except LibraryError as error:
        return [*problems, f"{model.model_id}: {error}"]
    blank, no_unit = set[int](), set[int]()
    for at in range(0, total, _CHECK_ROWS):
        with np.errstate(all="ignore"):  # garbage may be infinite or no number: found below
            lengths = np.linalg.norm(rows[at : at + _CHECK_ROWS].astype(np.float32), axis=1)
        blank.update((np.flatnonzero(lengths == 0) + at).tolist())
        is_unit = np.abs(lengths - 1) < _UNIT_TOLERANCE  # false for NaN
        no_unit.update((np.flatnonzero(~is_unit) + at).tolist())
    sketch = SketchFile(reader.place, model.model_id, model.dimensions)
    blocks = sketch.map(rows)
    untrue = _untrue(blocks, rows)
    # Asked only now: what was forgotten while we looked is blank by right.
    nameless = {
        int(str(slot))
        for (slot,) in reader.query(
            "SELECT slot FROM vectors WHERE model = ? AND photo IS NULL", model.row
        )
    }
    if broken := sorted(no_unit - nameless):
        some = ", ".join(map(str, broken[:5])) + (", ..." if broken[5:] else "")
        problems.append(
            f"{model.model_id}: {len(broken)} vectors are no unit vectors (slots {some})"
        )
    if missed := untrue - nameless - no_unit:
        problems.append(
            f"{model.model_id}: {sketch.path} is wrong on {len(missed)} vectors: searches may miss "
            "them. Remove the file, and the next `sightline index` makes it again"
        )
    if sketch.is_damaged(rows):
        problems.append(
            f"{model.model_id}: {sketch.path} is no sketch of these vectors; searches find the "
            "same and take longer, and the next `sightline index` makes it again"
        )
    if left := {slot for slot in nameless if slot not in blank or _is_drawn(blocks, slot)}:
        problems.append(
            f"{model.model_id}: {len(left)} forgotten vectors are not blanked yet; run "
            "`sightline forget` once more"
        )
    return problems


def _untrue(sketch: Blocks, rows: Rows) -> set[int]:
    """Slots on which a sketch is wrong."""
    untrue = set[int]()
    for number, block in enumerate(sketch):
        begin = number * BLOCK_ROWS
        for at in range(0, BLOCK_ROWS, _SKETCH_ROWS):
            places = slice(at, min(at + _SKETCH_ROWS, BLOCK_ROWS))
            true = is_sketched_by(rows[begin + at : begin + places.stop], block, places)
            untrue.update((np.flatnonzero(~true) + begin + at).tolist())
    return untrue


def _is_drawn(sketch: Blocks, slot: int) -> bool:
    """Whether a sketch still shows what stood at a slot."""
    number, row = divmod(slot, BLOCK_ROWS)
    return number < len(sketch) and bool(sketch[number]["wholes"][row].any())


def _bytes_on_disk(place: Place) -> int:
    sizes = 0
    for path in place.folder.rglob("*"):
        with suppress(OSError):  # SQLite's own small files come and go
            sizes += path.stat().st_size if path.is_file() else 0
    return sizes
