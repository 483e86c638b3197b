"""Which references a run compares its photos with, as `--reference` says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.api import Library
from sightline.errors import InspectionError, PhotoError, UsageError
from sightline.inspection.inspected import ReferencesOf
from sightline.inspection.pixels import open_photo
from sightline.inspection.references import AUTO, named_references, nearest_references
from sightline.inspection.verdict import Inspector

if TYPE_CHECKING:
    from sightline.inspection.reference_set import OnStage


@dataclass(frozen=True)
class Named:
    """References that the user named: the same for every photo."""

    paths: tuple[Path, ...]

    def __call__(self, image: Path) -> tuple[Path, ...]:
        """Those of a photo."""
        return self.paths


@contextmanager
def chosen_references(
    given: Sequence[str], library: str | None, product: str, model: str | None
) -> Iterator[ReferencesOf]:
    """The references of each photo: those that were named, or its nearest in a library.

    Args:
        given: paths of photos and folders, or `auto` alone; nothing means no references.
        library: folder of the library that `auto` searches; None is the user's own.
        product, model: as in `nearest_references`.

    Raises:
        UsageError: `auto` beside paths, or a library that nothing asks.
        InspectionError: a reference can't be used, or there is none.
        LibraryError: the library can't be used.
    """
    if AUTO not in given and library is not None:
        raise UsageError("--library is where references are found: add --reference auto.")
    if AUTO in given and len(given) > 1:
        raise UsageError("Name references, or have them found with --reference auto; not both.")
    if AUTO in given:
        with Library.open(library) as opened:
            yield lambda image: _nearest(opened, image, product, model)
    else:
        named = named_references(given) if given else ()
        _require_usable(named)
        yield Named(named)


def prepare_references(
    inspector: Inspector, references: ReferencesOf, threads: int, on_stage: OnStage
) -> None:
    """Have named references looked at before the first photo; else that one waits for them.

    Does nothing where no reference inspector is asked, or each photo has references of its own.

    Args:
        threads: references looked at at once.
        on_stage: called with what is being done, and how much of how much is.

    Raises:
        PhotoError, InspectionError, ModelError: as inspecting the first photo would.
    """
    from sightline.inspection.panel import Panel
    from sightline.inspection.reference import ReferenceInspector

    if not isinstance(references, Named) or not references.paths:
        return
    for member in inspector.members if isinstance(inspector, Panel) else (inspector,):
        if isinstance(member, ReferenceInspector):
            member.prepare(references.paths, threads, on_stage)


def _nearest(library: Library, image: Path, product: str, model: str | None) -> tuple[Path, ...]:
    open_photo(image)  # what is wrong with it is better said of a photo than of a query
    try:
        return nearest_references(library, image, product, model=model)
    except InspectionError as error:  # of this photo only: the library may know the others
        raise PhotoError(str(error)) from None


def _require_usable(references: Sequence[Path]) -> None:
    """A reference that can't be used must not pass for a fault of the photo compared with it."""
    for path in references:
        try:
            open_photo(path)
        except PhotoError as error:
            raise InspectionError(
                f"Can't use the reference {path}: {error} Take it away or give another."
            ) from None
