"""A folder of another maker gives the vectors that the maker's own code gives."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.encoders import load_encoder
from tests.encoders.conftest import FAMILIES
from tests.encoders.reference import Reference
from tests.encoders.vocabularies import strings

Published = Callable[[str], Reference]


def photos() -> list[Image.Image]:
    """Photos of many shapes with large and small structure, as compression leaves them."""
    rng = np.random.default_rng(0)
    pictures = []
    for width, height in ((64, 64), (200, 133), (133, 200), (301, 77), (65, 640), (500, 375)):
        coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        noise = rng.integers(-12, 13, (height, width, 3))
        pixels = np.clip(np.asarray(smooth, dtype=int) + noise, 0, 255).astype(np.uint8)
        pictures.append(Image.fromarray(pixels))
    return pictures


def cosines(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return (ours * theirs).sum(axis=1)


@pytest.mark.parametrize("family", FAMILIES)
def test_photos_get_the_vectors_of_the_reference(published: Published, family: str) -> None:
    reference = published(family)
    ours = load_encoder(reference.folder).embed_images(photos())
    theirs = reference.embed_images(photos())
    assert cosines(ours, theirs).min() >= 0.9999
    # Other photos, other vectors: else any vector would pass.
    assert (theirs @ theirs.T)[np.triu_indices(len(theirs), 1)].min() < 0.999


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_get_the_vectors_of_the_reference(published: Published, family: str) -> None:
    reference = published(family)
    texts = [*strings()[:24], *strings()[500:540], "", "dog " * 300]
    ours = load_encoder(reference.folder).embed_texts(texts)
    theirs = reference.embed_texts(texts)
    assert cosines(ours, theirs).min() >= 0.9999
    assert (theirs @ theirs.T)[np.triu_indices(len(theirs), 1)].min() < 0.999


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_cut_into_the_tokens_of_the_reference(published: Published, family: str) -> None:
    reference = published(family)
    encoder = load_encoder(reference.folder)
    for text in strings():
        ours, _ = encoder._tokenizer([text])
        theirs = reference.token_ids([text])
        assert ours[0].tolist() == theirs[0].tolist(), text[:80]


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_do_not_depend_on_their_batch(published: Published, family: str) -> None:
    encoder = load_encoder(published(family).folder)
    texts, pictures = strings()[60:69], photos()
    alone = np.concatenate([encoder.embed_texts([text]) for text in texts])
    assert np.allclose(encoder.embed_texts(texts), alone, atol=1e-5)
    alone = np.concatenate([encoder.embed_images([picture]) for picture in pictures])
    assert np.allclose(encoder.embed_images(pictures), alone, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_real_photos_read_our_way_get_the_vectors_of_the_reference(
    published: Published, family: str, shared_data: Path
) -> None:
    """Ours decodes at a fraction of the size and cuts in one step; the makers take all pixels."""
    paths = sorted((shared_data / "originals").glob("*.jpg"))[:12]
    assert paths
    reference = published(family)
    ours = load_encoder(reference.folder).embed_images(paths)
    theirs = reference.embed_images([Image.open(path).convert("RGB") for path in paths])
    assert cosines(ours, theirs).min() >= 0.9999
