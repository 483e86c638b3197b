"""One writer at a time, and a name to give to whoever has to wait."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from filelock import FileLock, Timeout

from sightline.errors import LibraryBusy, UsageError
from sightline.library.database import folder_errors
from sightline.library.place import Place


@contextmanager
def write_lock(place: Place) -> Iterator[None]:
    """Hold the library's write lock; the operating system lets it go if the process dies.

    Raises:
        LibraryBusy: another process holds it; the message says which.
        LibraryUnwritable: the folder can't be made or written.
    """
    with folder_errors(place):
        place.folder.mkdir(parents=True, exist_ok=True)
        _require_own(place)
        lock = FileLock(place.lock, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise LibraryBusy(
                f"The library {place.folder} is being written by {_holder(place)}. "
                "Wait for it to end; searching works meanwhile."
            ) from None
    try:
        with folder_errors(place):
            place.holder.write_text(
                json.dumps(
                    {
                        "pid": os.getpid(),
                        "host": socket.gethostname(),
                        "since": datetime.now(UTC).isoformat(timespec="seconds"),
                    }
                ),
                encoding="utf-8",
            )
        yield
    finally:
        lock.release()


def _require_own(place: Place) -> None:
    """Refuse to settle among somebody's files: a folder of photos is easily named by mistake."""
    if place.database.exists():
        return
    own = {place.lock.name, place.holder.name, "vectors"}
    foreign = [
        entry.name
        for entry in place.folder.iterdir()
        if entry.name not in own and not entry.name.startswith(place.database.name)
    ]
    if foreign:
        raise UsageError(
            f"{place.folder} is no library and holds other files ({min(foreign)!r}). Give the "
            "library a folder of its own with --library or SIGHTLINE_LIBRARY."
        )


def _holder(place: Place) -> str:
    try:
        holder = json.loads(place.holder.read_text(encoding="utf-8"))
        return f"process {holder['pid']} on {holder['host']} (since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
