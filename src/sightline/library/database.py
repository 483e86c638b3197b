"""Opening the record: versions, migrations, and SQLite's errors in plain words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from time import monotonic, sleep

from sightline.errors import (
    LibraryBusy,
    LibraryCorrupt,
    LibraryError,
    LibraryNotFound,
    LibraryTooNew,
    LibraryUnwritable,
)
from sightline.library.place import Place

SCHEMA_VERSION = 1
"""`PRAGMA user_version` of a library this code writes.

A newer schema comes as a step in `_MIGRATIONS`, from version n to n + 1. A step adds tables and
columns; it never drops vectors.
"""

_MIGRATIONS: dict[int, str] = {}
_BUSY_SECONDS = 10.0
_MOMENT_SECONDS = 1.0
_CANT_SHARE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}
"""What SQLite says where it can't make the small files that readers and writers share."""


class FrozenConnection(sqlite3.Connection):
    """A record opened as a file that never changes, because its folder can't be written.

    What a writer does afterwards is not seen: whoever keeps one opens it anew for every snapshot.
    """


def connect_to_write(place: Place) -> sqlite3.Connection:
    """Open the record for the one writer; make it or bring it up to date if needed.

    Raises:
        LibraryError: as the tree in `sightline.errors` says.
    """
    with folder_errors(place), plain_errors(place):
        connection = sqlite3.connect(place.database, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            _prepare(connection, place)
        except BaseException:
            connection.close()
            raise
    return connection


def connect_to_read(place: Place) -> sqlite3.Connection:
    """Open the record read-only. Works beside a writer, and on a read-only disk.

    Raises:
        LibraryError: as the tree in `sightline.errors` says.
    """
    connection, version = _open_existing(place)
    if version < SCHEMA_VERSION:
        connection.close()
        raise LibraryError(
            f"The library {place.folder} was written by an earlier version; "
            "run `sightline index` once to bring it up to date."
        )
    return connection


def is_outdated(place: Place) -> bool:
    """Whether there is a library that only a writer's migration makes readable.

    Raises:
        LibraryError: there is one that can't be read at all.
    """
    try:
        connection, version = _open_existing(place)
    except LibraryNotFound:
        return False
    connection.close()
    return version < SCHEMA_VERSION


def _open_existing(place: Place) -> tuple[sqlite3.Connection, int]:
    """Open the record read-only, of this version or an earlier one; and say of which."""
    with folder_errors(place), plain_errors(place):
        if not place.database.is_file():
            raise _not_found(place)
        connection = _open_read_only(place)
        try:
            version = _version(connection)
            if version == 0:  # a run is making it right now, or was killed when it began to
                _require_unused(connection, place)
                raise _not_found(place)
            _refuse_newer(version, place)
        except BaseException:
            connection.close()
            raise
    return connection, version


def _not_found(place: Place) -> LibraryNotFound:
    return LibraryNotFound(
        f"There is no library at {place.folder}. Make one with `sightline index PHOTOS`, "
        "or name another with --library or SIGHTLINE_LIBRARY."
    )


def _open_read_only(place: Place) -> sqlite3.Connection:
    """Open read-only; where SQLite may not even make its `-shm` file, as an immutable file.

    Immutable is right only when nothing waits in the write-ahead log. If something does, a writer
    may be just making or removing these files, so for a moment it is tried again.
    """
    patience = monotonic() + _MOMENT_SECONDS
    while True:
        connection = _connect(place, "mode=ro", sqlite3.Connection)
        try:
            _version(connection)
            return connection
        except sqlite3.OperationalError as error:
            connection.close()
            if _code(error) not in _CANT_SHARE:
                raise
            if not _log_waits(place):
                return _connect(place, "mode=ro&immutable=1", FrozenConnection)
            if monotonic() > patience:
                raise
        sleep(_MOMENT_SECONDS / 50)


def _connect(place: Place, options: str, factory: type[sqlite3.Connection]) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{place.database.absolute().as_uri()}?{options}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=factory,
    )


def _log_waits(place: Place) -> bool:
    """Whether the write-ahead log holds anything."""
    log = place.database.with_name(place.database.name + "-wal")
    try:
        return log.stat().st_size > 0
    except FileNotFoundError:
        return False


def _prepare(connection: sqlite3.Connection, place: Place) -> None:
    version = _version(connection)
    _refuse_newer(version, place)
    if version == 0:
        _require_unused(connection, place)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if version == SCHEMA_VERSION:
        return
    if version == 0:
        script = resources.files("sightline.library").joinpath("schema.sql").read_text("utf-8")
        _run_step(connection, script, SCHEMA_VERSION)
        return
    for step in range(version, SCHEMA_VERSION):
        _run_step(connection, _MIGRATIONS[step], step + 1)


def _run_step(connection: sqlite3.Connection, script: str, version: int) -> None:
    """One migration step, all or nothing: the version moves with the tables."""
    try:
        connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {version}; COMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    # Touch the schema too: a file that is no database must say so here, not at the first query.
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return int(version)


def _refuse_newer(version: int, place: Place) -> None:
    if version > SCHEMA_VERSION:
        raise LibraryTooNew(
            f"The library {place.folder} was written by a later version of sightline (format "
            f"{version}, this one knows {SCHEMA_VERSION}). Upgrade sightline; nothing was changed."
        )


def _require_unused(connection: sqlite3.Connection, place: Place) -> None:
    """A library is new only where nothing is: a lost record must not pass for one."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables:
        raise LibraryCorrupt(
            f"{place.database} is another program's database. Nothing was changed; choose "
            "another place with --library."
        )
    if place.vectors_folder.is_dir() and any(place.vectors_folder.iterdir()):
        raise LibraryCorrupt(
            f"The library's record {place.database} is empty, but there are vectors in "
            f"{place.vectors_folder}. Restore the record from a backup, or remove the library "
            "folder and index again; photos are never touched."
        )


@contextmanager
def folder_errors(place: Place) -> Iterator[None]:
    """Turn what the file system says of the library's folder into `LibraryUnwritable`."""
    try:
        yield
    except OSError as error:
        raise LibraryUnwritable(
            f"The library {place.folder} can't be used: {error.strerror or error}. "
            "Free some space or mend the permissions, or choose another place with --library."
        ) from None


@contextmanager
def plain_errors(place: Place) -> Iterator[None]:
    """Turn what SQLite says into `LibraryError`s a person can act on."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _operational(error, place) from None
    except sqlite3.ProgrammingError:
        raise  # ours, not the library's
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # a damaged text in SQLite's words
        raise LibraryCorrupt(
            f"The library's record {place.database} is damaged ({error}). Restore it from a "
            "backup, or remove the library folder and index again; photos are never touched."
        ) from None


def _code(error: sqlite3.OperationalError) -> int:
    """SQLite's primary result code."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _operational(error: sqlite3.OperationalError, place: Place) -> LibraryError:
    code = _code(error)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return LibraryBusy(
            f"Another process keeps the library {place.folder} locked; try again when it is done."
        )
    if code == sqlite3.SQLITE_FULL:
        return LibraryUnwritable(
            f"The disk that holds the library {place.folder} is full. What was done so far is "
            "kept; free some space and run the same command again."
        )
    if code in {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_IOERR,
    }:
        return LibraryUnwritable(
            f"The library {place.folder} can't be read or written ({error}). Check the disk and "
            "the permissions, or choose another place with --library."
        )
    return LibraryCorrupt(
        f"The library's record {place.database} is not as this version expects ({error}). "
        "`sightline status --check` says more."
    )
