"""A small upright JPEG of a photo, for contact sheets and pages."""

from io import BytesIO
from pathlib import Path

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
    data = read_bytes(path)
    with decoded(data, max_megapixels, at_least=HEADROOM * side) as photo:
        small = fitted(photo.image, side, photo.orientation, photo.extent)
    stream = BytesIO()
    small.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()
