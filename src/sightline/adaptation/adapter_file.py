"""An adapter's file: an `.npz` without pickle, `meta` being JSON with a digest of all arrays.

Large arrays are kept as float16: a third of a percent at most in a cosine, and half the size.
"""

import hashlib
import os
import re
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from sightline.adaptation.adapter import Adapter, Origin
from sightline.adaptation.choice import Method, Parts
from sightline.adaptation.damping import Damping
from sightline.adaptation.residual import ResidualAdapter
from sightline.adaptation.shots import unit
from sightline.adaptation.tip_adapter import TipAdapter
from sightline.errors import AdapterError, UsageError

ENDING = ".adapter"
_MOST_BYTES = 2**30
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_DAMAGED = (
    ValueError,
    KeyError,
    EOFError,
    AttributeError,  # a lone array where an archive should be
    TypeError,
    IndexError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    msgspec.DecodeError,
)

Arrays = dict[str, npt.NDArray[Any]]


class _Meta(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    format: Literal[1] = 1
    name: str
    model: str
    method: Method
    labels: tuple[str, ...]
    words: float
    cache: tuple[float, float] | None
    residual: float | None
    origin: Origin
    digest: str


def adapters_folder() -> Path:
    """Where adapters are found by name: `SIGHTLINE_ADAPTERS`, or the user's data folder."""
    import platformdirs

    chosen = os.environ.get("SIGHTLINE_ADAPTERS")
    return Path(chosen) if chosen else platformdirs.user_data_path("sightline", False) / "adapters"


def require_name(name: str) -> None:
    """Refuse names that can't be a file's.

    Raises:
        UsageError: the name is empty, too long, or has other characters than letters, digits, ._-
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't name an adapter; use up to 64 letters, digits, dots, _ and -."
        )


def require_replaceable(path: Path) -> None:
    """Refuse a path at which an adapter would take the place of anything but an adapter.

    Raises:
        UsageError: its name doesn't end in .adapter, or a folder is there.
    """
    if path.suffix != ENDING:
        raise UsageError(
            f"The adapter's file {path} must end in {ENDING}, so that no photo is written over."
        )
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file.")


def save_adapter(adapter: Adapter, path: Path) -> None:
    """Write an adapter, whole or not at all.

    Raises:
        UsageError: the disk says no.
    """
    arrays = _arrays_of(adapter)
    cache, learned = adapter.parts.cache, adapter.parts.residual
    meta = _Meta(
        name=adapter.name,
        model=adapter.model,
        method=adapter.method,
        labels=adapter.labels,
        words=adapter.parts.words,
        cache=None if cache is None else (cache.alpha, cache.beta),
        residual=None if learned is None else learned.scale,
        origin=adapter.origin,
        digest=_digest(arrays),
    )
    encoded = np.frombuffer(msgspec.json.encode(meta), dtype=np.uint8)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            np.savez(file, meta=encoded, **arrays)  # type: ignore[arg-type] # newer stubs: a flag
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise UsageError(f"Can't write the adapter {path}: {error.strerror}.") from None


def keep_adapter(adapter: Adapter, library: Path) -> None:
    """Keep a copy with a library, in the folder `adapters` of the library's own.

    Raises:
        UsageError: the disk says no.
    """
    save_adapter(adapter, library / "adapters" / f"{adapter.name}{ENDING}")


def load_adapter(wanted: str | Path, library: Path | None = None) -> Adapter:
    """Load an adapter by the name it was given, or from its file.

    A bare name is looked up in the library, if one is given, then among the user's adapters;
    anything else is a file.

    Raises:
        UsageError: there is none.
        AdapterError: it is damaged, or of a later version.
    """
    path = _found(wanted, library)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            if sum(part.file_size for part in content.zip.infolist()) > _MOST_BYTES:
                raise AdapterError(f"{path} is far too large for an adapter.")
            arrays = {name: content[name] for name in content.files}
        return _adapter_of(arrays)
    except OSError as error:
        raise AdapterError(f"Can't read the adapter {path}: {error.strerror or error}.") from None
    except _DAMAGED:
        raise AdapterError(
            f"{path} is damaged, or no adapter that this version understands. Teach the words "
            "again with `sightline adapt`."
        ) from None


def _found(wanted: str | Path, library: Path | None) -> Path:
    name = str(wanted)
    if isinstance(wanted, str) and _NAME.fullmatch(name):
        places = (
            [adapters_folder()] if library is None else [library / "adapters", adapters_folder()]
        )
        for named in (place / f"{name}{ENDING}" for place in places):
            if os.path.isfile(named):  # noqa: PTH113 - never raises, whatever the name
                return named
    if name and os.path.isfile(wanted):  # noqa: PTH113
        return Path(wanted)
    raise UsageError(
        f"There is no adapter named {name!r} and no such file. `sightline adapt` makes one."
    )


def _arrays_of(adapter: Adapter) -> Arrays:
    arrays: Arrays = {"texts": adapter.texts, "directions": adapter.directions}
    cache, learned = adapter.parts.cache, adapter.parts.residual
    if cache is not None:
        arrays |= {"keys": cache.keys}
    if learned is not None:
        arrays |= {
            "noise": learned.damping.directions,
            "strengths": learned.damping.strengths,
            "middle": learned.middle,
            "prototypes": learned.prototypes,
        }
    small = {name: np.ascontiguousarray(rows, dtype="<f2") for name, rows in arrays.items()}
    return small | ({} if cache is None else {"classes": cache.classes.astype("<i4")})


def _adapter_of(arrays: Arrays) -> Adapter:
    meta = msgspec.json.decode(arrays.pop("meta").tobytes(), type=_Meta)
    if _digest(arrays) != meta.digest:
        raise ValueError("the arrays are not those that were written")
    full = {name: rows.astype(np.float32) for name, rows in arrays.items() if name != "classes"}
    count = len(meta.labels)
    cache = learned = None
    if meta.cache is not None:
        alpha, beta = meta.cache
        classes = arrays["classes"].astype(np.int64)
        cache = TipAdapter(unit(full["keys"]), classes, count, alpha, beta)
    if meta.residual is not None:
        damping = Damping(full["noise"], full["strengths"])
        learned = ResidualAdapter(full["middle"], damping, full["prototypes"], meta.residual)
    return Adapter(
        meta.name,
        meta.model,
        meta.method,
        meta.labels,
        unit(full["texts"]),
        Parts(meta.words, cache, learned),
        unit(full["directions"]),
        meta.origin,
    )


def _digest(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for name, rows in sorted(arrays.items()):
        digest.update(f"{name} {rows.dtype.str} {rows.shape}".encode())
        digest.update(rows.tobytes())
    return digest.hexdigest()
