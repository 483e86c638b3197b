"""A photo → the very pixels that someone else is shown: upright, capped, with nothing but pixels.

What leaves the machine is made here and nowhere else. It is encoded anew from decoded pixels, so
no EXIF, GPS, XMP, colour profile, comment or embedded thumbnail of the file can go along.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image

from sightline.errors import PhotoTooLarge
from sightline.inspection.verdict import Box, Sent
from sightline.photos.formats import DEFAULT_MAX_MEGAPIXELS, decoded
from sightline.photos.pixels import fitted
from sightline.photos.read import hash_of, read_bytes

Role = Literal["photo", "tile", "crop", "reference"]

# JPEG only ever decodes to a smaller size if asked; nothing is as large as this.
_FULL_SIZE = 1 << 20
_FEW_COLOURS = 256
# At 92 with full chroma, what JPEG changes is below a camera's own noise.
_JPEG_QUALITY = 92


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo at full size, upright, RGB over white; `hash` is that of the file's bytes."""

    path: Path
    hash: str
    image: Image.Image

    @property
    def whole(self) -> Box:
        """The box of all its pixels."""
        return Box(0, 0, self.image.width, self.image.height)


@dataclass(frozen=True)
class Limit:
    """How large a picture may be that is sent: longest side and area, in pixels.

    A picture whose longer side has fewer than `least` is enlarged to that, because a model whose
    patches are 28 pixels wide sees next to nothing in a crop of 60.
    """

    side: int
    pixels: int
    least: int = 0

    @property
    def tile(self) -> int:
        """Side of the largest square that is not scaled down."""
        return max(1, min(self.side, math.isqrt(self.pixels)))

    def smaller(self, pixels: int) -> Limit:
        """The same with no more than so many pixels."""
        return Limit(self.side, min(self.pixels, pixels), self.least)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The size at which a picture of `width` × `height` is sent; its shape is kept."""
        longest = max(width, height)
        most = min(self.side / longest, math.sqrt(self.pixels / (width * height)))
        ratio = min(max(1.0, self.least / longest), most)
        # Rounding down keeps the area within the limit. A sliver keeps one pixel.
        scaled = (max(1, int(width * ratio + 1e-9)), max(1, int(height * ratio + 1e-9)))
        return min(scaled[0], self.side), min(scaled[1], self.side)


@dataclass(frozen=True)
class Picture:
    """One encoded picture, ready to be sent.

    Attributes:
        sent: which part of the photo it shows and at what size.
        media: its media type.
        data: all its bytes; they hold no metadata.
        photo: SHA-256 of the photo's file, in hex.
    """

    sent: Sent
    media: str
    data: bytes = field(repr=False)
    photo: str

    @property
    def hash(self) -> str:
        """SHA-256 of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def origin(self) -> str:
        """What it shows, without reference to how this machine encodes pixels."""
        crop = self.sent.crop
        edges = ",".join(f"{edge:g}" for edge in (crop.left, crop.top, crop.right, crop.bottom))
        return f"{self.photo}[{edges}]{self.sent.width}x{self.sent.height}"


def open_photo(path: Path, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> Photo:
    """Read and decode a photo at full size.

    Raises:
        UnreadablePhoto, NotAPhoto, BrokenPhoto, PhotoTooLarge: and nothing else.
    """
    data = read_bytes(path)
    try:
        with decoded(data, max_megapixels, at_least=_FULL_SIZE) as photo:
            upright = fitted(photo.image, _FULL_SIZE, photo.orientation, photo.extent)
    except PhotoTooLarge:
        # What indexing would advise, another limit, is no option of an inspection.
        raise PhotoTooLarge(
            f"It has more pixels than are inspected at once ({max_megapixels:g} megapixels, as far "
            "as memory goes): make it smaller."
        ) from None
    return Photo(path, hash_of(data), upright)


def picture(photo: Photo, crop: Box, limit: Limit, role: Role = "photo") -> Picture:
    """Cut `crop` out of a photo, scale it to `limit`, and encode it.

    A crop is widened to whole pixels and kept inside the photo; the picture's `sent.crop` says
    which pixels it became.
    """
    box = whole_pixels(crop, photo.image.width, photo.image.height)
    edges = (int(box.left), int(box.top), int(box.right), int(box.bottom))
    size = limit.size(edges[2] - edges[0], edges[3] - edges[1])
    image = photo.image.resize(size, Image.Resampling.BICUBIC, edges)
    media, data = _encoded(image)
    sent = Sent(crop=box, width=size[0], height=size[1], role=role)
    return Picture(sent, media, data, photo.hash)


def whole_pixels(box: Box, width: int, height: int) -> Box:
    """The smallest box of whole pixels around `box` and inside the picture; at least one pixel."""
    left = min(max(0, math.floor(box.left)), width - 1)
    top = min(max(0, math.floor(box.top)), height - 1)
    right = max(left + 1, min(width, math.ceil(box.right)))
    bottom = max(top + 1, min(height, math.ceil(box.bottom)))
    return Box(left, top, right, bottom)


def _encoded(image: Image.Image) -> tuple[str, bytes]:
    """PNG for drawings and binary scans, where JPEG would blur what counts; JPEG for the rest."""
    stream = BytesIO()
    bare = Image.frombytes(image.mode, image.size, image.tobytes())  # leaves `info` behind
    if bare.getcolors(_FEW_COLOURS) is not None:
        bare.save(stream, "PNG")
        return "image/png", stream.getvalue()
    bare.save(stream, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return "image/jpeg", stream.getvalue()
