"""One read of a photo's file serves its hash, its facts and its pixels."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sightline.errors import PhotoTooLarge, UnreadablePhoto
from sightline.photos import exif
from sightline.photos.exif import Facts
from sightline.photos.formats import DEFAULT_MAX_MEGAPIXELS, decoded, named_failures
from sightline.photos.pixels import PixelRecipe, filterable, square
from sightline.photos.walk import FoundFile, plain_reason

__all__ = [
    "DEFAULT_MAX_MEGAPIXELS",
    "HEADROOM",
    "MAX_FILE_BYTES",
    "Facts",
    "Photo",
    "PixelRecipe",
    "decode",
    "hash_of",
    "pixels_of",
    "read_bytes",
    "read_photo",
]

MAX_FILE_BYTES = 2**31  # 2 GiB: no photo, and every byte of it would stand in memory

# Decoding to fewer than twice the pixels that are wanted would show in the result.
HEADROOM = 2

# A pipe or a device must not make us wait. Windows opens in text mode unless told otherwise.
_READ_WITHOUT_WAITING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo, read and decoded.

    Attributes:
        hash: SHA-256 of all bytes of the file, in hex: the photo's identity.
        facts: size, time, place, camera.
        pixels: uint8 (size, size, 3), RGB, upright.
    """

    hash: str
    facts: Facts
    pixels: Pixels


def read_photo(
    path: bytes | Path,
    recipe: PixelRecipe,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    expected: FoundFile | None = None,
) -> Photo:
    """Read a file once and make of it all that an index needs. Safe in any number of threads.

    Raises:
        UnreadablePhoto, NotAPhoto, BrokenPhoto, PhotoTooLarge: and nothing else, whatever the
            file holds.
    """
    data = read_bytes(path, expected)
    facts, pixels = decode(data, recipe, max_megapixels)
    return Photo(hash_of(data), facts, pixels)


def hash_of(data: bytes) -> str:
    """SHA-256 in hex. Of the secure hashes in `hashlib` the fastest where processors help."""
    return hashlib.sha256(data).hexdigest()


def decode(
    data: bytes, recipe: PixelRecipe, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS
) -> tuple[Facts, Pixels]:
    """Facts and uint8 (size, size, 3) pixels of an image file's bytes.

    Raises:
        NotAPhoto, BrokenPhoto, PhotoTooLarge: the bytes can't be used.
    """
    with decoded(data, max_megapixels, at_least=HEADROOM * recipe.size) as photo:
        small = square(photo.image, recipe, photo.orientation, photo.extent)
    return photo.facts, np.asarray(small)


def pixels_of(image: Image.Image, recipe: PixelRecipe) -> Pixels:
    """The uint8 (size, size, 3) pixels of an image that is already in memory, or opened.

    Raises:
        BrokenPhoto: an opened file whose pixels can't be decoded.
    """
    with named_failures():
        image.load()
        pixels = filterable(image)
    return np.asarray(square(pixels, recipe, exif.orientation(exif.tags_of(image))))


def read_bytes(path: bytes | Path, expected: FoundFile | None = None) -> bytes:
    """All bytes of a regular file, the same from the first to the last.

    Args:
        path: the file.
        expected: what the walk saw of it; another size or time by now is a change, too.

    Raises:
        UnreadablePhoto: missing, not permitted, no regular file, or changed meanwhile.
        PhotoTooLarge: more bytes than any photo has.
    """
    try:
        descriptor = os.open(path, _READ_WITHOUT_WAITING)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            before = os.fstat(descriptor)
            _check_regular(before)
            if expected is not None and (expected.size, expected.mtime_ns) != _version(before):
                raise UnreadablePhoto("It changed after it was found. Index again.")
            data = b"".join(_chunks(file, before.st_size))
            if _version(before) != _version(os.fstat(descriptor)) or len(data) != before.st_size:
                raise UnreadablePhoto("It changed while it was being read. Index again.")
    except OSError as error:
        raise UnreadablePhoto(plain_reason(error)) from error
    except ValueError as error:  # a NUL in the path
        raise UnreadablePhoto("No file can have this name.") from error
    return data


def _check_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise UnreadablePhoto("It is a folder.")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadablePhoto("It is a pipe, socket or device, not a file.")
    if status.st_size > MAX_FILE_BYTES:
        raise PhotoTooLarge(f"The file has {status.st_size / 2**30:.1f} GiB; the limit is 2.")


def _version(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _chunks(file: FileIO, size: int) -> Iterator[bytes]:
    """The file's bytes, and one more than `size` where it has grown."""
    left = size + 1
    while left > 0 and (chunk := file.read(left)):
        left -= len(chunk)
        yield chunk
