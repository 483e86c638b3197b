"""Words taught by `adapt`, found by name or file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sightline.adaptation.adapter import Adapter
    from sightline.library.place import Place


def adapter_at(wanted: str | Path | None, place: Place | None = None) -> Adapter | None:
    """The adapter of this name (one kept with a library first) or file; None for none.

    Raises:
        AdapterError: it is damaged, or nowhere.
    """
    if wanted is None:
        return None
    from sightline.adaptation.adapter_file import load_adapter

    return load_adapter(wanted, None if place is None else place.folder)
