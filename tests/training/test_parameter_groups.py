"""Frozen, slow and full towers."""

import pytest
import torch
from torch import nn

from sightline.training.dual_encoder import DualEncoder, DualEncoderConfig
from sightline.training.parameter_groups import (
    Optimiser,
    build_optimiser,
    learns_batch_norms,
    set_rates,
    training_mode,
)
from tests.training.small import small_batch, small_model


def changed(model: DualEncoder, settings: Optimiser) -> set[str]:
    """Which parts of a model one step changes."""
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    optimiser = build_optimiser(model, settings)
    training_mode(model, settings)
    batch = small_batch(4)
    cosines = model.image(batch.pixels) @ model.text(batch.ids, batch.mask).T
    (model.temperature() * cosines).exp().mean().backward()
    optimiser.step()
    after = model.state_dict()
    return {
        ".".join(name.split(".")[:2])
        for name, weight in before.items()
        if not torch.equal(weight, after[name])
    }


HEADS = {"image.projection", "text.projection", "temperature.log_scale"}


@pytest.mark.parametrize(
    ("image", "text", "towers"),
    [(0.0, 0.0, set()), (0.1, 0.0, {"image.tower"}), (1.0, 0.5, {"image.tower", "text.tower"})],
)
def test_a_tower_with_rate_zero_stays_as_it_is(image: float, text: float, towers: set[str]) -> None:
    settings = Optimiser(image_tower=image, text_tower=text)
    assert changed(small_model(), settings) == HEADS | towers


def test_a_slow_tower_learns_at_its_share_of_the_rate() -> None:
    model = small_model()
    optimiser = build_optimiser(model, Optimiser(rate=0.01, image_tower=0.1, text_tower=1.0))
    set_rates(optimiser, 0.5)
    rates = {
        id(weight): round(group["lr"], 9)
        for group in optimiser.param_groups
        for weight in group["params"]
    }
    assert {rates[id(weight)] for weight in model.image.tower.parameters()} == {0.0005}
    assert {rates[id(weight)] for weight in model.text.parameters()} == {0.005}
    assert len(rates) == len(list(model.parameters()))


def test_only_matrices_are_shrunk() -> None:
    optimiser = build_optimiser(small_model(), Optimiser(weight_decay=0.3))
    for group in optimiser.param_groups:
        for weight in group["params"]:
            assert group["weight_decay"] == (0.3 if weight.ndim > 1 else 0.0)


def test_frozen_norms_and_towers_give_in_training_what_they_give_in_use() -> None:
    torch.manual_seed(0)
    config = DualEncoderConfig(image_published=False, size=32)
    model = DualEncoder.from_random(config)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]

    training_mode(model, Optimiser(freeze_norms=True))
    assert not any(norm.training for norm in norms)
    assert model.image.projection.training
    assert not learns_batch_norms(model, Optimiser(freeze_norms=True))
    build_optimiser(model, Optimiser(freeze_norms=True))
    assert not any(weight.requires_grad for norm in norms for weight in norm.parameters())

    training_mode(model, Optimiser(freeze_norms=False))
    assert all(norm.training for norm in norms)
    assert learns_batch_norms(model, Optimiser(freeze_norms=False))
    training_mode(model, Optimiser(image_tower=0.0, freeze_norms=False))
    assert not any(norm.training for norm in norms)
