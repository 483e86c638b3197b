"""Pictures and files that the tests of the photos room are made of."""

import struct
from io import BytesIO

import numpy as np
from PIL import Image

from sightline.photos.read import PixelRecipe

SQUASH = PixelRecipe(size=64, fit="squash", resample="bicubic")
CROP = PixelRecipe(size=64, fit="crop", resample="bicubic")

# What must be done to upright pixels so that a reader of this EXIF orientation turns them back.
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def scene(width: int = 300, height: int = 200, seed: int = 0) -> Image.Image:
    """A smooth RGB picture, different in all corners and along both sides."""
    y, x = np.mgrid[0:height, 0:width]
    x, y = x / max(1, width - 1), y / max(1, height - 1)
    red = 255 * x
    green = 255 * y
    blue = 127 + 120 * np.sin(9 * x + seed) * np.cos(5 * y)
    return Image.fromarray(np.stack([red, green, blue], axis=-1).clip(0, 255).astype(np.uint8))


def stored(image: Image.Image, orientation: int) -> Image.Image:
    """The pixels of an upright image as a camera held this way would store them."""
    method = STORED_AS[orientation]
    return image if method is None else image.transpose(method)


def encoded(image: Image.Image, format: str, **save: object) -> bytes:
    stream = BytesIO()
    image.save(stream, format, **save)
    return stream.getvalue()


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = orientation
    return exif


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of uint8 pixels, in levels of 255."""
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


SENSOR = (64, 48)  # width and height of what `raw_file` says was taken


def raw_file(preview: Image.Image, orientation: int = 1, compressed: bool = True) -> bytes:
    """A small camera raw file (DNG 1.4): 16-bit sensor data and a preview, JPEG or plain RGB."""
    width, height = SENSOR
    pixels = encoded(preview, "JPEG", quality=95) if compressed else preview.tobytes()
    file = bytearray(b"II*\0\0\0\0\0")
    levels = _put(file, struct.pack("<H", 2000) * (width * height))
    picture = _put(file, pixels)
    sensor_directory = _directory(
        file,
        [
            (254, "I", [0]),
            (256, "I", [width]),
            (257, "I", [height]),
            (258, "H", [16]),
            (259, "H", [1]),
            (262, "H", [32803]),  # colour filter array
            (273, "I", [levels]),
            (277, "H", [1]),
            (278, "I", [height]),
            (279, "I", [2 * width * height]),
            (33421, "H", [2, 2]),
            (33422, "B", [0, 1, 1, 2]),
            (50717, "I", [65535]),
        ],
    )
    exif_directory = _directory(file, [(36867, "s", b"2021:07:04 18:30:00")])
    identity = [(int(row == column), 1) for row in range(3) for column in range(3)]
    first = _directory(
        file,
        [
            (254, "I", [1]),
            (256, "I", [preview.width]),
            (257, "I", [preview.height]),
            (258, "H", [8, 8, 8]),
            (259, "H", [7 if compressed else 1]),
            (262, "H", [6 if compressed else 2]),
            (271, "s", b"Maker"),
            (272, "s", b"Model X"),
            (273, "I", [picture]),
            (274, "H", [orientation]),
            (277, "H", [3]),
            (278, "I", [preview.height]),
            (279, "I", [len(pixels)]),
            (330, "I", [sensor_directory]),
            (34665, "I", [exif_directory]),
            (50706, "B", [1, 4, 0, 0]),
            (50708, "s", b"Maker Model X"),
            (50721, "r", identity),
            (50778, "H", [21]),
        ],
    )
    file[4:8] = struct.pack("<I", first)
    return bytes(file)


_TIFF_TYPES = {"B": 1, "s": 2, "H": 3, "I": 4, "r": 10}


def _directory(file: bytearray, entries: list[tuple[int, str, object]]) -> int:
    """Append a TIFF directory, its long values first; return where it stands."""
    rows = []
    for tag, kind, values in entries:
        if kind == "s":
            data, count = values + b"\0", len(values) + 1
        elif kind == "r":
            data, count = b"".join(struct.pack("<ii", *value) for value in values), len(values)
        else:
            data, count = struct.pack(f"<{len(values)}{kind}", *values), len(values)
        field = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", _put(file, data))
        rows.append(struct.pack("<HHI", tag, _TIFF_TYPES[kind], count) + field)
    return _put(file, struct.pack("<H", len(rows)) + b"".join(rows) + bytes(4))


def _put(file: bytearray, data: bytes) -> int:
    if len(file) % 2:
        file.append(0)
    file.extend(data)
    return len(file) - len(data)
