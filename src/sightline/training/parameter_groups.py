"""Which weights learn, and how fast: frozen, slow and full towers."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import torch
from msgspec import Meta
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from sightline.training.dual_encoder import DualEncoder

Rate = Annotated[float, Meta(gt=0, le=10)]
Factor = Annotated[float, Meta(ge=0, le=1)]


class Optimiser(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """AdamW (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101) and its rates.

    Attributes:
        rate: the highest rate, of the projections and the temperature.
        image_tower, text_tower: the towers' rates as a share of it: 0 freezes a tower, a tenth or
            less keeps what published weights know, 1 is for random ones.
        freeze_norms: keep batch norms as they are. What ImageNet says of a channel's mean is worth
            more than what a small batch does.
        weight_decay: of matrices; shrinking a bias, a norm or the temperature helps nobody.
        momentum, second_momentum: AdamW's betas.
        clip: longest gradient, over all weights together; longer ones are shortened to it.
    """

    rate: Rate = 1e-3
    image_tower: Factor = 1.0
    text_tower: Factor = 1.0
    freeze_norms: bool = True
    weight_decay: Annotated[float, Meta(ge=0)] = 0.05
    momentum: Annotated[float, Meta(ge=0, lt=1)] = 0.9
    second_momentum: Annotated[float, Meta(ge=0, lt=1)] = 0.98
    clip: Annotated[float, Meta(gt=0)] | None = 1.0


def build_optimiser(model: DualEncoder, settings: Optimiser) -> torch.optim.AdamW:
    """AdamW over what learns; each group knows its highest rate as `highest`."""
    freeze(model, settings)
    return torch.optim.AdamW(
        list(_groups(model, settings)),
        lr=settings.rate,
        betas=(settings.momentum, settings.second_momentum),
    )


def set_rates(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Set each group's rate to `factor` of its highest."""
    for group in optimiser.param_groups:
        group["lr"] = group["highest"] * factor


def freeze(model: DualEncoder, settings: Optimiser) -> None:
    """Switch off the gradients of everything that doesn't learn."""
    for tower, factor in _towers(model, settings):
        tower.requires_grad_(factor > 0)
    if settings.freeze_norms:
        for norm in _batch_norms(model):
            norm.requires_grad_(False)


def training_mode(model: DualEncoder, settings: Optimiser) -> None:
    """Training mode, except for what is frozen: that gives what it will give in use."""
    model.train()
    for tower, factor in _towers(model, settings):
        if factor == 0:
            tower.eval()
    if settings.freeze_norms:
        for norm in _batch_norms(model):
            norm.eval()


def learns_batch_norms(model: DualEncoder, settings: Optimiser) -> bool:
    """Whether what a photo becomes depends on the others in its batch."""
    learns = settings.image_tower > 0 and not settings.freeze_norms
    return learns and any(True for _ in _batch_norms(model))


def _groups(model: DualEncoder, settings: Optimiser) -> Iterator[dict[str, Any]]:
    heads = nn.ModuleList([model.image.projection, model.text.projection, model.temperature])
    for part, factor in ((heads, 1.0), *_towers(model, settings)):
        learning = [weight for weight in part.parameters() if weight.requires_grad]
        highest = settings.rate * factor
        for decay, weights in (
            (settings.weight_decay, [weight for weight in learning if weight.ndim > 1]),
            (0.0, [weight for weight in learning if weight.ndim <= 1]),
        ):
            if weights:
                yield {
                    "params": weights, "lr": highest, "highest": highest, "weight_decay": decay
                }  # fmt: skip


def _towers(model: DualEncoder, settings: Optimiser) -> list[tuple[nn.Module, float]]:
    return [
        (model.image.tower, settings.image_tower),
        (model.text.tower, settings.text_tower),
    ]


def _batch_norms(model: nn.Module) -> Iterator[nn.Module]:
    return (module for module in model.modules() if isinstance(module, _BatchNorm))
