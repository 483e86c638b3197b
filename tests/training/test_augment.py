"""Variations of a photo that leave its captions true."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.training.augment import Augmentation, augment, forbids_mirror

NOTHING = Augmentation()


def canvas(side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def sides(side: int) -> np.ndarray:
    """Red on the left, blue on the right."""
    picture = np.zeros((side, side, 3), dtype=np.uint8)
    picture[:, : side // 2, 0] = picture[:, side // 2 :, 2] = 200
    return picture


@given(
    settings=st.builds(
        Augmentation,
        crop=st.floats(0.1, 1), stretch=st.floats(1, 2), mirror=st.floats(0, 1),
        jitter=st.floats(0, 0.9), grey=st.floats(0, 1), blur=st.floats(0, 1),
    ),
    seed=st.integers(0, 99), size=st.sampled_from([16, 33]),
)  # fmt: skip
def test_every_variation_is_a_picture_of_the_size_and_the_same_for_the_same_chance(
    settings: Augmentation, seed: int, size: int
) -> None:
    side = settings.canvas(size)
    assert size <= side <= 2 * size
    one, other = (
        augment(canvas(side), size, ["a dog"], settings, np.random.default_rng(seed))
        for _ in range(2)
    )
    assert one.shape == (size, size, 3)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, other)


def test_by_default_the_photo_stays_as_it_is() -> None:
    assert NOTHING.canvas(32) == 32
    varied = augment(canvas(32), 32, ["a dog"], NOTHING, np.random.default_rng(1))
    np.testing.assert_array_equal(varied, canvas(32))


@pytest.mark.parametrize(
    ("captions", "mirrors"),
    [
        (["a dog on a beach"], True),
        (["a dog", "a dog on the left"], False),  # any of the photo's captions counts
        (["a dog at the Right side"], False),
        (["a stop sign at a crossing"], False),
        (['a shirt that says "hello"'], False),
        (["a receipt from a supermarket"], False),
        (["a clock on a tower"], False),
        (["a man with a signature dish"], True),
        (["people reading in a library"], True),
    ],
)
def test_no_photo_is_mirrored_where_a_caption_names_a_side_or_writing(
    captions: list[str], mirrors: bool
) -> None:
    settings = Augmentation(mirror=1.0)
    varied = augment(sides(32), 32, captions, settings, np.random.default_rng(0))
    assert (varied[0, 0, 2] > 100) == mirrors
    assert any(map(forbids_mirror, captions)) == (not mirrors)


def test_a_crop_keeps_at_least_its_share_of_the_photo() -> None:
    settings = Augmentation(crop=0.49)
    ramp = np.zeros((100, 100, 3), dtype=np.uint8)
    ramp[:, :, 0] = np.arange(100)
    ramp[:, :, 1] = np.arange(100)[:, None]
    for seed in range(30):
        varied = augment(ramp, 64, ["x"], settings, np.random.default_rng(seed)).astype(int)
        across = varied[32, -1, 0] - varied[32, 0, 0]
        down = varied[-1, 32, 1] - varied[0, 32, 1]
        assert 66 <= across <= 100
        assert abs(across - down) <= 2  # not stretched


def test_colour_light_and_sharpness_vary_and_grey_is_grey() -> None:
    photo = canvas(32)
    grey = augment(photo, 32, ["x"], Augmentation(grey=1.0), np.random.default_rng(0))
    assert (grey[..., 0] == grey[..., 2]).all()
    blurred = augment(photo, 32, ["x"], Augmentation(blur=1.0), np.random.default_rng(0))
    assert blurred.std() < photo.std()
    brightness = [
        augment(photo, 32, ["x"], Augmentation(jitter=0.4), np.random.default_rng(seed)).mean()
        for seed in range(20)
    ]
    assert min(brightness) < photo.mean() - 10 < photo.mean() + 10 < max(brightness)
