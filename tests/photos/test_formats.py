"""Formats are told by content; too large, foreign and broken files are named for what they are."""

import re
import struct
import threading
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from sightline.errors import BrokenPhoto, NotAPhoto, PhotoError, PhotoTooLarge
from sightline.photos import formats
from sightline.photos.formats import DEFAULT_MAX_MEGAPIXELS, sniff
from sightline.photos.read import decode
from tests.photos.images import CROP, SQUASH, difference, encoded, scene

TRUE_COLOUR = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000")


def heif(image: Image.Image, **save: object) -> bytes:
    """A HEIC file, written without registering anything with Pillow."""
    import pillow_heif

    stream = BytesIO()
    pillow_heif.from_pillow(image).save(stream, **save)
    return stream.getvalue()


def test_every_promised_format_is_told_and_decoded() -> None:
    expected = decode(encoded(scene(), "PNG"), CROP)[1]
    for format in TRUE_COLOUR:
        data = encoded(scene(), format)
        assert sniff(data) == format
        facts, pixels = decode(data, CROP)
        assert (facts.format, facts.width, facts.height) == (format, 300, 200)
        assert difference(pixels, expected) < 3, format


def test_gif_is_told_and_decoded() -> None:
    facts, pixels = decode(encoded(scene(), "GIF"), CROP)
    assert facts.format == "GIF"
    assert difference(pixels, decode(encoded(scene(), "PNG"), CROP)[1]) < 12  # 256 colours


def test_heic_is_told_and_decoded() -> None:
    data = heif(scene(), quality=90)
    facts, pixels = decode(data, CROP)
    assert (sniff(data), facts.format, facts.width, facts.height) == ("HEIF", "HEIF", 300, 200)
    assert difference(pixels, decode(encoded(scene(), "PNG"), CROP)[1]) < 3


def test_heic_with_transparency_is_shown_over_white() -> None:
    pixels = decode(heif(Image.new("RGBA", (64, 64), (0, 0, 0, 128)), quality=-1), SQUASH)[1]
    assert pixels[32, 32].astype(int) == pytest.approx([127, 127, 127], abs=3)


@pytest.mark.parametrize(
    ("brand", "others", "format"),
    [(b"avif", b"", "AVIF"), (b"mif1", b"miafavif", "AVIF"), (b"mif1", b"miafheic", "HEIF"),
     (b"heic", b"mif1avif", "HEIF"), (b"msf1", b"", "HEIF")],
)  # fmt: skip
def test_the_brands_of_a_container_tell_avif_from_heif(
    brand: bytes, others: bytes, format: str
) -> None:
    box = b"ftyp" + brand + bytes(4) + others
    assert sniff(struct.pack(">I", len(box) + 4) + box) == format


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"8BPS\0\1" + bytes(40),
        b"\0\0\0\x18ftypisom" + bytes(40),  # a film
        b"P6 1 1 255\n\0\0\0",
        b"BM is how this text begins, and it is no bitmap",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"\0" * 100,
        b"GIF",
        b"x",
    ],
)
def test_what_is_no_image_is_not_a_photo_and_reaches_no_decoder(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a decoder was called")

    monkeypatch.setattr(formats, "_open", refuse)
    with pytest.raises(NotAPhoto):
        decode(data, SQUASH)


def test_a_files_ending_means_nothing() -> None:
    with pytest.raises(NotAPhoto):
        sniff(b"#!/bin/sh\necho photo.jpg\n")


# --- too large ---------------------------------------------------------------------------------


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares its size and holds next to nothing."""

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.fixture
def no_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes Pillow refuse to reserve memory for an image."""

    def refuse(*args: object) -> None:
        raise AssertionError("memory was reserved for pixels")

    monkeypatch.setattr(Image.core, "new", refuse)
    monkeypatch.setattr(Image.core, "fill", refuse)


@pytest.mark.usefixtures("no_pixels")
def test_a_bomb_is_refused_by_its_declared_size_before_any_memory_is_reserved() -> None:
    with pytest.raises(PhotoTooLarge) as refused:
        decode(png_header(60_000, 60_000), SQUASH)
    message = str(refused.value)
    assert "3,600.0 megapixels" in message
    assert "60000 × 60000" in message
    assert "--max-megapixels 3601" in message


def test_the_limit_that_the_message_names_is_enough() -> None:
    data = encoded(Image.new("L", (2000, 1001)), "PNG")
    with pytest.raises(PhotoTooLarge) as refused:
        decode(data, SQUASH, max_megapixels=2)
    limit = re.search(r"--max-megapixels (\d+)", str(refused.value))
    assert limit is not None
    assert decode(data, SQUASH, max_megapixels=int(limit[1]))[0].width == 2000


def test_the_limit_counts_pixels_of_the_file_even_if_fewer_would_be_decoded() -> None:
    data = encoded(Image.new("L", (2000, 2000)), "JPEG")
    with pytest.raises(PhotoTooLarge):
        decode(data, SQUASH, max_megapixels=3.9)
    assert decode(data, SQUASH, max_megapixels=4)[0].width == 2000


@pytest.mark.parametrize(
    "format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000"]
)
def test_every_format_is_held_to_the_limit(format: str) -> None:
    data = encoded(Image.new("L", (1100, 1000)), format)
    with pytest.raises(PhotoTooLarge, match=r"1\.1 megapixels \(1100 × 1000\)"):
        decode(data, SQUASH, max_megapixels=1)


def test_heic_is_held_to_the_limit() -> None:
    with pytest.raises(PhotoTooLarge, match=r"1\.1 megapixels"):
        decode(heif(Image.new("RGB", (1100, 1000))), SQUASH, max_megapixels=1)


def test_heic_that_hides_its_size_gives_no_photo_above_the_limit() -> None:
    data = heif(Image.new("RGB", (2000, 2000)))
    at = data.index(b"ispe") + 8
    lie = data[:at] + struct.pack(">II", 64, 64) + data[at + 8 :]
    try:
        facts, _ = decode(lie, SQUASH, max_megapixels=1)
    except PhotoError:
        return
    assert (facts.width, facts.height) == (64, 64)  # what older versions of libheif make of it


def test_jpeg_2000_that_hides_its_size_is_not_decoded() -> None:
    data = encoded(Image.new("RGB", (2000, 2000)), "JPEG2000")
    at = data.index(b"ihdr") + 4
    lie = data[:at] + struct.pack(">II", 64, 64) + data[at + 8 :]
    with pytest.raises(BrokenPhoto):
        decode(lie, SQUASH, max_megapixels=1)


def test_a_gif_too_large_for_pillow_says_so_with_its_size() -> None:
    screen = b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0, 0, 0)  # its picture is larger
    image = b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x00;"
    with pytest.raises(PhotoTooLarge, match=r"4,294\.\d megapixels"):
        decode(screen + image, SQUASH, max_megapixels=10_000)


def test_what_the_default_limit_admits_pillow_admits_too() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert DEFAULT_MAX_MEGAPIXELS * 1e6 <= 2 * Image.MAX_IMAGE_PIXELS


def test_decoding_leaves_pillows_own_guard_alone() -> None:
    before = Image.MAX_IMAGE_PIXELS
    decode(encoded(scene(), "PNG"), SQUASH, max_megapixels=1e6)
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iCCP"])
def test_a_bomb_in_a_pngs_text_or_profile_is_refused(kind: bytes) -> None:
    bomb = zlib.compress(bytes(80_000_000), 9)
    body = {
        b"tEXt": b"a\0" + bytes(70_000_000),
        b"zTXt": b"a\0\0" + bomb,
        b"iTXt": b"a\0\1\0\0\0" + bomb,
        b"iCCP": b"a\0\0" + bomb,
    }[kind]
    plain = encoded(scene(8, 8), "PNG")
    data = plain[:33] + png_chunk(kind, body) + plain[33:]
    try:
        facts, _ = decode(data, SQUASH)
    except BrokenPhoto:
        return
    assert facts.width == 8  # skipped, not unpacked


def test_running_out_of_memory_costs_that_photo_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(formats, "filterable", no_memory)
    with pytest.raises(PhotoTooLarge, match="memory"):
        decode(encoded(scene(), "PNG"), SQUASH)


def test_huge_photos_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_TAKES_TURNS", 0.01)
    at_once: list[int] = []
    busy = 0
    original = formats.filterable

    def counting(image: Image.Image) -> Image.Image:
        nonlocal busy
        busy += 1
        at_once.append(busy)
        threading.Event().wait(0.02)
        busy -= 1
        return original(image)

    monkeypatch.setattr(formats, "filterable", counting)
    data = encoded(scene(), "PNG")
    threads = [threading.Thread(target=decode, args=(data, SQUASH)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert at_once == [1, 1, 1, 1]


# --- broken ------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", [*TRUE_COLOUR, "GIF", "HEIF"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_truncated_photo_is_broken_and_never_half_grey(format: str, kept: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    data = heif(image) if format == "HEIF" else encoded(image, format)
    with pytest.raises(BrokenPhoto, match="Truncated or corrupt"):
        decode(data[: int(len(data) * kept)], SQUASH)


def test_a_progressive_jpeg_without_its_last_scans_is_broken() -> None:
    data = encoded(scene(), "JPEG", progressive=True)
    with pytest.raises(BrokenPhoto):
        decode(data[: len(data) // 2], SQUASH)


def test_bytes_after_the_end_do_no_harm() -> None:
    film = b"\0\0\0\x18ftypmp42" + bytes(5000)  # as phones append to a "motion photo"
    facts, _ = decode(encoded(scene(), "JPEG") + film, SQUASH)
    assert (facts.width, facts.height) == (300, 200)
