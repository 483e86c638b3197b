"""Bytes → which image format they are, and a decoded image of them, within limits.

Formats are told by content, never by a file's ending, and each is opened by its own Pillow plugin
class rather than by `Image.open`: no other plugin ever sees the bytes (some run programs, such as
Ghostscript for EPS), only the plugin in use is imported, and the size limit is this call's own
instead of a global of Pillow's.
"""

import re
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageFile

from sightline.errors import BrokenPhoto, NotAPhoto, PhotoTooLarge
from sightline.photos import exif, raw
from sightline.photos.exif import Facts
from sightline.photos.pixels import Extent, filterable, turned

# Room for cameras of 150 megapixels, and just below the most that Pillow's own guard lets its TIFF,
# WebP and GIF decoders allocate, whatever we allow them.
DEFAULT_MAX_MEGAPIXELS = 175.0
_PILLOW_MEGAPIXELS = 178

# Above this many megapixels in memory, photos are decoded one at a time, so that as many huge ones
# as there are lanes don't stand in memory together.
_TAKES_TURNS = 50
_turn = threading.Lock()

# What decoders raise on damaged files. Nearly always the first three; TypeError and RuntimeError
# (pillow-heif) on some of the mutated files that this was tried on; the last four where a plugin
# trusts a field of the file.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    RuntimeError,
    EOFError,
    LookupError,
    ArithmeticError,
    struct.error,
)

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),  # BigTIFF
    (b"MM\x00+", "TIFF"),
)
# Brands of ISO base media files (ISO/IEC 23008-12, annex B; AVIF 1.1, section 6). "mif1" and
# "msf1" only say "some image": the compatible brands then say which codec.
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_ANY_BRANDS = {b"mif1", b"msf1"}
_BMP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}


@dataclass(frozen=True)
class Decoded:
    """One decoded photo.

    Attributes:
        image: pixels as stored, perhaps scaled down while decoding.
        orientation: how they lie, 1–8.
        extent: the photo's size in pixels of `image`, whose last row and column may be padding.
        facts: what the file says of the photo.
    """

    image: Image.Image
    orientation: int
    extent: Extent
    facts: Facts


@contextmanager
def decoded(data: bytes, max_megapixels: float, at_least: int) -> Iterator[Decoded]:
    """Decode the first picture in `data`; its memory is bounded while the `with` block runs.

    Args:
        data: all bytes of one file.
        max_megapixels: width × height that is still decoded, in millions of pixels.
        at_least: neither side may be scaled down below this many pixels while decoding.

    Raises:
        NotAPhoto: no format that sightline reads.
        PhotoTooLarge: more pixels than allowed, found before any is decoded.
        BrokenPhoto: truncated or corrupt.
    """
    kind = sniff(data)
    with enough_memory():
        with named_failures():
            shown = raw.preview(data) if kind == "RAW" else None
            image = shown.image if shown else _open(kind, data)
            full = image.size
            _check_size(full, max_megapixels)
            drafted = image.draft(None, (at_least, at_least)) if image.format == "JPEG" else None
        with _in_turn(image):
            with named_failures():
                image.load()
                pixels = filterable(image)
            if drafted:
                extent = drafted[1][2:]
            else:
                extent = full = image.size
                _check_size(full, max_megapixels)  # of a HEIF certain only now
            tags = shown.tags if shown else exif.tags_of(image)
            orientation = shown.orientation if shown else exif.orientation(tags)
            size = turned(shown.size if shown else full, orientation)
            facts = exif.facts(tags, exif.xmp_of(image), kind, size)
            yield Decoded(pixels, orientation, extent, facts)


def sniff(data: bytes) -> str:
    """The format of an image file, by its first bytes.

    Raises:
        NotAPhoto: none that sightline reads.
    """
    if not data:
        raise NotAPhoto("The file is empty.")
    if raw.looks_raw(data):
        return "RAW"
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    if data[4:8] == b"ftyp":
        length = min(int.from_bytes(data[:4], "big"), 256)
        brands = {data[at : at + 4] for at in (8, *range(16, length, 4))}
        if data[8:12] in _AVIF_BRANDS or (data[8:12] in _ANY_BRANDS and brands & _AVIF_BRANDS):
            return "AVIF"
        if data[8:12] in _HEIF_BRANDS | _ANY_BRANDS:
            return "HEIF"
    raise NotAPhoto(
        "Not an image in a format that sightline reads (JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, "
        "JPEG 2000, HEIF, camera raw)."
    )


def _open(kind: str, data: bytes) -> ImageFile.ImageFile:
    """Read the header only. Each plugin is imported when the first file of its format comes."""
    stream = BytesIO(data)
    match kind:
        case "JPEG":
            from PIL.JpegImagePlugin import JpegImageFile

            return JpegImageFile(stream)
        case "PNG":
            from PIL.PngImagePlugin import PngImageFile

            return PngImageFile(stream)
        case "WEBP":
            from PIL.WebPImagePlugin import WebPImageFile

            return WebPImageFile(stream)
        case "TIFF":
            from PIL.TiffImagePlugin import TiffImageFile

            return TiffImageFile(stream)
        case "BMP":
            from PIL.BmpImagePlugin import BmpImageFile

            return BmpImageFile(stream)
        case "GIF":
            from PIL.GifImagePlugin import GifImageFile

            return GifImageFile(stream)
        case "AVIF":
            from PIL.AvifImagePlugin import AvifImageFile

            return AvifImageFile(stream)
        case "JPEG2000":
            from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

            return Jpeg2KImageFile(stream)
        case _:
            from pillow_heif import HeifImageFile

            typed: Callable[[BytesIO], ImageFile.ImageFile] = HeifImageFile
            return typed(stream)


def _check_size(size: tuple[int, int], max_megapixels: float) -> None:
    megapixels = size[0] * size[1] / 1e6
    if megapixels > max_megapixels:
        raise PhotoTooLarge(
            f"{megapixels:,.1f} megapixels ({size[0]} × {size[1]}), and the limit is "
            f"{max_megapixels:g}. If you trust the file, raise it: "
            f"--max-megapixels {int(megapixels) + 1}."
        )


@contextmanager
def named_failures() -> Iterator[None]:
    """Turn what decoders raise into one of our errors, with a plain reason."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = int(re.findall(r"\d+", str(error))[0])
        raise PhotoTooLarge(
            f"{pixels / 1e6:,.1f} megapixels. The limit for TIFF, WebP and GIF is "
            f"{_PILLOW_MEGAPIXELS}, whatever --max-megapixels says: make it smaller, or convert "
            "it to JPEG or PNG."
        ) from None
    except _DAMAGED as error:
        raise BrokenPhoto(f"Truncated or corrupt: {error or type(error).__name__}.") from error


@contextmanager
def enough_memory() -> Iterator[None]:
    """Turn running out of memory into a failure of the photo at hand."""
    try:
        yield
    except MemoryError:
        raise PhotoTooLarge(
            "Decoding it needs more memory than there is. Index with fewer --lanes."
        ) from None


def _in_turn(image: Image.Image) -> AbstractContextManager[object]:
    huge = image.width * image.height > _TAKES_TURNS * 1e6
    return _turn if huge else nullcontext()
