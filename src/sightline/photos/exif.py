"""When, where and with which camera: facts from a photo's metadata.

Tags are those of EXIF 2.32 (CIPA DC-008-2019); section numbers below are its. Metadata is written
by thousands of programs, often wrongly, and never costs the photo: what can't be understood is
left out.
"""

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

# What Pillow's metadata reader raises on damaged tags: pointers that lead nowhere (OSError,
# ValueError, OverflowError), values of an unexpected type or length (TypeError, LookupError,
# struct.error, ZeroDivisionError), a directory with another header (SyntaxError).
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
)

_EARLIEST_YEAR = 1826  # the oldest photograph that survives; "0000" and "0001" mean "unknown"

_Base = ExifTags.Base
_DATE_TAGS = (  # (date, fraction of a second, offset from UTC), sections 4.6.3 and 4.6.6
    (_Base.DateTimeOriginal, _Base.SubsecTimeOriginal, _Base.OffsetTimeOriginal),
    (_Base.DateTimeDigitized, _Base.SubsecTimeDigitized, _Base.OffsetTimeDigitized),
    (_Base.DateTime, _Base.SubsecTime, _Base.OffsetTime),
)
_DATE = re.compile(r"(\d{4})[:/.-](\d\d)[:/.-](\d\d)(?:[ T]+(\d\d):(\d\d)(?::(\d\d))?)?")
_OFFSET = re.compile(r"Z|[+-](?:0\d|1[0-4]):[0-5]\d")
_XMP_DATE = re.compile(
    rb"(?:exif:DateTimeOriginal|photoshop:DateCreated|xmp:CreateDate)"
    rb"""(?:\s*=\s*["']|\s*>\s*)([0-9T:.+Z-]{10,40})"""
)


@dataclass(frozen=True)
class Facts:
    """What a photo's file says of it.

    Attributes:
        width, height: pixels of the upright photo, after orientation is applied.
        format: "JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "HEIF" or "RAW".
        taken_at: ISO 8601, with the offset from UTC where the camera recorded one; local time of
            an unknown place where it didn't. A date alone where no time is known.
        latitude, longitude: degrees, north and east positive; both or neither.
        camera: make and model, the make not repeated.
        lens: the lens's model.
    """

    width: int
    height: int
    format: str
    taken_at: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    camera: str | None = None
    lens: str | None = None


def facts(exif: Image.Exif, xmp: bytes, format: str, size: tuple[int, int]) -> Facts:
    """Facts from a photo's metadata and its upright size in pixels."""
    tags = {**_first_directory(exif), **_directory(exif, ExifTags.IFD.Exif)}
    position = _position(_directory(exif, ExifTags.IFD.GPSInfo))
    return Facts(
        width=size[0],
        height=size[1],
        format=format,
        taken_at=_taken_at(tags, xmp),
        latitude=position[0] if position else None,
        longitude=position[1] if position else None,
        camera=_camera(_text(tags.get(_Base.Make)), _text(tags.get(_Base.Model))),
        lens=_text(tags.get(_Base.LensModel)),
    )


def orientation(exif: Image.Exif) -> int:
    """How the stored pixels lie, 1–8 as in EXIF section 4.6.5.1; 1, upright, where none is said."""
    try:
        value = exif.get(_Base.Orientation, 1)
    except _DAMAGED:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def tags_of(image: Image.Image) -> Image.Exif:
    """An image's EXIF metadata; empty where there is none or it is damaged."""
    try:
        return image.getexif()
    except _DAMAGED:
        return Image.Exif()


def tags_in_tiff(data: bytes) -> Image.Exif:
    """The metadata of a file built like a TIFF, as most camera raw files are; else empty."""
    exif = Image.Exif()
    header = {b"II": b"II*\0", b"MM": b"MM\0*"}.get(data[:2])  # makers vary the rest of it
    if header is None:
        return exif
    try:
        exif.load(header + data[4:])
    except _DAMAGED:
        return Image.Exif()
    return exif


def xmp_of(image: Image.Image) -> bytes:
    """An image's XMP packet, empty where there is none."""
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    if isinstance(xmp, str):  # a PNG's text chunk
        xmp = xmp.encode("utf-8", "replace")
    return xmp if isinstance(xmp, bytes) else b""


def _first_directory(exif: Image.Exif) -> dict[int, Any]:
    """Its wanted tags, one by one: a damaged one hides no other."""
    found = {}
    for tag in (_Base.Make, _Base.Model, _Base.DateTime):
        try:
            found[int(tag)] = exif[tag]
        except _DAMAGED:
            continue
    return found


def _directory(exif: Image.Exif, pointer: ExifTags.IFD) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(pointer))
    except _DAMAGED:
        return {}


def _taken_at(tags: Mapping[int, Any], xmp: bytes) -> str | None:
    original, digitized, changed = _DATE_TAGS
    return (
        _exif_date(tags, *original)
        or _exif_date(tags, *digitized)
        or _xmp_date(xmp)
        or _exif_date(tags, *changed)  # last: many programs write here when they save
    )


def _exif_date(tags: Mapping[int, Any], date: int, fraction: int, offset: int) -> str | None:
    digits = re.match(r"\d+", _text(tags.get(fraction)) or "")
    zone = _OFFSET.fullmatch(_text(tags.get(offset)) or "")
    return _iso(
        _text(tags.get(date)) or "",
        fraction=digits.group() if digits else "",
        offset=zone.group() if zone else "",
    )


def _iso(text: str, fraction: str = "", offset: str = "") -> str | None:
    """ISO 8601 of "2021:07:04 18:30:00" and its common variants; None for what is no date."""
    match = _DATE.match(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    if year < _EARLIEST_YEAR:
        return None
    if match.group(4) is None:
        return moment.date().isoformat()
    fraction = f".{fraction[:6].rstrip('0')}".rstrip(".")
    return moment.isoformat() + fraction + offset.replace("Z", "+00:00")


def _xmp_date(xmp: bytes) -> str | None:
    for match in _XMP_DATE.finditer(xmp):
        text = match.group(1).decode("ascii")
        parts = re.fullmatch(r"([^.+Z]{10,19}?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", text)
        if not parts:
            continue
        body, fraction, offset = parts.groups("")
        zone = offset if _OFFSET.fullmatch(offset) else ""
        if date := _iso(body, fraction=fraction, offset=zone):
            return date
    return None


def _position(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    """Latitude and longitude, section 4.6.6; None unless both are there and possible."""
    tag = ExifTags.GPS
    latitude = _degrees(gps.get(tag.GPSLatitude), gps.get(tag.GPSLatitudeRef), "N", "S", 90)
    longitude = _degrees(gps.get(tag.GPSLongitude), gps.get(tag.GPSLongitudeRef), "E", "W", 180)
    if latitude is None or longitude is None:
        return None
    if latitude == 0 and longitude == 0:  # what receivers without a fix write; open sea, too
        return None
    return latitude, longitude


def _degrees(value: Any, ref: Any, positive: str, negative: str, limit: float) -> float | None:
    """Degrees, minutes and seconds → degrees; None where the hemisphere isn't said."""
    signs = {positive: 1.0, negative: -1.0}
    sign = signs.get((_text(ref) or "").upper()[:1])
    parts = value if isinstance(value, tuple) else (value,)
    if sign is None or len(parts) > 3:
        return None
    try:
        numbers = [float(part) for part in parts]
    except _DAMAGED:
        return None
    degrees = math.fsum(number / 60.0**power for power, number in enumerate(numbers))
    if not math.isfinite(degrees) or not 0 <= degrees <= limit:  # a zero denominator reads as NaN
        return None
    return round(sign * degrees, 7)  # a centimetre


def _camera(make: str | None, model: str | None) -> str | None:
    """Canon, Canon EOS 5D → "Canon EOS 5D"; SONY, ILCE-7M3 → "SONY ILCE-7M3"."""
    if not make or not model:
        return model or make
    repeated = model.casefold().startswith(make.split()[0].casefold())
    return model if repeated else f"{make} {model}"


def _text(value: Any) -> str | None:
    """A tag's words: UTF-8 where they are, up to the first NUL, without control characters."""
    if isinstance(value, tuple) and value:
        value = value[0]
    if isinstance(value, str):
        value = value.encode("latin-1", "replace")  # Pillow decodes every tag as Latin-1
    if not isinstance(value, bytes):
        return None
    value = value.partition(b"\0")[0]
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text or None
