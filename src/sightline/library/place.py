"""Where a library is, and the names of its files."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sightline.errors import UsageError


@dataclass(frozen=True)
class Place:
    """The folder of one library."""

    folder: Path

    @property
    def database(self) -> Path:
        """The record."""
        return self.folder / "library.db"

    @property
    def lock(self) -> Path:
        """The writer's lock file."""
        return self.folder / "write.lock"

    @property
    def holder(self) -> Path:
        """What the last writer wrote of itself."""
        return self.folder / "writer.json"

    @property
    def vectors_folder(self) -> Path:
        """Where the vector files are."""
        return self.folder / "vectors"

    def vectors(self, model_id: str) -> Path:
        """The vector file of one model."""
        return self.vectors_folder / f"{model_id}.f16"

    def sketch(self, model_id: str) -> Path:
        """The sketch of one model's vectors, a cache."""
        return self.vectors_folder / f"{model_id}.sketch"


def library_place(folder: str | Path | None = None) -> Place:
    """The library at `folder`, or where `SIGHTLINE_LIBRARY` says, or in the user's data folder."""
    chosen = folder if folder is not None else os.environ.get("SIGHTLINE_LIBRARY")
    if chosen is not None and not str(chosen):
        raise UsageError("The library's folder is an empty name; name a folder, or leave it out.")
    if chosen is None:
        import platformdirs

        chosen = platformdirs.user_data_path("sightline", appauthor=False) / "library"
    return Place(absolute_path(chosen))


def absolute_path(path: str | Path) -> Path:
    """`path` from the file system's root, without `~` and `..`; symbolic links stay as they are.

    The one spelling that the record knows a path by. A relative path starts where the shell says
    we are: the system's own answer has lost the links by which we came.
    """
    plain = os.path.expanduser(path)  # noqa: PTH111
    return Path(os.path.normpath(os.path.join(_here(), plain)))  # noqa: PTH118


def _here() -> str:
    said = os.environ.get("PWD", "")
    with suppress(OSError):
        if os.path.isabs(said) and os.path.samefile(said, os.curdir):  # noqa: PTH117, PTH121
            return said
    return os.getcwd()  # noqa: PTH109


def require_outside(place: Place, roots: list[Path]) -> None:
    """Refuse a library that would stand among the photos: we never write there.

    Raises:
        UsageError: the library's folder is one of `roots`, inside one, or around one.
    """
    folder = _without_links(place.folder)
    for root in roots:
        resolved = _without_links(root)
        if folder in resolved.parents:
            raise UsageError(
                f"The photo folder {root} lies inside the library {place.folder}. Give the library "
                "a folder of its own with --library or SIGHTLINE_LIBRARY."
            )
        if folder == resolved or resolved in folder.parents:
            raise UsageError(
                f"The library {place.folder} lies inside the photo folder {root}. sightline never "
                "writes among photos: name the photo folders more narrowly, or put the library "
                "elsewhere with --library or SIGHTLINE_LIBRARY."
            )


def _without_links(path: Path) -> Path:
    return Path(os.path.realpath(path))  # `Path.resolve` raises on a circle of links
