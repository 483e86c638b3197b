import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from sightline.training.losses import info_nce, same_caption, sigmoid_loss

SIZES = {
    "n": st.integers(1, 8),
    "d": st.integers(1, 6),
    "seed": st.integers(0, 999),
    "scale": st.floats(0.1, 30),
}


def slow_info_nce(
    images: np.ndarray,
    texts: np.ndarray,
    scale: float,
    fits: np.ndarray | None = None,
    smoothing: float = 0.0,
) -> float:
    """CLIP's loss, pair by pair: -log of the share that each right answer has of all answers."""
    n = len(images)
    fits = np.eye(n) if fits is None else fits
    total = 0.0
    for i in range(n):
        for others, right in ((texts @ images[i], fits[i]), (images @ texts[i], fits[:, i])):
            answers = sum(math.exp(scale * other) for other in others)
            for j in range(n):
                target = (1 - smoothing) * right[j] / sum(right) + smoothing / n
                total -= target * math.log(math.exp(scale * others[j]) / answers)
    return total / (2 * n)


def slow_sigmoid(
    images: np.ndarray, texts: np.ndarray, scale: float, bias: float, fits: np.ndarray
) -> float:
    """SigLIP's equation 1: -1/n Σᵢ Σⱼ log 1 / (1 + exp(zᵢⱼ (-t xᵢ·yⱼ - b)))."""
    total = 0.0
    for i in range(len(images)):
        for j in range(len(texts)):
            z = 1 if fits[i, j] else -1
            total += math.log(1 / (1 + math.exp(z * (-scale * (images[i] @ texts[j]) - bias))))
    return -total / len(images)


def unit_rows(n: int, d: int, seed: int) -> torch.Tensor:
    rows = torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return functional.normalize(rows, dim=-1)


def double(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@given(**SIZES)
def test_info_nce_is_the_published_formula(n: int, d: int, seed: int, scale: float) -> None:
    images, texts = unit_rows(n, d, seed), unit_rows(n, d, seed + 1000)
    loss = info_nce(images, texts, double(scale))
    assert math.isclose(
        loss.item(), slow_info_nce(images.numpy(), texts.numpy(), scale), rel_tol=1e-9, abs_tol=1e-9
    )


@given(**SIZES, smoothing=st.floats(0, 0.9))
def test_soft_targets_share_the_answer_by_how_well_each_text_fits(
    n: int, d: int, seed: int, scale: float, smoothing: float
) -> None:
    images, texts = unit_rows(n, d, seed), unit_rows(n, d, seed + 1000)
    fits = torch.rand(n, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    fits = fits + torch.eye(n)
    loss = info_nce(images, texts, double(scale), fits=fits, smoothing=smoothing)
    slow = slow_info_nce(images.numpy(), texts.numpy(), scale, fits.numpy(), smoothing)
    assert math.isclose(loss.item(), slow, rel_tol=1e-9, abs_tol=1e-9)


@given(**SIZES, smoothing=st.floats(0, 0.9))
def test_without_fits_each_pair_is_its_only_answer(
    n: int, d: int, seed: int, scale: float, smoothing: float
) -> None:
    images, texts = unit_rows(n, d, seed), unit_rows(n, d, seed + 1000)
    own = torch.eye(n, dtype=torch.bool)
    torch.testing.assert_close(
        info_nce(images, texts, double(scale), smoothing=smoothing),
        info_nce(images, texts, double(scale), fits=own, smoothing=smoothing),
    )
    torch.testing.assert_close(
        sigmoid_loss(images, texts, double(scale), double(-3.0)),
        sigmoid_loss(images, texts, double(scale), double(-3.0), fits=own),
    )


@given(**SIZES, bias=st.floats(-12, 2))
def test_the_sigmoid_loss_is_the_published_formula(
    n: int, d: int, seed: int, scale: float, bias: float
) -> None:
    images, texts = unit_rows(n, d, seed), unit_rows(n, d, seed + 1000)
    fits = same_caption(torch.arange(n) // 2)
    for chosen in (fits, torch.eye(n, dtype=torch.bool)):
        loss = sigmoid_loss(images, texts, double(scale), double(bias), fits=chosen)
        slow = slow_sigmoid(images.numpy(), texts.numpy(), scale, bias, chosen.numpy())
        assert math.isclose(loss.item(), slow, rel_tol=1e-9, abs_tol=1e-9)


def test_the_sigmoid_loss_is_finite_where_the_formula_overflows() -> None:
    rows = torch.eye(3)
    loss = sigmoid_loss(rows, -rows, torch.tensor(100.0), torch.tensor(-2000.0))
    assert math.isclose(loss.item(), 2100.0, rel_tol=1e-6)


def test_info_nce_treats_images_and_texts_alike() -> None:
    images, texts, scale = unit_rows(6, 4, 1), unit_rows(6, 4, 2), torch.tensor(5.0)
    torch.testing.assert_close(info_nce(images, texts, scale), info_nce(texts, images, scale))


def test_info_nce_of_an_untrained_pair_of_towers_is_the_logarithm_of_the_batch() -> None:
    same = torch.ones(16, 1)
    assert math.isclose(info_nce(same, same, torch.tensor(10.0)).item(), math.log(16), rel_tol=1e-6)


def test_two_photos_with_one_caption_are_both_right() -> None:
    images = texts = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    fits = same_caption(torch.tensor([7, 7, -3]))
    assert fits.tolist() == [[True, True, False], [True, True, False], [False, False, True]]
    scale = torch.tensor(50.0)
    assert math.isclose(
        info_nce(images, texts, scale, fits=fits).item(), 2 / 3 * math.log(2), rel_tol=1e-6
    )
    assert sigmoid_loss(images, texts, scale, torch.tensor(-25.0), fits=fits).item() < 1e-6
    assert sigmoid_loss(images, texts, scale, torch.tensor(-25.0)).item() > 10


@pytest.mark.parametrize("kind", ["info-nce", "sigmoid"])
def test_temperature_and_bias_learn_too(kind: str) -> None:
    scale = torch.tensor(2.0, requires_grad=True)
    bias = torch.tensor(-1.0, requires_grad=True)
    rows = torch.eye(4)
    loss = (
        info_nce(rows, rows, scale) if kind == "info-nce" else sigmoid_loss(rows, rows, scale, bias)
    )
    loss.backward()
    assert scale.grad is not None
    assert scale.grad < 0  # perfect pairs: a sharper comparison lowers the loss
    if kind == "sigmoid":
        assert bias.grad is not None
        assert bias.grad > 0  # 12 of 16 answers are "no"
