"""One append-only file of unit vectors per model: float16, row-major, no header.

Write order keeps it honest: rows are appended and fsynced *before* the record names their slots.
A crash between the two leaves rows that nobody names; the next writer writes over them. The file
is never replaced, shortened or moved, so a reader's memory map stays valid beside a writer.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from sightline.errors import LibraryCorrupt, LibraryError, LibraryUnwritable

Rows = npt.NDArray[np.float16]
DTYPE = np.dtype("<f2")

_FEW_ROWS = 500
"""Reading so many rows one by one takes a millisecond."""


class VectorAppender:
    """Writes rows from a given slot on. One at a time per file (the library's write lock)."""

    def __init__(self, path: Path, dimensions: int, first_free_slot: int) -> None:
        """Open the file at `path`, made if there is none.

        Raises:
            LibraryCorrupt: it is shorter than the record says.
            LibraryUnwritable: the disk says no. So do `append` and `blank`.
        """
        self._path = path
        with self._plain_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(path, flags, 0o644)
        self._row_bytes = dimensions * DTYPE.itemsize
        self._dimensions = dimensions
        self.next_slot = first_free_slot
        held = os.fstat(self._descriptor).st_size // self._row_bytes
        if held < first_free_slot:
            os.close(self._descriptor)
            raise _too_short(path, held, first_free_slot)

    def append(self, vectors: npt.NDArray[np.float32]) -> range:
        """Write rows and wait until the disk has them. Returns their slots.

        Args:
            vectors: float32 (n, d), unit rows; kept as float16 (cosines change by < 1e-3).
        """
        if vectors.ndim != 2 or vectors.shape[1] != self._dimensions:
            raise ValueError(f"vectors of shape {vectors.shape}, not (n, {self._dimensions})")
        first = self.next_slot
        with self._plain_errors():
            self._write_at(first, vectors.astype(DTYPE).tobytes())
            os.fsync(self._descriptor)
        self.next_slot = first + len(vectors)
        return range(first, self.next_slot)

    def blank(self, slots: list[int]) -> None:
        """Overwrite rows with zeros: what was forgotten must not be readable any more."""
        with self._plain_errors():
            for slot in slots:
                self._write_at(slot, bytes(self._row_bytes))
            os.fsync(self._descriptor)

    def _write_at(self, slot: int, data: bytes) -> None:
        write_at(self._descriptor, slot * self._row_bytes, data)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LibraryUnwritable(
                f"Can't write the library's vectors {self._path}: {error.strerror}. What was done "
                "so far is kept; free some space or mend the permissions, and run the same "
                "command again."
            ) from None

    def close(self) -> None:
        """Let the file go."""
        os.close(self._descriptor)

    def __enter__(self) -> "VectorAppender":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def write_at(descriptor: int, at: int, data: bytes) -> None:
    """Write all of `data` into an open file, from byte `at` on.

    Raises:
        OSError: the disk says no.
    """
    os.lseek(descriptor, at, os.SEEK_SET)
    view = memoryview(data)
    while view:  # a nearly full disk may take only part
        view = view[os.write(descriptor, view) :]


def map_vectors(path: Path, dimensions: int, count: int) -> Rows:
    """Map the first `count` rows, read-only: float16 (count, d).

    Raises:
        LibraryCorrupt: the file is missing or shorter than the record says.
        LibraryError: it is there, but the system does not let us read it.
    """
    if count == 0:
        return np.empty((0, dimensions), dtype=DTYPE)
    try:
        held = path.stat().st_size // (dimensions * DTYPE.itemsize)
        if held >= count:
            return np.memmap(path, dtype=DTYPE, mode="r", shape=(count, dimensions))
    except FileNotFoundError:
        held = 0
    except OSError as error:
        raise LibraryError(
            f"The library's vectors {path} can't be read: {error.strerror}. Mend the permissions "
            "or check the disk."
        ) from None
    raise _too_short(path, held, count)


def copy_rows(rows: Rows, slots: npt.NDArray[np.int64]) -> Rows:
    """Copies of some rows, float16 (m, d).

    A few rows of a map are read from its file: where they are touched instead, Linux maps up to two
    megabytes round each, which all count as this process's memory.
    """
    path = _file_of(rows)
    if path is None or len(slots) > _FEW_ROWS:
        return rows[slots]
    row_bytes = rows.shape[1] * DTYPE.itemsize
    copies = []
    with suppress(OSError), path.open("rb", buffering=0) as file:  # it may be gone, not its map
        for slot in slots.tolist():
            file.seek(slot * row_bytes)
            copies.append(file.read(row_bytes))
    data = b"".join(copies)
    if len(data) != len(slots) * row_bytes:
        return rows[slots]
    return np.frombuffer(data, DTYPE).reshape(len(slots), rows.shape[1])


def _file_of(rows: Rows) -> Path | None:
    """The file that these rows are a map of, from its beginning; None for any others."""
    memory: object = rows.base
    whole = isinstance(memory, mmap.mmap) and len(memory) == rows.nbytes  # no part of a map
    return Path(rows.filename) if whole and isinstance(rows, np.memmap) and rows.filename else None


def _too_short(path: Path, held: int, count: int) -> LibraryCorrupt:
    return LibraryCorrupt(
        f"{path} holds {held} vectors, but the record names {count}. Restore the file from a "
        "backup, or index into a new library with --library."
    )
