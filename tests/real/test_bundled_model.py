"""The bundled model on real photos, through the public API as users get it."""

from pathlib import Path

import numpy as np
import pytest

from sightline.encoders import DualEncoder, load_encoder
from sightline.training.captions import read_captions
from sightline.training.retrieval import text_to_image

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def encoder() -> DualEncoder:
    return load_encoder()


def recalls(encoder: DualEncoder, captions_file: Path) -> tuple[float, float, float]:
    """Text→image R@1, 5 and 10: each caption a query over the set's own photos."""
    photos = read_captions(captions_file)
    images = encoder.embed_images([photo.path for photo in photos])
    texts = encoder.embed_texts([text for photo in photos for text in photo.captions])
    photo_of = [row for row, photo in enumerate(photos) for _ in photo.captions]
    found = text_to_image(texts, images, photo_of)
    return found.at_1, found.at_5, found.at_10


@pytest.mark.parametrize(
    ("dev_set", "floors"),
    [
        ("flickr8k", (0.21, 0.49, 0.62)),
        ("coco", (0.43, 0.78, 0.89)),
        ("world", (0.37, 0.67, 0.78)),
    ],
)
def test_captions_find_their_photos(
    encoder: DualEncoder, shared_data: Path, dev_set: str, floors: tuple[float, float, float]
) -> None:
    found = recalls(encoder, shared_data / dev_set / "dev.jsonl")
    assert all(at_k >= floor for at_k, floor in zip(found, floors, strict=True)), found


def test_a_photos_vector_does_not_depend_on_its_batch(
    encoder: DualEncoder, shared_data: Path
) -> None:
    paths = [photo.path for photo in read_captions(shared_data / "coco/dev.jsonl")[:8]]
    together = encoder.embed_images(paths)
    for batch in (1, 3):
        np.testing.assert_allclose(encoder.embed_images(paths[:batch]), together[:batch], atol=1e-5)


def test_the_model_fits_in_the_package(encoder: DualEncoder) -> None:
    files = {path.name: path.stat().st_size for path in encoder.folder.iterdir()}
    weights = {"image.onnx", "projection.onnx", "text.onnx", "text.onnx.data"}
    assert files.keys() == {"model.json", "tokenizer.json", "CARD.md"} | weights
    assert sum(files.values()) <= 40 * MEGABYTE


def test_the_card_says_whose_captions_it_learned_from(encoder: DualEncoder) -> None:
    card = (encoder.folder / "CARD.md").read_text(encoding="utf-8")
    assert encoder.id in card
    assert "Only Flickr8k's captions are by people" in card
