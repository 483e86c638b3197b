import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from sightline.training.losses import info_nce


def slow_info_nce(images: np.ndarray, texts: np.ndarray, scale: float) -> float:
    """CLIP's loss, pair by pair: -log of the share that the right answer has of all answers."""
    total = 0.0
    for i in range(len(images)):
        own = images[i] @ texts[i]
        for others in (texts @ images[i], images @ texts[i]):
            total -= math.log(math.exp(scale * own) / sum(math.exp(scale * o) for o in others))
    return total / (2 * len(images))


def unit_rows(n: int, d: int, seed: int) -> torch.Tensor:
    rows = torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return functional.normalize(rows, dim=-1)


@given(n=st.integers(1, 8), d=st.integers(1, 6), seed=st.integers(0, 999), scale=st.floats(0.1, 30))
def test_info_nce_is_the_published_formula(n: int, d: int, seed: int, scale: float) -> None:
    images, texts = unit_rows(n, d, seed), unit_rows(n, d, seed + 1000)
    loss = info_nce(images, texts, torch.tensor(scale, dtype=torch.float64))
    assert math.isclose(
        loss.item(), slow_info_nce(images.numpy(), texts.numpy(), scale), rel_tol=1e-9, abs_tol=1e-9
    )


def test_info_nce_treats_images_and_texts_alike() -> None:
    images, texts, scale = unit_rows(6, 4, 1), unit_rows(6, 4, 2), torch.tensor(5.0)
    torch.testing.assert_close(info_nce(images, texts, scale), info_nce(texts, images, scale))


def test_info_nce_of_an_untrained_pair_of_towers_is_the_logarithm_of_the_batch() -> None:
    same = torch.ones(16, 1)
    assert math.isclose(info_nce(same, same, torch.tensor(10.0)).item(), math.log(16), rel_tol=1e-6)


def test_the_temperature_learns_too() -> None:
    scale = torch.tensor(2.0, requires_grad=True)
    rows = torch.eye(4)
    info_nce(rows, rows, scale).backward()
    assert scale.grad is not None
    assert scale.grad < 0  # perfect pairs: a sharper softmax lowers the loss
