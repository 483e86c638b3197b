"""What the folders hold against what the record knows, as sets.

The walk fills a temporary table; comparing is then SQL, so memory stays bounded whatever the
number of files, and 100,000 unchanged ones cost no row-by-row work in Python. All tables here are
SQLite's temporary ones: a survey writes nothing to the library.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sightline.library.spans import path_span
from sightline.photos.walk import FoundFile

_TABLES = """
CREATE TEMP TABLE found (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER) WITHOUT ROWID;
CREATE TEMP TABLE scope (low BLOB, high BLOB);
CREATE TEMP TABLE unreadable (low BLOB, high BLOB, path BLOB, reason TEXT);
"""

_COMPARE = """
CREATE TEMP TABLE todo AS
    SELECT found.path, found.size, found.mtime_ns, paths.path IS NOT NULL AS known
    FROM found LEFT JOIN paths ON paths.path = found.path
    WHERE paths.path IS NULL OR paths.size != found.size OR paths.mtime_ns != found.mtime_ns
       OR NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.model = :model
                      AND vectors.photo = paths.photo)
    ORDER BY found.path;
CREATE TEMP TABLE gone AS
    SELECT DISTINCT paths.path, paths.photo, 0 AS moved
    FROM scope JOIN paths ON paths.path >= scope.low AND paths.path < scope.high
    WHERE paths.gone_in IS NULL
      AND NOT EXISTS (SELECT 1 FROM found WHERE found.path = paths.path)
      AND NOT EXISTS (SELECT 1 FROM unreadable
                      WHERE paths.path >= unreadable.low AND paths.path < unreadable.high);
CREATE INDEX temp.gone_photo ON gone (photo);
CREATE INDEX temp.gone_path ON gone (path);
"""


@dataclass(frozen=True)
class Survey:
    """Counts of one survey; the rows stand in the connection's temporary tables."""

    found: int
    to_read: int
    known_to_read: int
    gone: int

    @property
    def unchanged(self) -> int:
        """Files whose size and time are those of the record, embedded already."""
        return self.found - self.to_read


class Surveyor:
    """Compares folders with the record, on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        for table in ("found", "scope", "unreadable", "todo", "gone"):
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
        connection.executescript(_TABLES)

    def add_roots(self, roots: Iterable[Path]) -> None:
        """Say which part of the record this survey speaks for: the roots and all below them.

        Both for a file and for a folder: a root may have been the other one when it was indexed.
        """
        spans = [path_span(os.fsencode(root), folder) for root in roots for folder in (True, False)]
        self._connection.executemany("INSERT INTO temp.scope VALUES (?, ?)", spans)

    def add_found(self, files: Iterable[FoundFile]) -> Iterator[int]:
        """Take in the walk's files; yields how many so far, now and then."""
        count = 0
        rows = ((file.path, file.size, file.mtime_ns) for file in files)
        while batch := list(islice(rows, 2000)):
            self._connection.executemany("INSERT OR IGNORE INTO temp.found VALUES (?, ?, ?)", batch)
            count += len(batch)
            yield count

    def add_unreadable(self, path: bytes, reason: str) -> None:
        """A place the walk could not look into: what is under it is not gone, only unseen."""
        spans = {path_span(path, True), path_span(path, False)}
        self._connection.executemany(
            "INSERT INTO temp.unreadable VALUES (?, ?, ?, ?)",
            [(*span, path, reason) for span in spans],
        )

    def compare(self, model_row: int) -> Survey:
        """Fill the tables `todo` (files to read) and `gone` (paths that are no more)."""
        self._connection.executescript(_COMPARE.replace(":model", str(int(model_row))))
        one = self._connection.execute(
            "SELECT (SELECT count(*) FROM temp.found), (SELECT count(*) FROM temp.todo),"
            " (SELECT total(known) FROM temp.todo), (SELECT count(*) FROM temp.gone)"
        ).fetchone()
        return Survey(*(int(value) for value in one))

    def todo(self) -> Iterator[FoundFile]:
        """The files to read, a page at a time, so that commits between pages do no harm."""
        last = 0
        while True:
            rows = self._connection.execute(
                "SELECT rowid, path, size, mtime_ns FROM temp.todo WHERE rowid > ?"
                " ORDER BY rowid LIMIT 500",
                (last,),
            ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            for _, path, size, mtime_ns in rows:
                yield FoundFile(path=path, size=size, mtime_ns=mtime_ns)

    def unreadable(self) -> list[tuple[bytes, str]]:
        """The places the walk could not look into, with the reason."""
        return self._connection.execute(
            "SELECT DISTINCT path, reason FROM temp.unreadable"
        ).fetchall()
