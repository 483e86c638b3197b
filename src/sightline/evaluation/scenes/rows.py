"""`scenes.jsonl`: what a folder of scenes holds, one scene a line."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sightline.errors import EvaluationError
from sightline.evaluation.gold import write_whole
from sightline.evaluation.scenes.claims import Claim
from sightline.evaluation.scenes.truth import Truth

SCENES_FILE = "scenes.jsonl"
IMAGES = "images"


class PictureRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One picture: its file below the folder, the sha256 of its bytes, and what is on it."""

    file: str
    photo: str
    claim: Claim
    truth: Truth


class SceneRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A minimal pair.

    `caption` is true of `picture` and not of `foil_picture`; for `foil_caption` it is the reverse.
    """

    family: str
    number: int
    caption: str
    foil_caption: str
    picture: PictureRow
    foil_picture: PictureRow

    @property
    def id(self) -> str:
        """`attribute-00003`."""
        return scene_id(self.family, self.number)

    @property
    def pictures(self) -> tuple[PictureRow, PictureRow]:
        """Both."""
        return self.picture, self.foil_picture


def scene_id(family: str, number: int) -> str:
    """`attribute-00003`: the name of a scene, wherever it is made."""
    return f"{family}-{number:05}"


def picture_files(scene: str) -> tuple[str, str]:
    """Where both pictures of a scene lie, below the folder; `a` is the one with the caption."""
    return f"{IMAGES}/{scene}a.png", f"{IMAGES}/{scene}b.png"


def read_rows(folder: Path) -> list[SceneRow]:
    """The rows of all scenes whose pictures are there, whole and unchanged.

    A killed run may leave half a line, or a line without its pictures; both are left out, and the
    scene is made again.

    Raises:
        EvaluationError: the file is there and can't be read.
    """
    rows: dict[str, SceneRow] = {}
    for line in _lines(folder / SCENES_FILE):
        try:
            row = msgspec.json.decode(line, type=SceneRow)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if _is_whole(row, folder):
            rows[row.id] = row
    return list(rows.values())


def append_row(folder: Path, row: SceneRow) -> None:
    """Note a scene whose pictures are written.

    Raises:
        EvaluationError: the disk says no.
    """
    path = folder / SCENES_FILE
    try:
        with path.open("ab") as file:
            file.write(b"\n" + msgspec.json.encode(row) + b"\n")  # ends a torn line before it
    except OSError as error:
        raise EvaluationError(f"Can't write {path}: {error.strerror}.") from None


def write_rows(folder: Path, rows: Iterable[SceneRow]) -> None:
    """Write the whole file anew, in one step.

    Raises:
        EvaluationError: the disk says no.
    """
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    write_whole(folder / SCENES_FILE, lines)


def _lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().split(b"\n") if line]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise EvaluationError(f"Can't read {path}: {error.strerror}.") from None


def _is_whole(row: SceneRow, folder: Path) -> bool:
    files = tuple(picture.file for picture in row.pictures)
    return files == picture_files(row.id) and all(
        _sha256(folder / picture.file) == picture.photo for picture in row.pictures
    )


def _sha256(path: Path) -> str | None:
    if not os.path.isfile(path):  # noqa: PTH113 - never raises, whatever the name
        return None
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
