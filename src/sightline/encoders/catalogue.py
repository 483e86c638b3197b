"""Which models there are, and where: in the package, in the user's models folder, or any folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sightline.encoders.dual import DualEncoder
from sightline.encoders.spec import SPEC_FILE, ModelSpec, read_spec
from sightline.errors import ModelError, UnknownModel

if TYPE_CHECKING:
    from sightline.encoders.providers import ProviderChoice

DEFAULT_MODEL = "second"
_BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True)
class ModelEntry:
    """One line of the catalogue."""

    spec: ModelSpec
    folder: Path
    where: Literal["bundled", "installed"]
    bytes: int


def models_folder() -> Path:
    """The user's own models: `SIGHTLINE_MODELS`, or the platform's user data folder."""
    import platformdirs

    chosen = os.environ.get("SIGHTLINE_MODELS")
    return Path(chosen) if chosen else platformdirs.user_data_path("sightline", False) / "models"


def list_models() -> list[ModelEntry]:
    """Every model that can be named, bundled ones first; folders that are no model are left out."""
    entries = []
    places: tuple[tuple[Literal["bundled", "installed"], Path], ...] = (
        ("bundled", _BUNDLED),
        ("installed", models_folder()),
    )
    for where, place in places:
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            try:
                spec = _spec(folder)
            except ModelError:
                continue
            if spec is None:
                continue
            entries.append(ModelEntry(spec, folder, where, _size(folder)))
    return entries


def load_encoder(model: str | Path | None = None, provider: ProviderChoice = "auto") -> DualEncoder:
    """Load an encoder by catalogue name or from a model folder; the bundled one by default.

    A bare name is looked up in the catalogue first; anything with a separator is a folder. A folder
    holds our own `model.json`, or is laid out as its makers published it (`layouts.py`).

    Args:
        provider: where it runs; "auto" takes a graphics card for photos if there is one.

    Raises:
        UnknownModel: there is no such name and no such folder, or the model is not fetched yet.
        ModelError: the folder is there but is no model this version can use.
    """
    wanted = DEFAULT_MODEL if model is None else model
    for folder in _candidates(wanted):
        if os.path.isfile(folder / SPEC_FILE) or _is_foreign(folder):  # noqa: PTH113 - never raises
            return DualEncoder(folder, provider)
    if _is_published(wanted):
        raise UnknownModel(
            f"The model {wanted} is not here yet. Fetch it once: `sightline models fetch {wanted}`."
        )
    if str(wanted) and os.path.isdir(wanted):  # noqa: PTH112
        return DualEncoder(Path(wanted), provider)  # says what is missing
    known = ", ".join(entry.spec.name for entry in list_models()) or "none is installed"
    raise UnknownModel(
        f"There is no model named {str(wanted)!r} and no model folder there. "
        f"Known models: {known}. `sightline models` lists them, and those that can be fetched."
    )


def _spec(folder: Path) -> ModelSpec | None:
    """What a folder of the user's models says of itself.

    None of a folder of another maker that nobody fetched: it would have to be hashed to be named,
    and a list must not read gigabytes. It loads all the same.
    """
    if os.path.isfile(folder / SPEC_FILE) or not _is_foreign(folder):  # noqa: PTH113
        return read_spec(folder)
    from sightline.encoders.layouts import derive_spec
    from sightline.encoders.lock import read_lock

    return derive_spec(folder) if read_lock(folder) else None


def _is_foreign(folder: Path) -> bool:
    """Whether a folder is laid out as another maker does; most names are asked of none."""
    if not os.path.isdir(folder):  # noqa: PTH112 - never raises, whatever the name
        return False
    from sightline.encoders.layouts import has_layout

    return has_layout(folder)


def _is_published(wanted: str | Path) -> bool:
    from sightline.encoders.published import published_models

    return str(wanted) in published_models()


def _candidates(wanted: str | Path) -> list[Path]:
    name = str(wanted)
    if isinstance(wanted, str) and name and Path(name).name == name and name not in {".", ".."}:
        return [_BUNDLED / name, models_folder() / name, Path(name)]
    return [Path(wanted)]


def _size(folder: Path) -> int:
    return sum(entry.stat().st_size for entry in folder.rglob("*") if entry.is_file())
