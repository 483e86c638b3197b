"""The bundled model on real photos, through the public API as users get it."""

from pathlib import Path

import numpy as np
import pytest

from sightline.encoders import DualEncoder, load_encoder
from sightline.training.captions import read_captions
from sightline.training.retrieval import Recall, SetFigures, image_to_text, text_to_image

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def encoder() -> DualEncoder:
    return load_encoder()


def figures(encoder: DualEncoder, captions_file: Path) -> SetFigures:
    """Each caption a query over the set's own photos, and each photo one over its captions."""
    photos = read_captions(captions_file)
    images = encoder.embed_images([photo.path for photo in photos])
    texts = encoder.embed_texts([text for photo in photos for text in photo.captions])
    photo_of = [row for row, photo in enumerate(photos) for _ in photo.captions]
    return SetFigures(
        captions_file.parent.name,
        len(photos),
        len(texts),
        text_to_image(texts, images, photo_of),
        image_to_text(images, texts, photo_of),
    )


@pytest.mark.parametrize(
    ("dev_set", "text_to_image", "image_to_text"),
    [
        ("flickr8k", Recall(0.27, 0.58, 0.71), Recall(0.35, 0.65, 0.78)),
        ("coco", Recall(0.49, 0.84, 0.92), Recall(0.55, 0.85, 0.92)),
        ("world", Recall(0.46, 0.76, 0.85), Recall(0.50, 0.80, 0.88)),
    ],
)
def test_captions_find_their_photos_and_photos_their_captions(
    encoder: DualEncoder,
    shared_data: Path,
    dev_set: str,
    text_to_image: Recall,
    image_to_text: Recall,
) -> None:
    found = figures(encoder, shared_data / dev_set / "dev.jsonl")
    for ours, least in (
        (found.text_to_image, text_to_image),
        (found.image_to_text, image_to_text),
    ):
        assert ours.at_1 >= least.at_1, ours
        assert ours.at_5 >= least.at_5, ours
        assert ours.at_10 >= least.at_10, ours


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
