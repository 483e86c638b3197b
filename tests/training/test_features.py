from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer

from sightline.training.features import (
    fingerprint,
    image_features,
    kept,
    padded,
    read_pixels,
    text_features,
)
from sightline.training.image_tower import EfficientNetLite, normalise
from sightline.training.pretrained import load_image_tower, load_text_tower, tokenizer_json


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    paths = [folder / f"{number}.png" for number in range(18)]  # more than a batch
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (24, 36, 3), dtype=np.uint8)).save(path)
    return paths


@pytest.fixture(scope="module")
def tower() -> EfficientNetLite:
    tower = load_image_tower("lite0")
    tower.size = 64
    return tower


def in_torch(tower: EfficientNetLite, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        features: np.ndarray = tower(normalise(torch.from_numpy(pixels.copy()))).numpy()
    return features


def test_image_features_are_the_towers_in_the_order_of_the_photos(
    tower: EfficientNetLite, photos: list[Path]
) -> None:
    pixels = np.stack([read_pixels(path, 64) for path in photos])
    expected = in_torch(tower, pixels)
    np.testing.assert_allclose(image_features(tower, photos), expected, atol=1e-4)


def test_mirrored_features_are_those_of_the_mirror_image(
    tower: EfficientNetLite, photos: list[Path]
) -> None:
    pixels = np.stack([read_pixels(path, 64)[:, ::-1] for path in photos[:2]])
    features = image_features(tower, photos[:2], mirrored=True)
    np.testing.assert_allclose(features, in_torch(tower, pixels), atol=1e-4)
    assert not np.allclose(features, in_torch(tower, pixels[:, :, ::-1]), atol=1e-2)


def test_photos_are_squashed_whole(photos: list[Path]) -> None:
    with Image.open(photos[0]) as photo:
        expected = np.asarray(photo.resize((64, 64), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(read_pixels(photos[0], 64), expected)


def test_text_features_keep_the_order_of_captions_of_any_length() -> None:
    tower = load_text_tower()
    tokenizer = Tokenizer.from_str(tokenizer_json())
    captions = ["a very long walk along the beach with two dogs and a kite", "dog", "", "red car"]
    expected = []
    for caption in captions:
        ids, mask = padded([tokenizer.encode(caption).ids])
        with torch.inference_mode():
            expected.append(tower(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()[0])
    found = text_features(tower, tokenizer, captions)
    np.testing.assert_allclose(found, np.stack(expected), atol=1e-4)


def test_features_are_computed_once_for_the_same_meaning(tmp_path: Path) -> None:
    calls = []

    def compute() -> np.ndarray:
        calls.append(1)
        return np.full((2, 3), len(calls), dtype=np.float32)

    first = kept(tmp_path / "cache", "images", ["tower", 224], compute)
    again = kept(tmp_path / "cache", "images", ["tower", 224], compute)
    other = kept(tmp_path / "cache", "images", ["tower", 192], compute)
    np.testing.assert_array_equal(first, again)
    assert other[0, 0] == 2
    assert len(calls) == 2


def test_an_interrupted_computation_leaves_nothing_to_be_taken_for_features(tmp_path: Path) -> None:
    def interrupted() -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept(tmp_path, "images", ["tower"], interrupted)
    assert kept(tmp_path, "images", ["tower"], lambda: np.ones((1, 1), np.float32)).shape == (1, 1)


def test_towers_with_other_weights_have_other_fingerprints(tower: EfficientNetLite) -> None:
    before = fingerprint(tower)
    assert fingerprint(tower) == before
    torch.manual_seed(1)
    assert fingerprint(EfficientNetLite("lite0")) != before
