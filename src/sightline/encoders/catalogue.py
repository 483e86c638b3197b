"""Which models there are, and where: in the package, in the user's models folder, or any folder."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sightline.encoders.dual import DualEncoder
from sightline.encoders.spec import SPEC_FILE, ModelSpec, read_spec
from sightline.errors import ModelError, UnknownModel

DEFAULT_MODEL = "first"
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
                spec = read_spec(folder)
            except ModelError:
                continue
            entries.append(ModelEntry(spec, folder, where, _size(folder)))
    return entries


def load_encoder(model: str | Path | None = None) -> DualEncoder:
    """Load an encoder by catalogue name or from a model folder; the bundled one by default.

    A bare name is looked up in the catalogue first; anything with a separator is a folder.

    Raises:
        UnknownModel: there is no such name and no such folder.
        ModelError: the folder is there but is no model this version can use.
    """
    wanted = DEFAULT_MODEL if model is None else model
    for folder in _candidates(wanted):
        if os.path.isfile(folder / SPEC_FILE):  # noqa: PTH113 - never raises, whatever the name
            return DualEncoder(folder)
    if str(wanted) and os.path.isdir(wanted):  # noqa: PTH112
        return DualEncoder(Path(wanted))  # says what is missing
    known = ", ".join(entry.spec.name for entry in list_models()) or "none is installed"
    raise UnknownModel(
        f"There is no model named {str(wanted)!r} and no model folder there. "
        f"Known models: {known}. `sightline models` lists them."
    )


def _candidates(wanted: str | Path) -> list[Path]:
    name = str(wanted)
    if isinstance(wanted, str) and name and Path(name).name == name and name not in {".", ".."}:
        return [_BUNDLED / name, models_folder() / name, Path(name)]
    return [Path(wanted)]


def _size(folder: Path) -> int:
    return sum(entry.stat().st_size for entry in folder.iterdir() if entry.is_file())
