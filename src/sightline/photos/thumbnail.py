"""A small upright JPEG of a photo, for contact sheets and pages."""

from io import BytesIO
from pathlib import Path

from PIL.Image import Image

from sightline.photos.formats import DEFAULT_MAX_MEGAPIXELS, decoded
from sightline.photos.pixels import fitted
from sightline.photos.read import HEADROOM, read_bytes

_QUALITY = 85


def thumbnail_jpeg(
    path: bytes | Path, side: int, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS
) -> bytes:
    """The bytes of a JPEG that shows the whole photo, no side longer than `side` pixels.

    The photo's shape is kept, small photos are not enlarged, and nothing of the metadata (such as
    the place) goes along.

    Raises:
        UnreadablePhoto, NotAPhoto, BrokenPhoto, PhotoTooLarge: the file can't be shown.
    """
    stream = BytesIO()
    thumbnail_image(path, side, max_megapixels).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def thumbnail_image(
    path: bytes | Path, side: int, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS
) -> Image:
    """The same as an upright RGB image in memory. Raises what `thumbnail_jpeg` raises."""
    data = read_bytes(path)
    with decoded(data, max_megapixels, at_least=HEADROOM * side) as photo:
        return fitted(photo.image, side, photo.orientation, photo.extent)
