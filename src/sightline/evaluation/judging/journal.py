"""Grades on disk from the moment they are given: JSON lines that only ever grow at the end."""

import errno
import os
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import TypeVar

import msgspec

from sightline.errors import EvaluationError, GoldError

Entry = TypeVar("Entry")


class Journal:
    """A file of JSON lines. What `add` returned for survives kill -9 and power cuts."""

    def __init__(self, path: Path) -> None:
        """Open it to go on at its end; half a line that a killed run left is cut off.

        Raises:
            EvaluationError: it can't be written there.
        """
        self.path = path
        self._lock = Lock()
        try:
            self._file: FileIO = path.open("ab", buffering=0)
            self._file.truncate(len(_whole_lines(path.read_bytes())))
            _keep_name(path)
        except OSError as error:
            raise _unwritable(path, error) from None

    def add(self, entry: msgspec.Struct) -> None:
        """Append one entry; when this returns, the disk has it. Safe from several threads.

        Raises:
            EvaluationError: it could not be written; the journal is as it was before.
        """
        line = msgspec.json.encode(entry) + b"\n"
        with self._lock:
            if self._file.closed:
                raise EvaluationError("Judging has ended. Start the same command again to go on.")
            before = self._file.seek(0, os.SEEK_END)
            try:
                if self._file.write(line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(self._file.fileno())
            except OSError as error:
                with suppress(OSError):  # or the next line would stand behind half of this one
                    self._file.truncate(before)
                raise _unwritable(self.path, error) from None

    def close(self) -> None:
        """Let the file go; nothing can be added after that."""
        with self._lock:
            self._file.close()


def read_journal(path: Path, decoder: msgspec.json.Decoder[Entry]) -> list[Entry]:
    """The entries of a journal, oldest first; none where there is no file.

    A last line without an end was cut off by a kill before anybody was told that it is safe, and
    is left out.

    Raises:
        GoldError: it can't be read, or a whole line isn't what was written.
    """
    try:
        data = _whole_lines(path.read_bytes())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise GoldError(f"Can't read the journal {path}: {error.strerror}.") from None
    entries = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            entries.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise GoldError(
                f"{path}, line {number}: {error}. Put that line right or take it out; the others "
                "hold grades that aren't in the gold file yet."
            ) from None
    return entries


def _whole_lines(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _keep_name(path: Path) -> None:
    """Have the disk know the name, too: a power cut must not bring an older file back."""
    if os.name == "posix":  # elsewhere a folder can't be opened, and needn't be
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _unwritable(path: Path, error: OSError) -> EvaluationError:
    return EvaluationError(
        f"Can't write {path}: {error.strerror}. Every grade before this one is kept: put that "
        "right, and go on where you were."
    )
