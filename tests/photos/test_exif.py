"""When, where and with which camera: what is read from good, odd and broken metadata."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from sightline.photos.read import Facts, decode
from tests.photos.images import SQUASH, encoded, scene

MAKE, MODEL, DATE, OFFSET, SUBSEC = 271, 272, 306, 0x9010, 0x9290
ORIGINAL, ORIGINAL_OFFSET, ORIGINAL_SUBSEC = 0x9003, 0x9011, 0x9291
DIGITIZED, DIGITIZED_OFFSET = 0x9004, 0x9012
LENS = 0xA434
EXIF_DIRECTORY, GPS_DIRECTORY = 0x8769, 0x8825

Tags = dict[int, Any]


def facts(
    first: Tags | None = None,
    exif: Tags | None = None,
    gps: Tags | None = None,
    format: str = "JPEG",
    **save: object,
) -> Facts:
    """The facts of a file written with these tags."""
    tags = Image.Exif()
    for tag, value in (first or {}).items():
        tags[tag] = value
    for pointer, values in ((EXIF_DIRECTORY, exif), (GPS_DIRECTORY, gps)):
        if values:
            tags.get_ifd(pointer).update(values)
            tags[pointer] = tags.get_ifd(pointer)
    return decode(encoded(scene(40, 30), format, exif=tags.tobytes(), **save), SQUASH)[0]


def place(*numbers: float) -> tuple[IFDRational, ...]:
    return tuple(IFDRational(round(number * 1000), 1000) for number in numbers)


def position(gps: Tags) -> tuple[float | None, float | None]:
    found = facts(gps=gps)
    return found.latitude, found.longitude


FLORENCE = {1: "N", 2: place(43, 28, 2.814), 3: "E", 4: place(11, 53, 6.456)}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_format_that_carries_metadata_gives_its_facts(format: str) -> None:
    found = facts(
        first={MAKE: "Canon", MODEL: "Canon EOS 5D"},
        exif={ORIGINAL: "2021:07:04 18:30:00", ORIGINAL_OFFSET: "+02:00", LENS: "EF50mm f/1.8"},
        gps=FLORENCE,
        format=format,
    )
    assert found == Facts(
        width=40,
        height=30,
        format=format,
        taken_at="2021-07-04T18:30:00+02:00",
        latitude=pytest.approx(43.467448, abs=1e-6),
        longitude=pytest.approx(11.885127, abs=1e-6),
        camera="Canon EOS 5D",
        lens="EF50mm f/1.8",
    )


def test_a_photo_without_metadata_has_only_its_size_and_format() -> None:
    found = decode(encoded(scene(40, 30), "BMP"), SQUASH)[0]
    assert found == Facts(width=40, height=30, format="BMP")


def test_the_moment_of_the_shot_counts_before_scan_and_edit() -> None:
    times = {ORIGINAL: "2001:01:01 01:01:01", DIGITIZED: "2002:02:02 02:02:02"}
    edited = {DATE: "2003:03:03 03:03:03"}
    assert facts(edited, times).taken_at == "2001-01-01T01:01:01"
    del times[ORIGINAL]
    assert facts(edited, times).taken_at == "2002-02-02T02:02:02"
    assert facts(edited).taken_at == "2003-03-03T03:03:03"


def test_each_date_goes_with_its_own_offset() -> None:
    times = {ORIGINAL: "0000:00:00 00:00:00", ORIGINAL_OFFSET: "+05:00"}
    assert facts({DATE: "2003:03:03 03:03:03"}, times).taken_at == "2003-03-03T03:03:03"
    times |= {DIGITIZED: "2002:02:02 02:02:02", DIGITIZED_OFFSET: "-03:30"}
    assert facts(None, times).taken_at == "2002-02-02T02:02:02-03:30"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2021:07:04 18:30:00", "2021-07-04T18:30:00"),
        ("2021-07-04 18:30:00", "2021-07-04T18:30:00"),
        ("2021/07/04 18:30", "2021-07-04T18:30:00"),
        ("2021-07-04T18:30:00", "2021-07-04T18:30:00"),
        ("2021:07:04 18:30:00\0\0", "2021-07-04T18:30:00"),
        ("2021:07:04", "2021-07-04"),
        ("1895:12:28 21:00:00", "1895-12-28T21:00:00"),
        ("0000:00:00 00:00:00", None),
        ("0001:01:01 00:00:00", None),
        ("2021:13:04 18:30:00", None),
        ("2021:02:30 18:30:00", None),
        ("2021:07:04 25:00:00", None),
        ("    :  :     :  :  ", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_read_as_programs_write_them_and_nonsense_is_dropped(
    written: str, read: str | None
) -> None:
    assert facts(exif={ORIGINAL: written}).taken_at == read


@pytest.mark.parametrize(
    ("offset", "read"),
    [("+02:00", "+02:00"), ("-11:30", "-11:30"), ("Z", "+00:00"), ("+14:00", "+14:00"),
     ("+25:00", ""), ("   :  ", ""), ("02:00", ""), ("+2", "")],
)  # fmt: skip
def test_an_offset_is_kept_where_it_is_one(offset: str, read: str) -> None:
    taken_at = facts(exif={ORIGINAL: "2021:07:04 18:30:00", ORIGINAL_OFFSET: offset}).taken_at
    assert taken_at == f"2021-07-04T18:30:00{read}"


@pytest.mark.parametrize(
    ("fraction", "read"),
    [("5", ".5"), ("120", ".12"), ("000", ""), ("1234567", ".123456"), ("x", "")],
)
def test_fractions_of_a_second_order_a_burst(fraction: str, read: str) -> None:
    taken_at = facts(exif={ORIGINAL: "2021:07:04 18:30:00", ORIGINAL_SUBSEC: fraction}).taken_at
    assert taken_at == f"2021-07-04T18:30:00{read}"


@pytest.mark.parametrize(
    ("packet", "read"),
    [
        ('<x exif:DateTimeOriginal="2013-09-23T10:09:46+02:00"/>', "2013-09-23T10:09:46+02:00"),
        ("<photoshop:DateCreated>2013-09-23T10:09:46.25Z</photoshop:DateCreated>",
         "2013-09-23T10:09:46.25+00:00"),
        ("<xmp:CreateDate>2013-09-23T10:09</xmp:CreateDate>", "2013-09-23T10:09:00"),
        ("<xmp:CreateDate>2013-09-23</xmp:CreateDate>", "2013-09-23"),
        ("<xmp:CreateDate>2013-09</xmp:CreateDate>", None),
        ("<xmp:ModifyDate>2013-09-23</xmp:ModifyDate>", None),
        ('<x exif:DateTimeOriginal="0000-00-00T00:00:00" xmp:CreateDate="2013-09-23"/>',
         "2013-09-23"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF"])
def test_xmp_dates_help_out_where_exif_has_none(packet: str, read: str | None, format: str) -> None:
    data = encoded(scene(40, 30), format, xmp=packet.encode())
    assert decode(data, SQUASH)[0].taken_at == read


def test_xmp_dates_count_before_the_time_of_an_edit() -> None:
    packet = b'<x exif:DateTimeOriginal="2013-09-23T10:09:46"/>'
    assert facts({DATE: "2020:01:01 00:00:00"}, xmp=packet).taken_at == "2013-09-23T10:09:46"


@pytest.mark.parametrize(
    ("latitude_ref", "longitude_ref", "signs"),
    [("N", "E", (1, 1)), ("S", "W", (-1, -1)), ("n", "w", (1, -1)), ("South", "East", (-1, 1))],
)
def test_hemispheres_give_the_sign(
    latitude_ref: str, longitude_ref: str, signs: tuple[int, int]
) -> None:
    gps = {1: latitude_ref, 2: place(10, 30, 0), 3: longitude_ref, 4: place(20, 0, 36)}
    assert position(gps) == pytest.approx((10.5 * signs[0], 20.01 * signs[1]))


def test_degrees_may_come_as_fewer_than_three_numbers() -> None:
    gps = {1: "N", 2: place(10.25), 3: "E", 4: place(20, 15)}
    assert position(gps) == pytest.approx((10.25, 20.25))


@pytest.mark.parametrize(
    "spoiled",
    [
        {2: (IFDRational(43, 0), IFDRational(28, 1), IFDRational(0, 1))},  # divided by zero
        {2: place(91, 0, 0)},
        {4: place(181, 0, 0)},
        {1: ""},
        {1: "X"},
        {3: "N"},
        {2: place(0, 0, 0), 4: place(0, 0, 0)},  # no fix
    ],
)
def test_a_place_that_can_not_be_is_dropped(spoiled: Tags) -> None:
    assert position(FLORENCE | spoiled) == (None, None)


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_half_a_place_is_none(missing: int) -> None:
    assert position({tag: v for tag, v in FLORENCE.items() if tag != missing}) == (None, None)


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("NIKON CORPORATION", "NIKON D90", "NIKON D90"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("Apple", "iPhone 13 Pro", "Apple iPhone 13 Pro"),
        ("Canon", None, "Canon"),
        (None, "Pixel 8", "Pixel 8"),
        ("  Canon \0junk", "EOS\0\0\0", "Canon EOS"),
        ("\0\0", " ", None),
        ("Cam\x07era\n", "X", "Cam era X"),
        ("Kodak", "Fotoger\xe4t", "Kodak Fotogerät"),
    ],
)
def test_the_camera_is_named_once_and_cleanly(
    make: str | None, model: str | None, camera: str | None
) -> None:
    tags = {tag: text.encode("latin-1") for tag, text in ((MAKE, make), (MODEL, model)) if text}
    assert facts(tags).camera == camera


def test_names_written_as_utf8_are_read_as_utf8() -> None:
    assert facts({MODEL: "相机 X1".encode()}).camera == "相机 X1"


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about each broken tag
@given(noise=st.binary(max_size=400), at=st.integers(0, 300))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_broken_metadata_never_costs_the_photo(noise: bytes, at: int) -> None:
    tags = Image.Exif()
    tags[MAKE], tags[DATE] = "Canon", "2021:07:04 18:30:00"
    tags[EXIF_DIRECTORY] = {ORIGINAL: "2021:07:04 18:30:00", LENS: "EF50mm"}
    tags[GPS_DIRECTORY] = FLORENCE
    block = bytearray(tags.tobytes())
    block[6 + at : 6 + at + len(noise)] = noise

    found, pixels = decode(encoded(scene(8, 8), "JPEG", exif=bytes(block)), SQUASH)

    assert {found.width, found.height} == {8}
    assert pixels.shape == (64, 64, 3)
    assert found.latitude is None or (math.isfinite(found.latitude) and abs(found.latitude) <= 90)
    assert (found.latitude is None) == (found.longitude is None)
