"""Camera raw files: told by content, shown by the preview that the camera put into them.

Sensor data is never developed here: the camera's own JPEG is what its owner saw, is a hundred
times cheaper, and is enough to search by. Reading one needs the `raw` extra (rawpy, LibRaw).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from sightline.errors import BrokenPhoto, NotAPhoto
from sightline.photos import exif

_SIGNATURES = (
    b"IIRO",  # Olympus
    b"IIRS",
    b"MMOR",
    b"IIU\x00",  # Panasonic, Leica
    b"FUJIFILMCCD-RAW",
    b"FOVb",  # Sigma
    b"\x00MRM",  # Minolta
    b"II\x1a\x00\x00\x00HEAPCCDR",  # Canon CRW
)
# Most others are TIFF files whose pixels, here or in a sub-image, are a sensor's.
_BYTE_ORDER = {b"II*\x00": "<", b"MM\x00*": ">"}
_PHOTOMETRIC, _SUB_IMAGES, _DNG_VERSION = 262, 330, 50706
_SENSOR = {32803, 34892}  # colour filter array and linear raw (TIFF/EP 5.2, DNG 1.4)
_MOST_TAGS, _MOST_SUB_IMAGES = 512, 16

# LibRaw's `flip` → EXIF orientation.
_ORIENTATION = {0: 1, 3: 3, 5: 8, 6: 6}


@dataclass(frozen=True)
class Preview:
    """What a raw file shows of itself.

    Attributes:
        image: the camera's preview, as stored; a JPEG's is not loaded yet.
        orientation: how its pixels lie, 1–8.
        size: width and height of the sensor's picture, stored the same way.
        tags: the raw file's own metadata, where it has any that we read, else the preview's.
    """

    image: Image.Image
    orientation: int
    size: tuple[int, int]
    tags: Image.Exif


def looks_raw(data: bytes) -> bool:
    """Whether these bytes begin like a camera raw file."""
    if data.startswith(_SIGNATURES) or data[4:12] == b"ftypcrx ":  # Canon CR3
        return True
    order = _BYTE_ORDER.get(data[:4])
    if order is None:
        return False
    return data[8:10] == b"CR" or _holds_sensor_data(data, order)  # Canon CR2


def preview(data: bytes) -> Preview:
    """The picture that a camera stored beside its raw data.

    Raises:
        NotAPhoto: the `raw` extra is not installed, or LibRaw doesn't know this camera.
        BrokenPhoto: damaged, or without a preview.
    """
    try:
        import rawpy
    except ImportError:
        raise NotAPhoto(
            'A camera raw file. To read these, install "sightline[raw]" and index again.'
        ) from None
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        with rawpy.imread(BytesIO(data)) as opened:
            size = (opened.sizes.width, opened.sizes.height)
            flip = opened.sizes.flip
            thumb = opened.extract_thumb()
    except rawpy.LibRawFileUnsupportedError:
        raise NotAPhoto("A camera raw file of a kind that LibRaw doesn't know.") from None
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
        raise BrokenPhoto("A camera raw file without a preview that can be read.") from None
    except rawpy.LibRawError as error:
        raise BrokenPhoto(f"Truncated or corrupt raw file: {error}.") from error

    if isinstance(thumb.data, bytes):
        image: Image.Image = JpegImageFile(BytesIO(thumb.data))
        shown = exif.tags_of(image)
        orientation = exif.orientation(shown)
    else:
        image = Image.fromarray(thumb.data)
        shown = Image.Exif()
        orientation = _ORIENTATION.get(flip, 1)
    return Preview(image, orientation, size, exif.tags_in_tiff(data) or shown)


def _holds_sensor_data(data: bytes, order: str) -> bool:
    """Whether a TIFF's first image, or a sub-image of it, holds a sensor's pixels."""
    try:
        first = struct.unpack_from(order + "I", data, 4)[0]
        tags = dict(_entries(data, order, first))
        if _DNG_VERSION in tags or tags.get(_PHOTOMETRIC, (0, 0))[1] in _SENSOR:
            return True
        count, value = tags.get(_SUB_IMAGES, (0, 0))
        count = min(count, _MOST_SUB_IMAGES)
        offsets = (value,) if count == 1 else struct.unpack_from(f"{order}{count}I", data, value)
        for offset in offsets:
            sub_tags = dict(_entries(data, order, offset))
            if sub_tags.get(_PHOTOMETRIC, (0, 0))[1] in _SENSOR:
                return True
    except struct.error:  # a damaged TIFF: for the TIFF decoder to tell
        return False
    return False


def _entries(data: bytes, order: str, offset: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """(tag, (count, value or where the values stand)) of a TIFF directory (TIFF 6.0, section 2)."""
    short = 3
    (length,) = struct.unpack_from(order + "H", data, offset)
    for index in range(min(length, _MOST_TAGS)):
        at = offset + 2 + 12 * index
        tag, kind, count = struct.unpack_from(order + "HHI", data, at)
        (value,) = struct.unpack_from(order + ("H" if kind == short else "I"), data, at + 8)
        yield tag, (count, value)
