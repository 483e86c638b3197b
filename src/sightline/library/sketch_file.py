"""The sketch of one model's vectors on disk: a cache, made and extended by `sightline index`.

A header names the model, the layout, and how many blocks are whole; the blocks follow. A block is
counted only after the disk has it, so a crash leaves nothing false. Where there is no sketch, or it
does not fit, a search takes longer and finds the same.

Like the vectors, the file is written in place and never replaced while it is of use, so a reader's
memory map stays valid beside a writer.
"""

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sightline.errors import LibraryUnwritable
from sightline.library.place import Place
from sightline.library.sketch import BLOCK_ROWS, Blocks, block_layout, is_sketched_by, sketch_block
from sightline.library.vectors import Rows, write_at

WORTH_ROWS = 100_000
"""Vectors from which on a library gets a sketch. Fewer are scanned in float16 within 5 ms."""

_FORMAT = 1
_HEADER = struct.Struct("<32sQ24x")  # of what and in which layout, as a hash; whole blocks


@dataclass(frozen=True)
class Held:
    """What a map of a sketch shows: where it changes, the file must be mapped and checked anew."""

    blocks: int
    inode: int = 0
    written_ns: int = 0


@dataclass(frozen=True)
class SketchFile:
    """The sketch of one model's vectors, whether or not it is there."""

    place: Place
    model_id: str
    dimensions: int

    @property
    def path(self) -> Path:
        """Where it is, or would be."""
        return self.place.sketch(self.model_id)

    def map(self, rows: Rows) -> Blocks:
        """Map the blocks of some of the first rows, read-only; none if the file does not fit them.

        Both ends of each block are compared with the rows, which is enough to notice a file of
        other vectors, or of nothing. `status --check` compares every row.
        """
        layout = block_layout(self.dimensions)
        with suppress(OSError), self.path.open("rb") as file:  # not there, or not for us to read
            if count := min(self._whole_blocks(file.fileno()), len(rows) // BLOCK_ROWS):
                blocks = np.memmap(file, layout, "r", offset=_HEADER.size, shape=(count,))
                if _ends_fit(blocks, rows):
                    return blocks
        return np.empty(0, layout)

    def held(self, count: int) -> Held:
        """What there is to map for the first `count` rows."""
        with suppress(OSError), self.path.open("rb") as file:
            blocks = min(self._whole_blocks(file.fileno()), count // BLOCK_ROWS)
            state = os.fstat(file.fileno())
            return Held(blocks, state.st_ino, state.st_mtime_ns)
        return Held(0)

    def is_damaged(self, rows: Rows) -> bool:
        """Whether there is a file that is no sketch of these rows, or shorter than it says."""
        try:
            with self.path.open("rb") as file:
                counted = self._counted_blocks(file.fileno())
                empty = os.fstat(file.fileno()).st_size == 0
        except FileNotFoundError:
            return False
        except OSError:
            return True
        if counted is None:
            return not empty
        return len(self.map(rows)) < min(counted, len(rows) // BLOCK_ROWS)

    def extend(self, rows: Rows) -> None:
        """Sketch what has no sketch yet, block by block; all of it where the file does not fit.

        Args:
            rows: all vectors that the record names, float16 (n, d).

        Raises:
            LibraryUnwritable: the disk says no; everything else is kept. So do `cut` and `blank`.
        """
        if len(rows) < WORTH_ROWS and not self.path.exists():
            return
        with self._open(os.O_CREAT) as file:
            if self._counted_blocks(file) is None:
                os.ftruncate(file, 0)
            whole = len(self.map(rows))
            if whole != self._counted_blocks(file):
                self._count_blocks(file, whole)
            for number in range(whole, len(rows) // BLOCK_ROWS):
                block = sketch_block(rows[number * BLOCK_ROWS : (number + 1) * BLOCK_ROWS])
                write_at(file, self._offset(number), block.tobytes())
                self._count_blocks(file, number + 1)

    def cut(self, first_free_slot: int) -> None:
        """Uncount blocks past a slot, before other vectors are written there.

        There are some only where an older record was put back beside newer vectors.
        """
        if self.path.exists():
            with self._open() as file:
                if self._whole_blocks(file) > first_free_slot // BLOCK_ROWS:
                    self._count_blocks(file, first_free_slot // BLOCK_ROWS)

    def blank(self, slots: Iterable[int]) -> None:
        """Overwrite rows with zeros, also in a block that a crash left uncounted.

        A file whose rows can't be told apart is removed: what was forgotten may stand in it.
        """
        if not self.path.exists():
            return
        with self._open() as file:
            known = self._counted_blocks(file) is not None
            size = os.fstat(file).st_size
            for at, width in self._spans(slots) if known else ():
                write_at(file, at, bytes(max(0, min(width, size - at))))
            os.fsync(file)
        if not known:
            with self._plain_errors():
                self.path.unlink()

    def _spans(self, slots: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Offset and width of all that the file holds of these rows."""
        layout = block_layout(self.dimensions)
        columns = [layout.fields[name][:2] for name in layout.names or ()]  # type: ignore[index]
        for slot in slots:
            number, row = divmod(slot, BLOCK_ROWS)
            for column, begin in columns:
                width = column.itemsize // BLOCK_ROWS
                yield self._offset(number) + begin + row * width, width

    def _offset(self, number: int) -> int:
        return _HEADER.size + number * block_layout(self.dimensions).itemsize

    def _counted_blocks(self, file: int) -> int | None:
        """What the header counts; None where it is not that of a sketch of these vectors."""
        os.lseek(file, 0, os.SEEK_SET)
        header = os.read(file, _HEADER.size)
        if len(header) < _HEADER.size:
            return None
        identity, blocks = _HEADER.unpack(header)
        return blocks if identity == self._identity() else None

    def _whole_blocks(self, file: int) -> int:
        counted = self._counted_blocks(file) or 0
        return counted if os.fstat(file).st_size >= self._offset(counted) else 0

    def _count_blocks(self, file: int, whole: int) -> None:
        os.fsync(file)  # what is counted must be there
        write_at(file, 0, _HEADER.pack(self._identity(), whole))
        os.fsync(file)

    def _identity(self) -> bytes:
        named = f"sketch {_FORMAT}: {BLOCK_ROWS} x {self.dimensions}, {self.model_id}"
        return hashlib.sha256(named.encode()).digest()

    @contextmanager
    def _open(self, more_flags: int = 0) -> Iterator[int]:
        with self._plain_errors():
            file = os.open(self.path, os.O_RDWR | more_flags | getattr(os, "O_BINARY", 0), 0o644)
            try:
                yield file
            finally:
                os.close(file)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LibraryUnwritable(
                f"Can't write {self.path}: {error.strerror}. It only makes searches faster, and "
                "the library is kept as it is; free some space or mend the permissions, and run "
                "the same command again."
            ) from None


def _ends_fit(blocks: Blocks, rows: Rows) -> bool:
    covered = rows[: len(blocks) * BLOCK_ROWS].reshape(len(blocks), BLOCK_ROWS, -1)
    return all(
        # A blank row is being forgotten, and answers no query.
        (is_sketched_by(ends, blocks, (slice(None), end)) | ~ends.any(axis=1)).all()
        for end, ends in ((end, covered[:, end]) for end in (0, -1))
    )
