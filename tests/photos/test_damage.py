"""Whatever the bytes are, the answer is a photo or a PhotoError: nothing else escapes."""

from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sightline.errors import BrokenPhoto, PhotoError
from sightline.photos.read import decode
from tests.photos.images import CROP, encoded, raw_file, scene
from tests.photos.test_formats import heif

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about broken tags

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "HEIF", "RAW")
thorough = settings(max_examples=150, deadline=None, derandomize=True)


@cache
def whole(format: str) -> bytes:
    if format == "HEIF":
        return heif(scene(48, 32))
    if format == "RAW":
        return raw_file(scene(48, 32))
    compression = {"compression": "tiff_lzw"} if format == "TIFF" else {}
    return encoded(scene(48, 32), format, **compression)


def is_answered(data: bytes) -> None:
    try:
        facts, pixels = decode(data, CROP, max_megapixels=1)
    except PhotoError:
        return
    assert pixels.shape == (64, 64, 3)
    assert pixels.dtype == np.uint8
    assert facts.width > 0
    assert facts.height > 0


@given(data=st.binary(max_size=300))
@thorough
def test_random_bytes_are_answered(data: bytes) -> None:
    is_answered(data)


@pytest.mark.parametrize("format", FORMATS)
@given(data=st.data())
@thorough
def test_a_photo_cut_off_anywhere_is_answered(format: str, data: st.DataObject) -> None:
    file = whole(format)
    is_answered(file[: data.draw(st.integers(0, len(file)))])


@pytest.mark.parametrize("format", FORMATS)
@given(data=st.data())
@thorough
def test_a_photo_with_wrong_bytes_is_answered(format: str, data: st.DataObject) -> None:
    file = bytearray(whole(format))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(file) - 1))
        noise = data.draw(st.binary(min_size=1, max_size=6))
        file[at : at + len(noise)] = noise
    is_answered(bytes(file))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@given(part=st.floats(0.05, 0.95))
@example(part=0.5)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_cut_photo_is_broken_wherever_pixels_are_missing(format: str, part: float) -> None:
    file = whole(format)
    headers = {"JPEG": file.find(b"\xff\xda"), "PNG": 41, "WEBP": 30}[format]
    end = headers + int(part * (len(file) - headers - 16))
    with pytest.raises(BrokenPhoto):
        decode(file[:end], CROP)
