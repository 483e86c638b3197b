"""The lock file of a fetched model: from where it came, and the sha256 of every file.

It is written last, when all is there, and read at every load. What was fetched is what is used:
a file that differs by one bit is refused, and the network is not asked again.
"""

from pathlib import Path

import msgspec

from sightline.encoders.spec import Calibration, FileName
from sightline.errors import ModelError

LOCK_FILE = "sightline.lock.json"


class LockedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file as it was when it came."""

    sha256: str
    bytes: int


class LockedSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A hub repository at one commit. `asked` is the branch or tag that stood there then."""

    repository: str
    revision: str
    asked: str


class Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is known of a fetched model beyond its own files."""

    format: int = 1
    name: str
    title: str
    licence: str
    architecture: str = ""
    dimensions: int | None = None
    sources: list[LockedSource]
    files: dict[FileName, LockedFile]
    calibration: Calibration | None = None


def read_lock(folder: Path) -> Lock | None:
    """The lock of a folder; none where nothing was fetched into it.

    Raises:
        ModelError: there is one, and it can't be understood.
    """
    path = folder / LOCK_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Lock)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"Can't read {path}: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{path} is not a lock file that this version understands: {error}. "
            "Delete the folder and fetch the model again."
        ) from None


def write_lock(folder: Path, lock: Lock) -> None:
    """Write the lock into a folder whose files are all there."""
    text = msgspec.json.format(msgspec.json.encode(lock), indent=2)
    (folder / LOCK_FILE).write_bytes(text + b"\n")
