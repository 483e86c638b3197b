"""Captioned photos: what a dual encoder learns from."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from sightline.errors import UsageError

_SIDES = re.compile(r"\b(left|right)\b", re.IGNORECASE)


@dataclass(frozen=True)
class CaptionedPhoto:
    """A photo and the sentences that say what is on it."""

    path: Path
    captions: tuple[str, ...]


class _Row(msgspec.Struct):
    file: str
    captions: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


def read_captions(file: Path) -> list[CaptionedPhoto]:
    """Read a JSONL file of `{"file": …, "captions": […]}`; `file` is relative to its folder.

    Other keys are left alone.

    Raises:
        UsageError: the file can't be read, or a line says something else.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"Can't read the captions in {file}: {error}.") from None
    if not lines:
        raise UsageError(f"{file} is empty: one line of JSON a photo is needed.")
    photos = []
    for number, line in enumerate(lines, start=1):
        try:
            row = msgspec.json.decode(line, type=_Row)
        except msgspec.DecodeError as error:
            raise UsageError(
                f'{file}, line {number}: {error}. Expected {{"file": "1.jpg", "captions": ["…"]}}.'
            ) from None
        photos.append(CaptionedPhoto(file.parent / row.file, row.captions))
    return photos


def names_a_side(caption: str) -> bool:
    """Whether the caption says left or right, which a mirrored photo would make wrong."""
    return _SIDES.search(caption) is not None
