"""Modes, orientations and fits: what stands in the square that an encoder sees."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sightline.errors import BrokenPhoto
from sightline.photos.read import PixelRecipe, decode, pixels_of
from tests.photos.images import CROP, SQUASH, difference, encoded, exif_of, scene, stored

COLOUR = (200, 60, 20)


def only_colour(data: bytes) -> np.ndarray:
    """The colour of a file that shows a single one; asserts that it does."""
    pixels = decode(data, SQUASH)[1].reshape(-1, 3).astype(int)
    assert np.ptp(pixels, axis=0).max() <= 2
    return pixels[0]


def plain(mode: str, colour: object, size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new(mode, size, colour)


@pytest.mark.parametrize("recipe", [SQUASH, CROP], ids=["squash", "crop"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("format", "size"),
    [("PNG", (301, 200)), ("PNG", (97, 402)), ("WEBP", (301, 200)), ("TIFF", (301, 200))],
)
def test_a_photo_stored_in_any_orientation_gives_the_same_pixels(
    recipe: PixelRecipe, orientation: int, format: str, size: tuple[int, int]
) -> None:
    upright = scene(*size)
    lossless = {"lossless": True} if format == "WEBP" else {}
    data = encoded(stored(upright, orientation), format, exif=exif_of(orientation), **lossless)

    facts, pixels = decode(data, recipe)

    assert np.abs(pixels.astype(int) - pixels_of(upright, recipe)).max() <= 1
    assert (facts.width, facts.height) == size


@pytest.mark.parametrize("recipe", [SQUASH, CROP], ids=["squash", "crop"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_decoded_at_reduced_size_is_turned_like_any_other(
    recipe: PixelRecipe, orientation: int
) -> None:
    upright = scene(1203, 801)
    data = encoded(
        stored(upright, orientation), "JPEG", quality=95, exif=exif_of(orientation).tobytes()
    )

    facts, pixels = decode(data, recipe)

    assert difference(pixels, pixels_of(upright, recipe)) < 1.0
    assert (facts.width, facts.height) == (1203, 801)


@pytest.mark.parametrize("orientation", [0, 9, 255, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(orientation: int) -> None:
    data = encoded(scene(), "PNG", exif=exif_of(orientation))
    assert np.array_equal(decode(data, SQUASH)[1], pixels_of(scene(), SQUASH))


def test_an_opened_image_with_an_orientation_is_turned() -> None:
    data = encoded(stored(scene(), 6), "PNG", exif=exif_of(6))
    with Image.open(BytesIO(data)) as opened:
        turned = pixels_of(opened, SQUASH)
    assert difference(turned, pixels_of(scene(), SQUASH)) < 1.0


@pytest.fixture(scope="module", params=[(4003, 2999), (2999, 4003)])
def twelve_megapixels(request: pytest.FixtureRequest) -> bytes:
    width, height = request.param
    smooth = np.asarray(scene(width // 4, height // 4).resize((width, height)))
    detail = np.random.default_rng(0).integers(-20, 21, (height, width, 1), dtype=np.int16)
    photo = (smooth + detail).clip(0, 255).astype(np.uint8)
    return encoded(Image.fromarray(photo), "JPEG", quality=88)


@pytest.mark.parametrize("fit", ["squash", "crop"])
def test_a_reduced_decode_is_close_to_decoding_every_pixel(
    fit: str, twelve_megapixels: bytes
) -> None:
    recipe = PixelRecipe(size=224, fit=fit, resample="bicubic")
    with Image.open(BytesIO(twelve_megapixels)) as every_pixel:
        expected = pixels_of(every_pixel, recipe)

    reduced = decode(twelve_megapixels, recipe)[1]

    assert difference(reduced, expected) / 255 < 2e-3


@pytest.mark.parametrize("resample", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize(
    "size", [(300, 200), (200, 300), (333, 217), (1001, 64), (64, 64), (65, 64), (50, 37), (3, 90)]
)
def test_crop_keeps_the_pixels_that_resizing_and_then_cutting_would(
    size: tuple[int, int], resample: str
) -> None:
    photo = scene(*size)
    side = 64
    short = min(size)
    grown = (int(side * size[0] / short), int(side * size[1] / short))
    left, top = round((grown[0] - side) / 2), round((grown[1] - side) / 2)
    filters = {"bilinear": 2, "bicubic": 3, "lanczos": 1}
    resized = photo.resize(grown, Image.Resampling(filters[resample]))
    cut = resized.crop((left, top, left + side, top + side))

    pixels = pixels_of(photo, PixelRecipe(side, "crop", resample))

    assert np.abs(pixels.astype(int) - np.asarray(cut)).max() <= 1


@given(
    width=st.integers(1, 2000),
    height=st.integers(1, 2000),
    orientation=st.integers(1, 8),
    fit=st.sampled_from(["squash", "crop"]),
    size=st.integers(1, 300),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_shape_gives_the_square_that_was_asked_for(
    width: int, height: int, orientation: int, fit: str, size: int
) -> None:
    data = encoded(plain("L", 7, (width, height)), "JPEG", exif=exif_of(orientation).tobytes())
    facts, pixels = decode(data, PixelRecipe(size, fit, "bicubic"))
    assert pixels.shape == (size, size, 3)
    assert pixels.dtype == np.uint8
    assert {facts.width, facts.height} == {width, height}


def test_cmyk_jpegs_keep_their_colours() -> None:
    red = (0, 255, 255, 0)
    assert only_colour(encoded(plain("CMYK", red), "JPEG", quality=95)) == pytest.approx(
        [255, 0, 0], abs=4
    )


def test_cmyk_tiffs_keep_their_colours() -> None:
    assert list(only_colour(encoded(plain("CMYK", (0, 255, 255, 0)), "TIFF"))) == [255, 0, 0]


def test_lab_tiffs_keep_their_colours() -> None:
    grey = only_colour(encoded(plain("LAB", (128, 128, 128)), "TIFF"))
    assert grey == pytest.approx([119, 119, 119], abs=3)  # L* of 50 in sRGB


def test_ycbcr_tiffs_keep_their_colours() -> None:
    image = plain("RGB", COLOUR).convert("YCbCr")
    assert only_colour(encoded(image, "TIFF", compression="jpeg")) == pytest.approx(COLOUR, abs=4)


@pytest.mark.parametrize("format", ["PNG", "GIF", "BMP", "TIFF"])
def test_palettes_are_looked_up_before_pixels_are_averaged(format: str) -> None:
    pattern = Image.new("P", (64, 64))
    pattern.putpalette([255, 255, 255, 0, 0, 0, 255, 0, 0])
    pattern.putdata([2 * (x % 2) for y in range(64) for x in range(64)])  # white and red
    pixels = decode(encoded(pattern, format), PixelRecipe(16, "squash", "bilinear"))[1]
    assert pixels[8, 8].astype(int) == pytest.approx([255, 127, 127], abs=9)  # black is index 1


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_a_see_through_palette_colour_becomes_white(format: str) -> None:
    image = Image.new("P", (32, 32), 1)
    image.putpalette([10, 20, 30, 0, 0, 0])
    image.paste(0, (0, 0, 32, 16))
    pixels = decode(encoded(image, format, transparency=1), SQUASH)[1]
    assert list(pixels[60, 32]) == [255, 255, 255]
    assert list(pixels[2, 32]) == [10, 20, 30]


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "AVIF", "JPEG2000"])
def test_transparency_is_shown_over_white(format: str) -> None:
    lossless = {"lossless": True} if format == "WEBP" else {}
    half = encoded(plain("RGBA", (0, 0, 0, 128)), format, **lossless)
    assert only_colour(half) == pytest.approx([127, 127, 127], abs=3)


def test_grey_with_alpha_is_shown_over_white() -> None:
    assert list(only_colour(encoded(plain("LA", (0, 128)), "PNG"))) == [127, 127, 127]


def test_colours_behind_transparency_do_not_bleed_into_edges() -> None:
    image = plain("RGBA", (0, 255, 0, 0), (64, 64))  # green, but not to be seen
    image.paste((255, 0, 0, 255), (0, 0, 32, 64))
    pixels = decode(encoded(image, "PNG"), PixelRecipe(20, "squash", "bicubic"))[1].astype(int)
    assert (pixels[..., 1] - pixels[..., 2]).max() <= 1  # nowhere greener than white or red


def test_an_alpha_channel_that_is_zero_throughout_is_taken_for_unused() -> None:
    assert list(only_colour(encoded(plain("RGBA", (*COLOUR, 0)), "PNG"))) == list(COLOUR)


@pytest.mark.parametrize(("mode", "key"), [("L", 0), ("RGB", (0, 0, 0))])
def test_a_png_that_names_one_see_through_colour_shows_it_white(mode: str, key: object) -> None:
    assert list(pixels_behind_key(mode, key)) == [255, 255, 255]


def pixels_behind_key(mode: str, key: object) -> np.ndarray:
    image = plain(mode, key, (32, 32))
    image.paste(90 if mode == "L" else (90, 90, 90), (0, 0, 32, 16))
    pixels = decode(encoded(image, "PNG", transparency=key), SQUASH)[1]
    assert list(pixels[2, 32]) == [90, 90, 90]
    return pixels[60, 32]


def test_one_bit_images_are_averaged_to_grey() -> None:
    image = Image.new("1", (64, 64))
    image.putdata([255 * (x % 2) for y in range(64) for x in range(64)])
    pixels = decode(encoded(image, "PNG"), PixelRecipe(16, "squash", "bilinear"))[1]
    assert pixels[8, 8].astype(int) == pytest.approx([127, 127, 127], abs=9)


def deep(levels: np.ndarray, format: str = "TIFF", **save: object) -> np.ndarray:
    """One row of grey out of a deep image of a horizontal ramp."""
    image = Image.fromarray(np.tile(levels, (64, 1)))
    return decode(encoded(image, format, **save), SQUASH)[1][32, :, 0].astype(int)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG2000"])
def test_sixteen_bit_grey_is_scaled_and_not_cut_off(format: str) -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    assert deep(ramp, format) == pytest.approx(ramp / 257, abs=3)


def test_twelve_bits_in_sixteen_use_the_whole_of_grey() -> None:
    ramp = np.linspace(0, 4095, 64).astype(np.uint16)
    assert deep(ramp) == pytest.approx(ramp / 4095 * 255, abs=3)


def test_big_endian_grey_is_the_same_as_little_endian() -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (64, 1))
    image = Image.frombytes("I;16B", (64, 64), ramp.astype(">u2").tobytes())
    little = Image.fromarray(ramp)
    assert np.array_equal(
        decode(encoded(image, "TIFF"), CROP)[1], decode(encoded(little, "TIFF"), CROP)[1]
    )


def test_sixteen_bit_grey_where_zero_is_white_is_not_a_negative() -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    white_is_zero = deep(ramp, tiffinfo={262: 0})
    assert white_is_zero == pytest.approx(255 - ramp / 257, abs=3)


def test_the_see_through_level_of_a_sixteen_bit_png_becomes_white() -> None:
    levels = np.full((64, 64), 20000, dtype=np.uint16)
    levels[32:] = 300
    data = encoded(Image.fromarray(levels), "PNG", transparency=300)
    pixels = decode(data, SQUASH)[1]
    assert list(pixels[60, 32]) == [255, 255, 255]
    assert pixels[2, 32].astype(int) == pytest.approx([20000 / 257] * 3, abs=1)


@pytest.mark.parametrize(
    ("lowest", "highest", "black", "white"),
    [(0.0, 1.0, 0, 1), (0.0, 255.0, 0, 255), (-40.0, 8000.0, -40, 8000), (0.0, 1e9, 0, 1e9)],
)
def test_floats_use_the_whole_of_grey(
    lowest: float, highest: float, black: float, white: float
) -> None:
    ramp = np.linspace(lowest, highest, 64).astype(np.float32)
    assert deep(ramp) == pytest.approx((ramp - black) / (white - black) * 255, abs=3)


def test_floats_that_are_no_numbers_cost_only_themselves() -> None:
    levels = np.full((64, 64), 0.5, dtype=np.float32)
    levels[0, 0], levels[1, 0] = np.nan, np.inf
    pixels = decode(encoded(Image.fromarray(levels), "TIFF"), SQUASH)[1]
    assert list(pixels[32, 32]) == [128, 128, 128]


def test_a_float_image_without_any_number_is_black() -> None:
    assert set(deep(np.full(64, np.nan, dtype=np.float32))) == {0}


def test_integers_of_thirty_two_bits_are_stretched_where_no_depth_holds_them() -> None:
    ramp = np.linspace(-1000, 1_000_000, 64).astype(np.int32)
    assert deep(ramp) == pytest.approx((ramp + 1000) / 1_001_000 * 255, abs=3)


def test_a_flat_float_image_is_no_division_by_zero() -> None:
    assert set(deep(np.full(64, -5, dtype=np.float32))) == {0}


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_the_first_picture_of_several_is_the_photo(format: str) -> None:
    first, second = plain("RGB", (255, 0, 0)), plain("RGB", (0, 0, 255))
    data = encoded(first, format, save_all=True, append_images=[second])
    assert only_colour(data) == pytest.approx([255, 0, 0], abs=4)


def test_an_opened_image_that_breaks_off_is_a_broken_photo() -> None:
    data = encoded(scene(), "PNG")
    with Image.open(BytesIO(data[: len(data) // 2])) as opened, pytest.raises(BrokenPhoto):
        pixels_of(opened, SQUASH)
