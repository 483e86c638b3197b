"""Indexing a library that need not exist yet, and what writing to one takes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.api.adapters import adapter_at
from sightline.encoders import DualEncoder, list_models, load_encoder
from sightline.errors import LibraryNotFound, ModelError, UnknownModel, UsageError
from sightline.library.database import is_outdated
from sightline.library.place import Place, absolute_path
from sightline.library.reader import LibraryReader

if TYPE_CHECKING:
    from sightline.encoders.providers import ProviderChoice
    from sightline.library.indexer import IndexOptions, IndexReport, OnProgress
    from sightline.library.writer import LibraryWriter

__all__ = ["index", "make_current", "open_writer", "several"]


def index(
    place: Place,
    paths: str | Path | Iterable[str | Path],
    model: str | Path | None,
    options: IndexOptions | None,
    dry_run: bool,
    on_progress: OnProgress | None,
    *,
    adapter: str | Path | None = None,
    provider: ProviderChoice = "auto",
) -> IndexReport:
    """`Library.index` for a library that need not exist yet."""
    from sightline.library.indexer import IndexOptions, index_folders, preview_index

    options = options or IndexOptions()
    roots = [Path(path) for path in several(paths)]
    encoder = (
        _last_encoder(place, dry_run, provider) if model is None else load_encoder(model, provider)
    )
    taught = adapter_at(adapter, place)
    if taught is not None:
        taught.require_model(encoder.id)
    report = on_progress or (lambda progress: None)
    if dry_run:
        return preview_index(place, roots, encoder, options, report)
    done = index_folders(place, roots, encoder, _source_of(encoder), options, report)
    if taught is not None:
        from sightline.adaptation.adapter_file import keep_adapter

        keep_adapter(taught, place.folder)
    return done


def several(paths: str | Path | Iterable[str | Path]) -> list[str | Path]:
    """One path or many; a single string must not be taken for its letters, "/" among them.

    Raises:
        UsageError: a path is empty, as an unset variable in a script is.
    """
    several = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not all(str(path) for path in several):
        raise UsageError("A path is an empty name; name a folder or a file.")
    return several


def open_writer(place: Place) -> AbstractContextManager[LibraryWriter]:
    from sightline.library.writer import open_writer

    return open_writer(place)


def make_current(place: Place) -> None:
    """Make an empty library, or migrate an older one: opening it for writing does either."""
    with open_writer(place):
        pass


def _last_encoder(place: Place, dry_run: bool, provider: ProviderChoice) -> DualEncoder:
    """What the library was last indexed with; where there is none yet, the bundled one."""
    if is_outdated(place) and not dry_run:
        make_current(place)
    try:
        with LibraryReader(place) as reader:
            stored = reader.models()
    except LibraryNotFound:
        stored = []
    if not stored:
        return load_encoder(provider=provider)
    try:
        return load_encoder(stored[0].source, provider)
    except UnknownModel:
        raise ModelError(
            f"The library {place.folder} was last indexed with {stored[0].model_id}, and there is "
            f"no such model at {stored[0].source} any more. Put it back, or choose another with "
            "--model: its vectors are built beside the others."
        ) from None


def _source_of(encoder: DualEncoder) -> str:
    """What loads this encoder again, from any working directory: a catalogue name or a folder."""
    for entry in list_models():
        if entry.folder == encoder.folder and load_encoder(entry.folder.name).id == encoder.id:
            return entry.folder.name
    return str(absolute_path(encoder.folder))
