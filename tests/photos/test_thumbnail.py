"""Thumbnails: small, upright, in the photo's own shape, and without its metadata."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.errors import NotAPhoto, PhotoTooLarge, UnreadablePhoto
from sightline.photos.thumbnail import thumbnail_jpeg
from tests.photos.images import difference, encoded, exif_of, scene, stored


def thumbnail(path: Path, data: bytes, side: int = 100, **limits: float) -> Image.Image:
    path.write_bytes(data)
    image = Image.open(BytesIO(thumbnail_jpeg(path, side, **limits)))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    return image


@pytest.mark.parametrize("size", [(1600, 900), (900, 1600), (777, 778)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_thumbnail_is_upright_and_keeps_the_shape(
    tmp_path: Path, size: tuple[int, int], orientation: int
) -> None:
    photo = scene(*size)
    data = encoded(stored(photo, orientation), "JPEG", exif=exif_of(orientation).tobytes())

    small = thumbnail(tmp_path / "a.jpg", data)

    ratio = 100 / max(size)
    assert small.size == (round(size[0] * ratio), round(size[1] * ratio))
    assert difference(np.asarray(small), np.asarray(photo.resize(small.size))) < 4


def test_a_small_photo_is_not_enlarged(tmp_path: Path) -> None:
    assert thumbnail(tmp_path / "a.png", encoded(scene(30, 20), "PNG")).size == (30, 20)


def test_a_line_of_pixels_still_has_a_thumbnail(tmp_path: Path) -> None:
    assert thumbnail(tmp_path / "a.png", encoded(scene(3000, 1), "PNG")).size == (100, 1)


def test_a_see_through_photo_stands_on_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (50, 50), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 25, 50, 50))
    small = thumbnail(tmp_path / "a.png", encoded(image, "PNG"))
    assert min(small.getpixel((25, 45))) > 245


def test_a_thumbnail_tells_nothing_of_time_or_place(tmp_path: Path) -> None:
    exif = exif_of(1)
    exif[0x8825] = {1: "N", 2: (43.0, 28.0, 2.8), 3: "E", 4: (11.0, 53.0, 6.4)}
    small = thumbnail(tmp_path / "a.jpg", encoded(scene(), "JPEG", exif=exif.tobytes()))
    assert not dict(small.getexif())
    assert "exif" not in small.info


def test_files_that_can_not_be_shown_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto):
        thumbnail_jpeg(tmp_path / "gone.jpg", 100)
    with pytest.raises(NotAPhoto):
        thumbnail(tmp_path / "a.jpg", b"text")
    with pytest.raises(PhotoTooLarge):
        thumbnail(tmp_path / "a.png", encoded(scene(), "PNG"), max_megapixels=0.01)
