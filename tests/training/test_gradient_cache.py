"""A batch in chunks teaches exactly what the batch at once would have taught."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sightline.training.distributed import Group
from sightline.training.dual_encoder import DualEncoder
from sightline.training.loop import backward
from sightline.training.losses import info_nce, same_caption
from tests.training.small import MODEL, small_batch, small_model, small_run

KINDS = {"info-nce": {}, "sigmoid": {"bias": -10.0}}


def gradients(model: nn.Module) -> dict[str, torch.Tensor]:
    return {
        name: weight.grad.clone()
        for name, weight in model.named_parameters()
        if weight.grad is not None
    }


def learn(model: DualEncoder, n: int, kind: str, chunk: int | None) -> float:
    """The gradients of one batch, in chunks or at once."""
    config = small_run(loss={"kind": kind}, chunk=chunk, batch=n, model=MODEL | KINDS[kind])
    model.zero_grad()
    return backward(model, small_batch(n), config, Group()).item()


@pytest.mark.parametrize("kind", KINDS)
@given(n=st.integers(2, 13), chunk=st.integers(1, 12))
@settings(max_examples=15)
def test_the_gradients_are_those_of_the_plain_batch(kind: str, n: int, chunk: int) -> None:
    model = small_model(**KINDS[kind])
    plain = learn(model, n, kind, None)
    expected = gradients(model)
    cached = learn(model, n, kind, chunk)
    assert abs(plain - cached) < 1e-5
    found = gradients(model)
    assert found.keys() == expected.keys()
    assert "temperature.log_scale" in found
    for name, gradient in expected.items():
        allowed = 1e-5 * max(1.0, gradient.abs().max().item())
        torch.testing.assert_close(found[name], gradient, atol=allowed, rtol=0, msg=name)


def test_dropout_hides_the_same_numbers_when_a_chunk_is_embedded_again() -> None:
    dropout = {"image_dropout": (0.4, 0.3), "text_dropout": (0.2, 0.3)}
    model = small_model(**dropout).train()
    torch.manual_seed(5)
    learn(model, 12, "info-nce", 5)
    found, after = gradients(model), torch.rand(1)

    # The slow way: all chunks with their graphs in memory, embedded in the same order.
    model.zero_grad()
    torch.manual_seed(5)
    parts = small_batch(12).chunks(5)
    images = torch.cat([model.image(part.pixels) for part in parts])
    texts = torch.cat([model.text(part.ids, part.mask) for part in parts])
    expected_after = torch.rand(1)
    fits = same_caption(small_batch(12).captions)
    info_nce(images, texts, model.temperature(), fits=fits).backward()
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(found[name], gradient, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(after, expected_after)  # and the next step draws what it would have


def test_a_frozen_tower_needs_no_gradient() -> None:
    model = small_model()
    model.image.tower.requires_grad_(False)
    learn(model, 8, "info-nce", 3)
    found = gradients(model)
    assert not any(name.startswith("image.tower") for name in found)
    assert any(name.startswith("image.projection") for name in found)


def test_memory_holds_one_chunk_at_a_time() -> None:
    model = small_model()
    largest = []
    model.image.register_forward_hook(lambda _, inputs, __: largest.append(len(inputs[0])))
    learn(model, 12, "info-nce", 4)
    assert largest == [4, 4, 4, 4, 4, 4]  # three chunks, twice
