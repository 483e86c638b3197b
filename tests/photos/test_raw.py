"""Camera raw files: told by content, shown by their preview, explained where that can't be read."""

import sys

import numpy as np
import pytest

from sightline.errors import BrokenPhoto, NotAPhoto
from sightline.photos.formats import sniff
from sightline.photos.read import PixelRecipe, decode, pixels_of
from tests.photos.images import SENSOR, SQUASH, difference, encoded, raw_file, scene, stored


@pytest.mark.parametrize(
    "beginning",
    [b"IIRO\x08\0\0\0", b"IIU\0\x18\0\0\0", b"FUJIFILMCCD-RAW 0201", b"FOVb\0\0", b"\0MRM\0\0",
     b"\0\0\0\x18ftypcrx ", b"II*\0\x10\0\0\0CR\x02\0", b"II\x1a\0\0\0HEAPCCDR"],
)  # fmt: skip
def test_raw_files_are_told_by_their_beginning(beginning: bytes) -> None:
    assert sniff(beginning + bytes(64)) == "RAW"


def test_a_tiff_around_sensor_data_is_raw_and_any_other_is_not() -> None:
    assert sniff(raw_file(scene(320, 240))) == "RAW"
    assert sniff(encoded(scene(), "TIFF")) == "TIFF"


def test_without_the_raw_extra_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(NotAPhoto, match=r"sightline\[raw\]"):
        decode(raw_file(scene(320, 240)), SQUASH)


@pytest.mark.parametrize("compressed", [True, False], ids=["jpeg", "bitmap"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_preview_is_shown_upright_with_the_raw_files_own_facts(
    orientation: int, compressed: bool
) -> None:
    pytest.importorskip("rawpy", reason="needs the `raw` extra")
    photo = scene(320, 240)
    facts, pixels = decode(raw_file(stored(photo, orientation), orientation, compressed), SQUASH)
    assert difference(pixels, pixels_of(photo, SQUASH)) < 2
    assert facts.format == "RAW"
    assert (facts.width, facts.height) == (SENSOR if orientation in (1, 3) else SENSOR[::-1])
    assert facts.taken_at == "2021-07-04T18:30:00"
    assert facts.camera == "Maker Model X"


def test_a_broken_preview_is_a_broken_photo() -> None:
    pytest.importorskip("rawpy", reason="needs the `raw` extra")
    data = raw_file(scene(320, 240))
    start = data.index(b"\xff\xd8")
    with pytest.raises(BrokenPhoto):
        decode(data[: start + 300] + bytes(len(data) - start - 300), SQUASH)


def test_a_raw_file_of_which_only_the_beginning_is_left_is_no_photo() -> None:
    pytest.importorskip("rawpy", reason="needs the `raw` extra")
    with pytest.raises((BrokenPhoto, NotAPhoto), match="raw file"):
        decode(b"IIRO\x08\0\0\0" + bytes(100), SQUASH)


def test_a_large_preview_is_reduced_like_any_jpeg() -> None:
    pytest.importorskip("rawpy", reason="needs the `raw` extra")
    recipe = PixelRecipe(64, "crop", "bicubic")
    pixels = decode(raw_file(scene(1203, 801)), recipe)[1]
    assert np.abs(pixels.astype(int) - pixels_of(scene(1203, 801), recipe)).mean() < 1.5
