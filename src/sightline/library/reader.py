"""Reading a library: never writes, never waits for a writer, sees only what was committed."""

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from types import TracebackType

import numpy as np
import numpy.typing as npt

from sightline.errors import LibraryCorrupt, LibraryError
from sightline.library.cores import usable_cores
from sightline.library.database import FrozenConnection, connect_to_read, plain_errors
from sightline.library.filters import Filters, teach_distance
from sightline.library.place import Place
from sightline.library.scan import Hits, scan
from sightline.library.sketch import Blocks
from sightline.library.sketch_file import Held, SketchFile
from sightline.library.vectors import Rows, map_vectors

_WORTH_THREADS = 50_000


@dataclass(frozen=True)
class StoredModel:
    """An encoder that has embedded photos in this library."""

    row: int
    model_id: str
    source: str
    dimensions: int


@dataclass(frozen=True)
class StoredPhoto:
    """One photo as the record knows it. `paths` are those that are there, fitting ones first."""

    hash: str
    paths: tuple[bytes, ...]
    bytes: int
    width: int
    height: int
    format: str
    taken_at: str | None
    latitude: float | None
    longitude: float | None
    camera: str | None
    lens: str | None


class LibraryReader:
    """A read-only view of one library. Safe to share between threads."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._lock = RLock()
        self._connection = self._connect()
        self._rows: dict[int, Rows] = {}
        self._sketches: dict[int, tuple[Held, Blocks]] = {}
        self._workers: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """Let the files go."""
        with self._lock:
            self._rows.clear()
            self._sketches.clear()
            self._connection.close()
            if self._workers is not None:
                self._workers.shutdown()

    def __enter__(self) -> "LibraryReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def models(self) -> list[StoredModel]:
        """Encoders with vectors here, the one that finished a run last first."""
        with self.snapshot() as connection:
            rows = connection.execute(
                "SELECT id, model_id, source, dimensions FROM models"
                " ORDER BY last_run IS NULL, last_run DESC, id DESC"
            ).fetchall()
        return [StoredModel(*row) for row in rows]

    def nearest(
        self, model: StoredModel, query: npt.NDArray[np.float32], k: int, filters: Filters
    ) -> list[tuple[StoredPhoto, float]]:
        """The k photos nearest to a unit vector among those that pass the filters.

        Returns:
            Photos with their cosine, best first; ties in the order of indexing.
        """
        with self.snapshot() as connection:
            rows = self._map(connection, model)
            allowed = self._allowed(model, len(rows), filters)
            workers = self._threads() if len(rows) > _WORTH_THREADS else None
            hits = scan(rows, query, k, allowed, workers, self._sketch(model, rows))
            passing = len(rows) if allowed is None else int(np.count_nonzero(allowed))
            if len(hits.slots) < min(k, passing):
                raise LibraryCorrupt(
                    f"{self.place.vectors(model.model_id)} holds vectors that are no numbers. "
                    "`sightline status --check` says which; restore the file from a backup, or "
                    "index into a new library with --library."
                )
            return list(self._photos(connection, model, hits, filters))

    def vector_of(self, model: StoredModel, photo_hash: str) -> npt.NDArray[np.float32] | None:
        """The stored vector of a photo, float32 (d,), or None if it has none under this model."""
        with self.snapshot() as connection:
            row = connection.execute(
                "SELECT slot FROM vectors JOIN photos ON photos.id = vectors.photo"
                " WHERE model = ? AND hash = ?",
                (model.row, photo_hash),
            ).fetchone()
            if row is None:
                return None
            return np.asarray(self._map(connection, model)[row[0]], dtype=np.float32)

    def vectors_of(
        self, model: StoredModel, photo_hashes: Sequence[str]
    ) -> npt.NDArray[np.float32]:
        """The stored vectors of many photos, float32 (n, d), in the order asked for.

        Raises:
            LibraryError: one of them has no vector under this model.
        """
        with self.snapshot() as connection:
            slots = dict(
                connection.execute(
                    "SELECT hash, slot FROM vectors JOIN photos ON photos.id = vectors.photo"
                    " WHERE model = ?",
                    (model.row,),
                )
            )
            lacking = [photo for photo in photo_hashes if photo not in slots]
            if lacking:
                raise LibraryError(
                    f"{len(lacking):,} of {len(photo_hashes):,} photos have no vector of "
                    f"{model.model_id} in {self.place.folder}. Run `sightline index --model "
                    f"{model.source}` on them first."
                )
            rows = self._map(connection, model)
            return np.asarray(rows[[slots[photo] for photo in photo_hashes]], dtype=np.float32)

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Rows of one read-only statement, for reports on the library itself."""
        with self.snapshot() as connection:
            return connection.execute(sql, values).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the record, however much is written meanwhile.

        May be held round other calls of this reader, which then all see the same.
        """
        with self._lock, plain_errors(self.place):
            if self._connection.in_transaction:
                yield self._connection
                return
            if isinstance(self._connection, FrozenConnection):
                self._connection.close()
                self._connection = self._connect()
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:  # SQLite itself ends it on a failing disk
                    self._connection.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        connection = connect_to_read(self.place)
        teach_distance(connection)
        return connection

    def _map(self, connection: sqlite3.Connection, model: StoredModel) -> Rows:
        (count,) = connection.execute(
            "SELECT coalesce(max(slot) + 1, 0) FROM vectors WHERE model = ?", (model.row,)
        ).fetchone()
        rows = self._rows.get(model.row)
        if rows is None or len(rows) != count:
            rows = map_vectors(self.place.vectors(model.model_id), model.dimensions, count)
            self._rows[model.row] = rows
        return rows

    def _sketch(self, model: StoredModel, rows: Rows) -> Blocks:
        """The sketch of these rows, as far as there is one now."""
        file = SketchFile(self.place, model.model_id, model.dimensions)
        held = file.held(len(rows))
        known = self._sketches.get(model.row)
        if known is None or known[0] != held:
            known = self._sketches[model.row] = held, file.map(rows)
        return known[1]

    def _allowed(
        self, model: StoredModel, count: int, filters: Filters
    ) -> npt.NDArray[np.bool_] | None:
        """A mask over slots, or None where every slot may answer.

        Slots come out of SQLite as one string: a row in Python for each would take ten times as
        long as the scan itself.
        """
        if filters.is_empty:
            absent = self._slots(
                count,
                "SELECT group_concat(slot) FROM (SELECT slot FROM vectors"
                " WHERE model = ?1 AND photo IS NULL UNION ALL SELECT slot FROM photos"
                # CROSS JOIN: from the few absent photos to their vectors. Left to itself, SQLite
                # goes through every vector: 20 ms for each 100,000.
                " CROSS JOIN vectors ON vectors.photo = photos.id"
                " WHERE photos.copies = 0 AND vectors.model = ?1)",
                model.row,
            )
            if not len(absent):
                return None
            allowed = np.ones(count, dtype=np.bool_)
            allowed[absent] = False
            return allowed
        condition, values = filters.photo_condition
        allowed = np.zeros(count, dtype=np.bool_)
        allowed[
            self._slots(
                count,
                "SELECT group_concat(slot) FROM photos JOIN vectors ON vectors.photo = photos.id"
                f" WHERE vectors.model = ? AND {condition}",
                model.row,
                *values,
            )
        ] = True
        return allowed

    def _slots(self, count: int, sql: str, *values: object) -> npt.NDArray[np.int64]:
        """Slots below `count`, from a statement that gives them as one string."""
        ((joined,),) = self._connection.execute(sql, values)
        slots = np.fromstring(joined or "", dtype=np.int64, sep=",")
        if len(slots) and slots.max() >= count:
            raise self._disagreement(f"slot {slots.max()} lies past the last one")
        return slots

    def _photos(
        self, connection: sqlite3.Connection, model: StoredModel, hits: Hits, filters: Filters
    ) -> Iterator[tuple[StoredPhoto, float]]:
        condition, values = filters.path_condition
        for slot, score in zip(hits.slots.tolist(), hits.scores.tolist(), strict=True):
            found = connection.execute(
                "SELECT id, hash, bytes, width, height, format, taken_at, latitude, longitude,"
                " camera, lens FROM vectors JOIN photos ON photos.id = vectors.photo"
                " WHERE model = ? AND slot = ?",
                (model.row, slot),
            ).fetchone()
            if found is None:
                raise self._disagreement(f"no photo is known for slot {slot}")
            photo_id, *facts = found
            paths = connection.execute(
                f"SELECT path FROM paths WHERE photo = ? AND gone_in IS NULL"
                f" ORDER BY NOT ({condition}), path",
                (photo_id, *values),
            ).fetchall()
            photo_hash, *rest = facts
            yield StoredPhoto(photo_hash, tuple(path for (path,) in paths), *rest), score

    def _threads(self) -> ThreadPoolExecutor:
        if self._workers is None:
            self._workers = ThreadPoolExecutor(usable_cores(), thread_name_prefix="scan")
        return self._workers

    def _disagreement(self, words: str) -> LibraryCorrupt:
        return LibraryCorrupt(
            f"The library {self.place.folder} disagrees with itself: {words}; `sightline status "
            "--check` says more. Restore it from a backup, or index into a new one with --library."
        )
