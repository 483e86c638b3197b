"""The architecture that a config says, buildable in every combination."""

from typing import Literal

import pytest
import torch

from sightline.training.dual_encoder import DualEncoder, DualEncoderConfig, Temperature
from sightline.training.pretrained import load_image_tower, load_text_tower
from tests.training.small import small_batch, small_config, small_model


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"size": 48, "image_width": 16, "dimensions": 7},
        {"image": "lite0", "size": 32, "image_hidden": 5},
        {"image": "lite2", "size": 64, "image_published": True},
        {"bias": -10.0, "temperature": 0.1},
    ],
)
def test_both_encoders_give_unit_rows_of_the_dimensions(changes: dict[str, object]) -> None:
    config, model, batch = small_config(**changes), small_model(**changes), small_batch(3)
    pixels = torch.zeros(3, config.size, config.size, 3, dtype=torch.uint8)
    with torch.inference_mode():
        for rows in (model.image(pixels), model.text(batch.ids, batch.mask)):
            assert rows.shape == (3, config.dimensions)
            torch.testing.assert_close(rows.norm(dim=1), torch.ones(3))
    assert model.image.tower.size == config.size
    assert (model.temperature.bias is None) == (config.bias is None)
    assert model.temperature().item() == pytest.approx(1 / config.temperature)


def test_what_stands_beside_a_picture_does_not_change_it() -> None:
    model, batch = small_model().train(), small_batch(6)
    with torch.no_grad():
        torch.testing.assert_close(
            model.image(batch.pixels)[:2], model.image(batch.pixels[:2]), atol=1e-5, rtol=1e-4
        )


def test_the_grids_of_the_small_tower_pool_to_its_features() -> None:
    tower = small_model(size=48).image.tower
    x = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        grids = tower.grids(x)
        assert grids.coarse.shape == (2, 32, 3, 3)
        assert grids.fine.shape == (2, 16, 6, 6)
        torch.testing.assert_close(tower.pool(grids.coarse), tower(x))


def test_training_begins_with_published_weights_where_the_config_wants_them() -> None:
    config = DualEncoderConfig(size=64)
    model = DualEncoder.to_train(config)
    for tower, published in (
        (model.image.tower, load_image_tower("lite0")),
        (model.text.tower, load_text_tower()),
    ):
        for ours, theirs in zip(
            tower.state_dict().values(), published.state_dict().values(), strict=True
        ):
            assert torch.equal(ours, theirs)
    assert model.image.tower.size == 64


def test_the_projection_takes_what_the_levels_add() -> None:
    config = DualEncoderConfig(size=64, image_levels=(11, 15))
    for model in (DualEncoder.from_random(config), DualEncoder.to_train(config)):
        inputs = model.image.projection.straight.in_features
        assert inputs == model.image.tower.features == 1280 + 192 + 320
        assert model.eval().image(torch.zeros(1, 64, 64, 3, dtype=torch.uint8)).shape == (1, 384)


@pytest.mark.parametrize(
    ("image", "message"), [("lite0", "take levels from 11 to 15"), ("conv", "has no levels")]
)
def test_levels_that_a_tower_lacks_are_refused(
    image: Literal["lite0", "conv"], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        DualEncoderConfig(image=image, image_published=image != "conv", image_levels=(3,))


def test_one_seed_is_one_model() -> None:
    one, same, other = small_model(1), small_model(1), small_model(2)
    weights = [model.state_dict()["text.tower.words.weight"] for model in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_scale_has_a_cap() -> None:
    assert Temperature(0.0001)().item() == pytest.approx(100.0)
