"""What `DualEncoder` promises: unit rows, in order, the same whatever the batch."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sightline.encoders import DualEncoder, load_encoder
from sightline.errors import ModelError, NotAPhoto, UnreadablePhoto
from tests.making import COLOURS, make_photo


@pytest.fixture(scope="module")
def encoder(tiny_model: Path) -> DualEncoder:
    return load_encoder(tiny_model)


def test_words_find_the_colour_they_name(encoder: DualEncoder, tmp_path: Path) -> None:
    photos = [make_photo(tmp_path / f"{name}.png", name) for name in COLOURS]
    cosines = encoder.embed_texts(list(COLOURS)) @ encoder.embed_images(photos).T
    assert cosines.argmax(axis=1).tolist() == list(range(len(COLOURS)))


def test_paths_pictures_and_arrays_of_one_photo_give_one_vector(
    encoder: DualEncoder, tmp_path: Path
) -> None:
    path = make_photo(tmp_path / "cyan.png", "cyan")
    picture = Image.open(path)
    vectors = encoder.embed_images([path, str(path), picture, np.asarray(picture)])
    assert np.allclose(vectors, vectors[0], atol=1e-6)


def test_rows_are_unit_float32_and_keep_their_order_across_batches(encoder: DualEncoder) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (40, 30, 3), dtype=np.uint8) for _ in range(19)]
    together = encoder.embed_images(pictures)
    alone = np.concatenate([encoder.embed_images([picture]) for picture in pictures])
    assert together.dtype == np.float32
    assert together.shape == (19, encoder.dimensions)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    assert np.allclose(together, alone, atol=1e-5)


def test_nothing_in_gives_no_rows(encoder: DualEncoder) -> None:
    assert encoder.embed_images([]).shape == (0, encoder.dimensions)
    assert encoder.embed_texts([]).shape == (0, encoder.dimensions)


def test_a_path_that_is_no_photo_is_a_photo_error(encoder: DualEncoder, tmp_path: Path) -> None:
    (tmp_path / "note.jpg").write_text("hello")
    with pytest.raises(NotAPhoto):
        encoder.embed_images([tmp_path / "note.jpg"])
    with pytest.raises(UnreadablePhoto):
        encoder.embed_images([tmp_path / "nowhere.jpg"])


@given(st.lists(st.text(max_size=200), min_size=1, max_size=5))
def test_any_text_becomes_unit_rows(tiny_model: Path, texts: list[str]) -> None:
    vectors = load_encoder(tiny_model).embed_texts(texts)
    assert vectors.shape == (len(texts), 64)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_undecodable_bytes_of_a_command_line_do_not_break_the_tokenizer(
    encoder: DualEncoder,
) -> None:
    assert encoder.embed_texts(["red \udcff"]).shape == (1, 64)


def test_a_very_long_text_is_cut_at_the_models_context(encoder: DualEncoder) -> None:
    context = encoder.spec.text.context
    words = ["red"] * context
    longer = encoder.embed_texts([" ".join([*words, *["blue"] * 5000])])
    assert np.allclose(longer, encoder.embed_texts([" ".join(words)]), atol=1e-6)


def test_a_text_scores_the_same_alone_and_beside_a_longer_one(encoder: DualEncoder) -> None:
    alone = encoder.embed_texts(["red"])[0]
    beside = encoder.embed_texts(["red", "green blue white " * 4])[0]
    assert np.allclose(alone, beside, atol=1e-6)


def test_threads_may_share_an_encoder_from_its_first_use(tiny_model: Path) -> None:
    encoder = load_encoder(tiny_model)
    with ThreadPoolExecutor(8) as pool:
        vectors = list(pool.map(lambda _: encoder.embed_texts(["blue"]), range(32)))
    assert all(np.array_equal(vector, vectors[0]) for vector in vectors)


def test_a_batch_that_the_graph_refuses_is_told_in_one_line_with_all_of_the_reason() -> None:
    encoder = load_encoder()  # whose graph takes one size; ONNX Runtime says so in five lines
    with pytest.raises(ModelError, match=r"^[^\n]*Got: 50 Expected: 224[^\n]*$"):
        encoder.embed_pixels(np.zeros((1, 50, 50, 3), np.uint8))
