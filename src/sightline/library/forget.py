"""Forgetting: the library drops what it knows of files; the files themselves stay."""

import os
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from sightline.library.spans import path_span
from sightline.library.writer import LibraryWriter


def forget(writer: LibraryWriter, paths: list[Path]) -> tuple[int, int]:
    """Drop files or folders, and every photo that is nowhere else; blank their vectors.

    Where a photo was before it was moved goes with it, and so do earlier versions of files that
    were edited since. A photo with another path that is there stays.

    Args:
        paths: absolute, spelled as when they were indexed.

    Returns:
        The number of paths and of photos that were dropped.
    """
    execute = writer.connection.execute
    execute("PRAGMA secure_delete = ON")  # names and places must not stay behind in free pages
    execute("CREATE TEMP TABLE IF NOT EXISTS forgotten (photo INTEGER PRIMARY KEY)")
    dropped = 0
    with writer.transaction():
        execute("DELETE FROM temp.forgotten")
        for path in paths:
            for span in (path_span(os.fsencode(path), folder) for folder in (True, False)):
                execute(
                    "INSERT OR IGNORE INTO temp.forgotten"
                    " SELECT photo FROM paths WHERE path >= ? AND path < ?",
                    span,
                )
                dropped += execute("DELETE FROM paths WHERE path >= ? AND path < ?", span).rowcount
                execute("DELETE FROM failures WHERE path >= ? AND path < ?", span)
        execute(
            "DELETE FROM paths WHERE photo IN (SELECT photo FROM temp.forgotten)"
            " AND (SELECT copies FROM photos WHERE photos.id = paths.photo) = 0"
        )
        photos = execute(
            "DELETE FROM photos"
            " WHERE NOT EXISTS (SELECT 1 FROM paths WHERE paths.photo = photos.id)"
        ).rowcount
    _blank_nameless(writer)
    execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log holds pages as they were
    return dropped, photos


def _blank_nameless(writer: LibraryWriter) -> None:
    """Blank every slot without a photo; so also those of a `forget` that was killed here."""
    nameless = writer.connection.execute(
        "SELECT model, slot FROM vectors WHERE photo IS NULL ORDER BY model, slot"
    ).fetchall()
    for model_row, slots in groupby(nameless, key=itemgetter(0)):
        writer.blank(model_row, [slot for _, slot in slots])
