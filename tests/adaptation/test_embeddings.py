"""From files to vectors: views, what is kept from earlier runs, and files that fail."""

from pathlib import Path

import numpy as np
import pytest

from sightline.adaptation.kept import KeptEmbeddings
from sightline.adaptation.views import VIEWS, seven_views
from sightline.encoders.files import EmbeddedFile, FailedFile, embed_files
from sightline.errors import ModelError, UsageError
from sightline.photos.read import PixelRecipe, read_photo
from tests.making import CountingEncoder, make_photo

RECIPE = PixelRecipe(32, fit="squash", resample="bicubic")


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Twenty small photos."""
    return [make_photo(tmp_path / f"{at:02}.png", seed=at) for at in range(20)]


def test_the_first_view_is_the_photo_as_a_library_sees_it(photos: list[Path]) -> None:
    views = seven_views(photos[0].read_bytes(), RECIPE)
    assert views.shape == (VIEWS, 32, 32, 3)
    np.testing.assert_array_equal(views[0], read_photo(photos[0], RECIPE).pixels)
    np.testing.assert_array_equal(views[1], views[0][:, ::-1])


def test_crops_show_the_middle_and_the_corners_larger(tmp_path: Path) -> None:
    from PIL import Image

    across = np.tile(np.linspace(0, 255, 400, dtype=np.uint8)[None, :, None], (300, 1, 3))
    Image.fromarray(across).save(tmp_path / "ramp.png")
    views = seven_views((tmp_path / "ramp.png").read_bytes(), RECIPE).astype(float)
    left, right = views[:, 16, 2, 0], views[:, 16, -3, 0]
    for view, (begin, end) in {2: (0.125, 0.875), 3: (0, 0.75), 4: (0.25, 1)}.items():
        assert left[view] == pytest.approx(255 * (begin + 0.75 * 2.5 / 32), abs=6)
        assert right[view] == pytest.approx(255 * (end - 0.75 * 2.5 / 32), abs=6)


def test_files_come_back_in_order_whatever_the_threads(
    photos: list[Path], tiny_model: Path
) -> None:
    encoder = CountingEncoder(tiny_model)
    expected = encoder.embed_images(photos)
    for threads in (1, 3):
        found = list(embed_files(encoder, photos, threads=threads))
        assert [one.path for one in found] == photos
        vectors = np.concatenate([one.vectors for one in found if isinstance(one, EmbeddedFile)])
        np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_a_photo_that_the_model_refuses_costs_itself_and_no_other(
    photos: list[Path], tiny_model: Path
) -> None:
    encoder = CountingEncoder(tiny_model)
    bad = read_photo(photos[5], encoder.pixel_recipe).pixels
    encoder.refuses = lambda picture: bool((picture == bad).all())
    failed = [one.path for one in embed_files(encoder, photos) if isinstance(one, FailedFile)]
    assert failed == [photos[5]]


def test_a_model_that_embeds_nothing_is_no_fault_of_the_photos(
    photos: list[Path], tiny_model: Path
) -> None:
    encoder = CountingEncoder(tiny_model)
    encoder.refuses = lambda picture: True
    with pytest.raises(ModelError):
        list(embed_files(encoder, photos))


def test_what_was_embedded_once_is_not_embedded_again(
    tmp_path: Path, photos: list[Path], tiny_model: Path
) -> None:
    def run() -> tuple[int, np.ndarray]:
        encoder = CountingEncoder(tiny_model)
        kept = KeptEmbeddings(encoder, tmp_path / "cache")
        vectors = []
        for file in embed_files(encoder, photos, cut=seven_views, known=kept.get):
            assert isinstance(file, EmbeddedFile)
            kept.add(file.photo, file.vectors)
            vectors.append(file.vectors)
        kept.save()
        return encoder.embedded, np.stack(vectors)

    count, first = run()
    assert count == VIEWS * len(photos)
    again, same = run()
    assert again == 0
    np.testing.assert_array_equal(same, first)

    (file,) = (tmp_path / "cache" / "embeddings").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-100])  # killed while writing
    assert run()[0] == VIEWS
    assert run()[0] == 0
    file.write_bytes(b"\xff" * 400 + content[400:])  # damaged: the vectors are none any more
    assert run()[0] == VIEWS


def test_a_cache_that_cant_be_written_is_a_clear_error(
    tmp_path: Path, photos: list[Path], tiny_model: Path
) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    encoder = CountingEncoder(tiny_model)
    kept = KeptEmbeddings(encoder, tmp_path / "cache")
    (file,) = embed_files(encoder, photos[:1], cut=seven_views)
    assert isinstance(file, EmbeddedFile)
    kept.add(file.photo, file.vectors)
    with pytest.raises(UsageError, match="SIGHTLINE_CACHE"):
        kept.save()
