import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.training.retrieval import KS, image_to_text, text_to_image
from sightline.training.zero_shot import class_vectors, zero_shot


def unit_rows(n: int, d: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def share_within(found: list[int], k: int) -> float:
    return sum(rank < k for rank in found) / len(found)


@given(photos=st.integers(1, 14), each=st.integers(1, 3), seed=st.integers(0, 999))
def test_text_to_image_recall_is_what_sorting_gives(photos: int, each: int, seed: int) -> None:
    images, texts = unit_rows(photos, 5, seed), unit_rows(photos * each, 5, seed + 1000)
    photo_of = [row for row in range(photos) for _ in range(each)]
    found = [
        sorted(range(photos), key=lambda p: -float(text @ images[p])).index(own)
        for text, own in zip(texts, photo_of, strict=True)
    ]
    recall = text_to_image(texts, images, photo_of)
    assert (recall.at_1, recall.at_5, recall.at_10) == tuple(share_within(found, k) for k in KS)


@given(photos=st.integers(1, 8), each=st.integers(1, 3), seed=st.integers(0, 999))
def test_image_to_text_recall_takes_any_of_the_photos_texts(
    photos: int, each: int, seed: int
) -> None:
    images, texts = unit_rows(photos, 5, seed), unit_rows(photos * each, 5, seed + 1000)
    photo_of = [row for row in range(photos) for _ in range(each)]
    found = []
    for photo, image in enumerate(images):
        order = sorted(range(len(texts)), key=lambda t: -float(image @ texts[t]))
        found.append(next(rank for rank, t in enumerate(order) if photo_of[t] == photo))
    recall = image_to_text(images, texts, photo_of)
    assert (recall.at_1, recall.at_5, recall.at_10) == tuple(share_within(found, k) for k in KS)


def test_a_collapsed_encoder_finds_nothing() -> None:
    same = np.ones((20, 1), dtype=np.float32)
    assert text_to_image(same, same, range(20)).at_10 == 0.0
    assert image_to_text(same, same, range(20)).at_10 == 0.0


def test_recall_prints_as_papers_write_it() -> None:
    eye = np.eye(3, dtype=np.float32)
    assert str(text_to_image(eye, eye[[1, 0, 2]], [0, 1, 2])) == ".333/1.000/1.000"


def test_zero_shot_gives_each_photo_the_class_of_the_nearest_prompts() -> None:
    prompts = np.array([[1, 0], [0.8, 0.6], [0, 1], [-0.6, 0.8]], dtype=np.float32)
    classes = class_vectors(prompts, 2)
    np.testing.assert_allclose(np.linalg.norm(classes, axis=1), 1, rtol=1e-6)
    images = np.array([[1, 0], [0, 1], [0.1, 0.99]], dtype=np.float32)
    accuracy = zero_shot(images, classes, np.array([0, 1, 0]))
    assert accuracy.top_1 == pytest.approx(2 / 3)
    assert accuracy.top_5 == 1.0
    assert accuracy.classes == 2
