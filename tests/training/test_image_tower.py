import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet

from sightline.training.image_tower import (
    FEATURES,
    LEVEL_GAIN,
    SCALES,
    EfficientNetLite,
    Variant,
    normalise,
    scaled_stages,
)
from sightline.training.pretrained import adopt_image_weights, load_image_tower


def randomised(network: EfficientNet) -> EfficientNet:
    """Random norms too: fresh ones do nothing, and would hide a mix-up."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    return network.eval()


@pytest.mark.parametrize("variant", ["lite0", "lite2"])
def test_every_variant_computes_what_the_published_network_computes(variant: Variant) -> None:
    size = SCALES[variant].size
    published = randomised(EfficientNet.from_name(f"efficientnet-{variant}"))
    ours = EfficientNetLite(variant).eval()
    adopt_image_weights(ours, published.state_dict(), "the published network")
    pixels = torch.randn(2, 3, size, size)
    with torch.inference_mode():
        grid = published.extract_features(pixels)
        torch.testing.assert_close(ours.patches(pixels), grid)
        torch.testing.assert_close(ours(pixels), grid.mean(dim=(2, 3)))


def test_the_tower_with_imagenet_weights_sees_a_photo_as_1280_features_of_relu6() -> None:
    tower = load_image_tower("lite0")
    with torch.inference_mode():
        features = tower(normalise(torch.randint(0, 256, (2, 224, 224, 3), dtype=torch.uint8)))
    assert features.shape == (2, FEATURES)
    assert features.min() >= 0
    assert features.max() <= 6
    assert not tower.training


def test_lite2_is_wider_and_deeper_but_for_the_first_and_last_stage() -> None:
    stages = scaled_stages(SCALES["lite2"])
    assert [stage.channels for stage in stages] == [16, 24, 48, 88, 120, 208, 352]
    assert [stage.blocks for stage in stages] == [1, 3, 3, 4, 4, 5, 1]


def test_patches_are_a_grid_of_one_cell_per_32_pixels() -> None:
    tower = EfficientNetLite("lite0").eval()
    with torch.inference_mode():
        assert tower.patches(torch.zeros(1, 3, 96, 64)).shape == (1, FEATURES, 3, 2)


def test_levels_are_read_beside_the_last_grid_from_any_start() -> None:
    plain, tower = EfficientNetLite("lite0").eval(), EfficientNetLite("lite0", levels=(14, 11))
    tower.load_state_dict(plain.state_dict())
    pixels = torch.randn(2, 3, 96, 64)
    with torch.inference_mode():
        grid = tower.eval().patches(pixels)
        assert grid.shape == (2, tower.features, 3, 2)
        assert tower.features == FEATURES + 2 * 192
        first, last = (LEVEL_GAIN * plain.early(pixels, level + 1) for level in (11, 14))
        expected = torch.cat([plain.patches(pixels), first, last], dim=1)
        torch.testing.assert_close(grid, expected)
        for start in (11, 12):
            torch.testing.assert_close(tower.late(tower.early(pixels, start), start), expected)
        assert torch.equal(tower.grids(pixels).fine, plain.grids(pixels).fine)
        torch.testing.assert_close(tower(pixels), expected.mean(dim=(2, 3)))
        with pytest.raises(ValueError, match="level 11 is over before block 13"):
            tower.late(tower.early(pixels, 13), 13)


@pytest.mark.parametrize("level", [-1, 10, 16])
def test_a_level_on_another_grid_is_refused(level: int) -> None:
    with pytest.raises(ValueError, match="take levels from 11 to 15"):
        EfficientNetLite("lite0", levels=(12, level))


def test_pixels_are_normalised_as_the_network_was_trained() -> None:
    pixels = torch.tensor([[[[127, 0, 255]]]], dtype=torch.uint8)  # (1, 1, 1, 3)
    values = normalise(pixels)
    assert values.shape == (1, 3, 1, 1)
    torch.testing.assert_close(values.flatten(), torch.tensor([0.0, -127 / 128, 1.0]))
