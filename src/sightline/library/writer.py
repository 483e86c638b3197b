"""The one place that writes to a library: vectors first, then the rows that name them."""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sightline.errors import LibraryCorrupt, PhotoError
from sightline.library.database import connect_to_write, plain_errors
from sightline.library.lock import write_lock
from sightline.library.place import Place
from sightline.library.sketch_file import SketchFile
from sightline.library.vectors import VectorAppender, map_vectors
from sightline.photos.read import Facts
from sightline.photos.walk import FoundFile
from sightline.version import __version__


@dataclass(frozen=True)
class Embedded:
    """A file that was read. A photo that the library knew already brings no vector."""

    file: FoundFile
    hash: str
    facts: Facts | None
    vector: npt.NDArray[np.float32] | None


@dataclass(frozen=True)
class Failed:
    """A file that could not be used, and why."""

    file: FoundFile
    error: PhotoError


@contextmanager
def open_writer(place: Place) -> Iterator["LibraryWriter"]:
    """Hold the lock and the record for writing.

    Raises:
        LibraryError: busy, unwritable, too new or damaged.
    """
    with write_lock(place):
        connection = connect_to_write(place)
        try:
            with plain_errors(place):
                yield LibraryWriter(place, connection)
        finally:
            connection.close()


class LibraryWriter:
    """Writes to an open library. Every method is one transaction: all of it or nothing."""

    def __init__(self, place: Place, connection: sqlite3.Connection) -> None:
        self.place = place
        self.connection = connection

    def model_row(self, model_id: str, source: str, dimensions: int) -> int:
        """The row of a model, made if it is new here."""
        with self.transaction():
            self.connection.execute(
                "INSERT INTO models (model_id, source, dimensions) VALUES (?, ?, ?)"
                " ON CONFLICT (model_id) DO UPDATE SET source = excluded.source",
                (model_id, source, dimensions),
            )
            (row,) = self.connection.execute(
                "SELECT id FROM models WHERE model_id = ?", (model_id,)
            ).fetchone()
        return int(row)

    @contextmanager
    def appender(self, model_row: int) -> Iterator[VectorAppender]:
        """The vector file of a model, positioned behind the last slot that has a name."""
        model_id, dimensions, free = self._extent(model_row)
        SketchFile(self.place, model_id, dimensions).cut(free)
        with VectorAppender(self.place.vectors(model_id), dimensions, free) as appender:
            yield appender

    def sketch_vectors(self, model_row: int) -> None:
        """Extend the sketch of a model's vectors to all that have a name."""
        model_id, dimensions, count = self._extent(model_row)
        rows = map_vectors(self.place.vectors(model_id), dimensions, count)
        SketchFile(self.place, model_id, dimensions).extend(rows)

    def blank(self, model_row: int, slots: list[int]) -> None:
        """Overwrite vectors with zeros, and what their sketch says of them."""
        model_id, dimensions, free = self._extent(model_row)
        with VectorAppender(self.place.vectors(model_id), dimensions, free) as appender:
            appender.blank(slots)
        SketchFile(self.place, model_id, dimensions).blank(slots)

    def _extent(self, model_row: int) -> tuple[str, int, int]:
        """A model's id, its dimensions, and how many slots have a name."""
        model_id, dimensions, count = self.connection.execute(
            "SELECT model_id, dimensions, (SELECT coalesce(max(slot) + 1, 0) FROM vectors"
            " WHERE vectors.model = models.id) FROM models WHERE id = ?",
            (model_row,),
        ).fetchone()
        return model_id, dimensions, count

    def begin_run(self, model_id: str, roots: list[Path]) -> int:
        """Note that an index run has begun."""
        with self.transaction():
            cursor = self.connection.execute(
                "INSERT INTO runs (started_at, model, version, roots) VALUES (?, ?, ?, ?)",
                (_now(), model_id, __version__, json.dumps([str(root) for root in roots])),
            )
        return int(cursor.lastrowid or 0)

    def record(
        self, run: int, model_row: int, appender: VectorAppender, batch: list[Embedded | Failed]
    ) -> Counter[str]:
        """Append the batch's vectors, then name them and their paths; say what each file was."""
        first_of_hash = {
            item.hash: item
            for item in reversed(batch)
            if isinstance(item, Embedded)
            and item.vector is not None
            and not knows_vector(self.connection, model_row, item.hash)
        }
        slots: dict[str, int] = {}
        if first_of_hash:
            vectors = np.stack(
                [item.vector for item in first_of_hash.values() if item.vector is not None]
            )
            slots = dict(zip(first_of_hash, appender.append(vectors), strict=True))
        counts: Counter[str] = Counter()
        with self.transaction():
            for item in batch:
                if isinstance(item, Failed):
                    self._note_failure(run, item)
                    counts["failed"] += 1
                else:
                    counts[self._note_photo(model_row, item, slots)] += 1
        return counts

    def require_place(self) -> None:
        """Refuse to call a run done whose library was removed under it.

        Raises:
            LibraryCorrupt: the record is no longer where it was.
        """
        if not self.place.database.exists():
            raise LibraryCorrupt(
                f"The library {self.place.folder} was removed while it was being written. "
                "Index again."
            )

    def finish_run(
        self,
        run: int,
        model_row: int,
        unreadable: Iterable[tuple[bytes, str]],
        counts: Counter[str],
    ) -> Counter[str]:
        """Sweep: bring back what was found again, mark what is gone, close the run.

        Only a run that came to its end gets here, so an interrupted one marks nothing as gone.
        """
        execute = self.connection.execute
        with self.transaction():
            execute(
                "UPDATE paths SET gone_in = NULL WHERE gone_in IS NOT NULL"
                " AND path IN (SELECT path FROM temp.found)"
                " AND path NOT IN (SELECT path FROM temp.todo)"
            )
            execute(
                "UPDATE paths SET gone_in = ? WHERE path IN (SELECT path FROM temp.gone)", (run,)
            )
            execute(
                "DELETE FROM failures WHERE run < ? AND EXISTS (SELECT 1 FROM temp.scope"
                " WHERE failures.path >= scope.low AND failures.path < scope.high)",
                (run,),
            )
            for path, reason in unreadable:
                self._insert_failure(run, path, "UnreadablePhoto", reason)
                counts["failed"] += 1
            (counts["gone"],) = execute("SELECT count(*) FROM temp.gone WHERE NOT moved").fetchone()
            execute(
                "UPDATE runs SET finished_at = ?, counts = ? WHERE id = ?",
                (_now(), json.dumps(counts), run),
            )
            execute("UPDATE models SET last_run = ? WHERE id = ?", (run, model_row))
        return counts

    def _note_photo(self, model_row: int, item: Embedded, slots: dict[str, int]) -> str:
        """Name one photo, its vector and its path. Returns what this path is to the library."""
        execute = self.connection.execute
        known = execute("SELECT id FROM photos WHERE hash = ?", (item.hash,)).fetchone()
        photo = int(known[0]) if known else self._insert_photo(item)
        if (slot := slots.pop(item.hash, None)) is not None:
            execute(
                "INSERT INTO vectors (model, slot, photo) VALUES (?, ?, ?)",
                (model_row, slot, photo),
            )
        kind = self._kind_of(item.file.path, photo, known is not None)
        extension = os.path.splitext(os.fsdecode(item.file.path))[1][1:].lower()  # noqa: PTH122
        execute(
            "INSERT INTO paths (path, photo, size, mtime_ns, extension) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (path) DO UPDATE SET photo = excluded.photo, size = excluded.size,"
            " mtime_ns = excluded.mtime_ns, gone_in = NULL",
            (item.file.path, photo, item.file.size, item.file.mtime_ns, _storable(extension)),
        )
        execute("DELETE FROM failures WHERE path = ?", (item.file.path,))
        return kind

    def _kind_of(self, path: bytes, photo: int, photo_known: bool) -> str:
        execute = self.connection.execute
        here = execute("SELECT photo, gone_in FROM paths WHERE path = ?", (path,)).fetchone()
        if here is not None and here[0] == photo:
            return "unchanged"
        if here is not None and here[1] is None:
            return "changed"
        if not photo_known:
            return "new"
        moved = execute(
            "UPDATE temp.gone SET moved = 1 WHERE rowid ="
            " (SELECT rowid FROM temp.gone WHERE photo = ? AND NOT moved LIMIT 1)",
            (photo,),
        )
        if moved.rowcount:
            return "moved"
        elsewhere = execute(
            "SELECT 1 FROM paths WHERE photo = ? AND gone_in IS NULL LIMIT 1", (photo,)
        ).fetchone()
        return "duplicate" if elsewhere else "moved"

    def _insert_photo(self, item: Embedded) -> int:
        if item.facts is None:
            raise ValueError(f"a photo new to the library came without facts: {item.hash}")
        facts = item.facts
        cursor = self.connection.execute(
            "INSERT INTO photos (hash, bytes, width, height, format, taken_at, latitude, longitude,"
            " camera, lens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item.hash,
                item.file.size,
                facts.width,
                facts.height,
                facts.format,
                facts.taken_at,
                facts.latitude,
                facts.longitude,
                facts.camera,
                facts.lens,
            ),
        )
        return int(cursor.lastrowid or 0)

    def _note_failure(self, run: int, item: Failed) -> None:
        """What is at this path now is no photo, so the path no longer points at one.

        A file that has not changed keeps its photo: then it is only this model, this limit or this
        moment that could not use it.
        """
        file, error = item.file, item.error
        self.connection.execute(
            "UPDATE paths SET gone_in = ? WHERE path = ? AND (size != ? OR mtime_ns != ?)",
            (run, file.path, file.size, file.mtime_ns),
        )
        self._insert_failure(run, file.path, type(error).__name__, str(error))

    def _insert_failure(self, run: int, path: bytes, kind: str, reason: str) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO failures (path, kind, reason, run) VALUES (?, ?, ?, ?)",
            (path, kind, _storable(reason), run),
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is done in it, or nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise


def knows_vector(connection: sqlite3.Connection, model_row: int, photo_hash: str) -> bool:
    """Whether the library holds this photo's vector under this model."""
    return (
        connection.execute(
            "SELECT 1 FROM photos JOIN vectors ON vectors.photo = photos.id"
            " WHERE photos.hash = ? AND vectors.model = ?",
            (photo_hash, model_row),
        ).fetchone()
        is not None
    )


def _storable(text: str) -> str:
    """SQLite's text is UTF-8: an undecodable byte of a file name is shown as an escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
