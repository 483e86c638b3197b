"""The photos that a gold file's queries rank, as one library holds them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.errors import GoldError
from sightline.evaluation.judging.naming import path_named

if TYPE_CHECKING:
    from sightline.evaluation.gold import Gold
    from sightline.library.reader import LibraryReader


@dataclass(frozen=True)
class Gallery:
    """Photos in the order of the gold file; every ranker gives one score to each of them.

    Attributes:
        files: their names in the gold file.
        photos: SHA-256 of each, in hex.
        paths: where each lies.
        missing: names of the gold file's photos that the library doesn't hold.
    """

    files: tuple[str, ...]
    photos: tuple[str, ...]
    paths: tuple[Path, ...]
    missing: tuple[str, ...] = ()

    @cached_property
    def hash(self) -> str:
        """Names this very set of photos, in whatever order."""
        return hashlib.sha256("\n".join(sorted(self.photos)).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.files)


def gallery_of(gold: Gold, reader: LibraryReader) -> Gallery:
    """The gold file's photos as a library holds them: by content, wherever they lie now.

    Raises:
        GoldError: the library holds none of them.
    """
    paths = paths_of_photos(reader)
    held = [photo for photo in gold.gallery if photo.photo in paths]
    if not held:
        raise GoldError(
            f"None of the {len(gold.gallery):,} photos of the gold file {gold.name!r} is in the "
            f"library {reader.place.folder}. Name the right one with --library, or the folder "
            "that the gold file's names start from with --photos."
        )
    return Gallery(
        files=tuple(photo.file for photo in held),
        photos=tuple(photo.photo for photo in held),
        paths=tuple(paths[photo.photo] for photo in held),
        missing=tuple(photo.file for photo in gold.gallery if photo.photo not in paths),
    )


def paths_of_photos(reader: LibraryReader) -> dict[str, Path]:
    """Each photo of a library that is there now, by its hash, with the first of its paths."""
    rows = reader.query(
        "SELECT hash, min(path) FROM photos JOIN paths ON paths.photo = photos.id"
        " WHERE gone_in IS NULL GROUP BY photos.id"
    )
    return {str(photo): Path(os.fsdecode(_bytes(path))) for photo, path in rows}


def files_under(gold: Gold, folder: Path) -> list[Path]:
    """Where the gold file's photos lie under a folder that its names start from.

    A name with escapes stands for a file whose name is no UTF-8, unless one is called just that.

    Raises:
        GoldError: some aren't there; the message counts and names them.
    """
    _require_inside(folder, [*gold.files, *map(path_named, gold.files)])
    paths = [_lies_at(folder, file) for file in gold.files]
    absent = [str(folder / file) for file, path in zip(gold.files, paths, strict=True) if not path]
    if absent:
        raise GoldError(
            f"{len(absent):,} of the {len(paths):,} photos of the gold file {gold.name!r} aren't "
            f"under {folder}: {', '.join(absent[:3])}{'…' if len(absent) > 3 else ''}. "
            "Name the folder that its names start from with --photos, or leave that out and name "
            "the library that they were judged in with --library: there photos are known by their "
            "content, whatever they are called."
        )
    return [path for path in paths if path]


def _lies_at(folder: Path, file: str) -> Path | None:
    there = (folder / name for name in (file, path_named(file)))
    return next((path for path in there if _is_file(path)), None)


def _require_inside(folder: Path, files: Sequence[str]) -> None:
    """A gold file from elsewhere must not point at files outside the folder that was named."""
    root = folder.resolve()
    outside = [file for file in files if not _resolved(root / file).is_relative_to(root)]
    if outside:
        raise GoldError(f"The name {outside[0]!r} in the gold file leads out of {folder}.")


def _resolved(path: Path) -> Path:
    """Where links lead; a path that leads nowhere is as good as any: no file is there."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # of links in a circle, by Python's version
        return path.absolute()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name too long for any file system
        return False


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
