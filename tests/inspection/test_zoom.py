"""Closer looks: every pixel is seen, none is scaled down, and a crop stays in the picture."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sightline.inspection.pixels import Limit, Photo, open_photo, picture, whole_pixels
from sightline.inspection.verdict import Box
from sightline.inspection.zoom import tighter, tiles

lengths = st.integers(1, 3000)
shares = st.floats(0, 1)


@given(lengths, lengths, st.integers(1, 1500), st.floats(0, 0.5))
def test_every_pixel_is_in_a_tile_and_no_tile_is_too_large(
    width: int, height: int, side: int, overlap: float
) -> None:
    side = max(side, width // 40 + 1, height // 40 + 1)  # some thousand tiles at most
    found = tiles(width, height, side, overlap)
    assert all(tile.width <= side and tile.height <= side for tile in found)
    assert all(0 <= tile.left < tile.right <= width for tile in found)
    assert all(0 <= tile.top < tile.bottom <= height for tile in found)
    for spans, length in (
        (sorted({(tile.left, tile.right) for tile in found}), width),
        (sorted({(tile.top, tile.bottom) for tile in found}), height),
    ):
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        for one, following in pairwise(spans):
            assert one[1] - following[0] >= int(side * overlap)
    # A grid: what holds along both edges holds for every pixel.
    columns, rows = {tile.left for tile in found}, {tile.top for tile in found}
    assert len(found) == len(columns) * len(rows)


@given(lengths, lengths, st.integers(50, 4000), st.integers(2500, 2_000_000))
def test_a_tile_is_never_scaled_down(width: int, height: int, side: int, pixels: int) -> None:
    limit = Limit(side, pixels)
    for tile in tiles(width, height, limit.tile)[:3]:
        sent = limit.size(int(tile.width), int(tile.height))
        assert sent == (tile.width, tile.height)


@given(lengths, lengths, st.integers(1, 4000), st.integers(1, 2_000_000), st.integers(0, 800))
def test_no_picture_exceeds_its_limit_and_shapes_are_kept(
    width: int, height: int, side: int, pixels: int, least: int
) -> None:
    size = Limit(side, pixels, least).size(width, height)
    assert min(size) >= 1
    assert max(size) <= side
    if min(size) > 1:
        assert size[0] * size[1] <= pixels
        assert abs(size[0] / size[1] - width / height) <= 2 * (width / height) / (min(size) - 1)


def test_tiles_of_a_part_cover_that_part() -> None:
    part = Box(100, 50, 400, 250)
    found = tiles(1000, 1000, 200, within=part)
    assert min(tile.left for tile in found) == 100
    assert max(tile.right for tile in found) == 400
    assert {(tile.top, tile.bottom) for tile in found} == {(50, 250)}


def test_a_photo_that_fits_is_one_tile() -> None:
    assert tiles(300, 200, 300) == (Box(0, 0, 300, 200),)


@pytest.mark.parametrize(("side", "overlap"), [(0, 0.2), (100, 1.0), (100, -0.1)])
def test_impossible_tiles_are_refused(side: int, overlap: float) -> None:
    with pytest.raises(ValueError, match="no tiles"):
        tiles(100, 100, side, overlap)


@given(st.lists(shares, min_size=4, max_size=4), lengths, lengths, st.floats(0, 3))
def test_a_tighter_crop_holds_the_finding_and_stays_inside(
    corners: list[float], width: int, height: int, margin: float
) -> None:
    xs, ys = sorted(corners[:2]), sorted(corners[2:])
    box = Box(xs[0] * width, ys[0] * height, xs[1] * width, ys[1] * height)
    within = Box(0, 0, width, height)
    crop = tighter(box, within, margin)
    slack = 1e-9 * max(width, height)
    assert crop.left <= box.left + slack
    assert crop.right >= box.right - slack
    assert crop.top <= box.top + slack
    assert crop.bottom >= box.bottom - slack
    assert crop.left >= 0
    assert crop.right <= width + slack
    assert crop.width >= min(64, width) - slack
    assert crop.height >= min(64, height) - slack


@given(st.lists(st.floats(-50, 150), min_size=4, max_size=4))
def test_any_crop_becomes_whole_pixels_inside_the_photo(edges: list[float]) -> None:
    box = whole_pixels(Box(*edges), 100, 80)
    assert 0 <= box.left < box.right <= 100
    assert 0 <= box.top < box.bottom <= 80
    assert all(edge == int(edge) for edge in (box.left, box.top, box.right, box.bottom))


def test_a_crop_at_full_size_has_the_photos_own_pixels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 2, (60, 80)).astype(np.uint8) * 255
    Image.fromarray(pixels).save(tmp_path / "board.png")
    photo = open_photo(tmp_path / "board.png")
    assert isinstance(photo, Photo)
    cut = picture(photo, Box(10.4, 5, 29.6, 25), Limit(1000, 10**6), "crop")
    assert cut.sent.crop == Box(10, 5, 30, 25)
    (tmp_path / "cut.png").write_bytes(cut.data)
    shown = np.asarray(Image.open(tmp_path / "cut.png").convert("L"))
    assert np.array_equal(shown, pixels[5:25, 10:30])


def test_bytes_are_not_in_a_pictures_repr(tmp_path: Path) -> None:
    Image.new("RGB", (50, 50), "red").save(tmp_path / "red.png")
    photo = open_photo(tmp_path / "red.png")
    assert "PNG" not in repr(picture(photo, photo.whole, Limit(100, 10_000)))
