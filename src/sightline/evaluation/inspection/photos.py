"""The gold file's photos on disk: are they there, are they the same, do the boxes fit?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sightline.errors import GoldError, PhotoError
from sightline.evaluation.inspection.gold import GoldPhoto
from sightline.photos.formats import DEFAULT_MAX_MEGAPIXELS, decoded
from sightline.photos.read import hash_of, read_bytes

_GLANCE = 64  # pixels a side: enough to know that it decodes


def require_photos(photos: Sequence[GoldPhoto], folder: Path) -> dict[str, tuple[int, int]]:
    """Look at every photo before the first verdict, so that no run fails half way.

    Returns:
        Width and height in pixels, upright, of each photo by its id.

    Raises:
        GoldError: a photo is missing, unreadable or another one than was labelled, or a box
            reaches outside.
    """
    missing = [photo.file for photo in photos if not (folder / photo.file).is_file()]
    if missing:
        raise GoldError(
            f"{len(missing)} of {len(photos)} photos of the gold file are not under {folder}, such "
            f"as {missing[0]}. --images names the folder that the gold file's names start from."
        )
    return {photo.id: _checked_size(photo, folder / photo.file) for photo in photos}


def _checked_size(photo: GoldPhoto, path: Path) -> tuple[int, int]:
    try:
        data = read_bytes(path)
        if hash_of(data) != photo.photo:
            raise GoldError(
                f"{path} is not the photo that was labelled as {photo.id}: its SHA-256 is "
                f"{hash_of(data)}. Get the original file, or label this one."
            )
        with decoded(data, DEFAULT_MAX_MEGAPIXELS, at_least=_GLANCE) as found:
            width, height = found.facts.width, found.facts.height
    except PhotoError as error:
        raise GoldError(f"Can't use {path}, the photo of {photo.id}: {error}") from None
    for box in (*photo.places, *photo.ignored):
        if box.right > width or box.bottom > height:
            raise GoldError(
                f"A box of {photo.id} reaches to ({box.right:g}, {box.bottom:g}), but {path} has "
                f"{width} × {height} pixels. Correct the gold file."
            )
    return width, height
