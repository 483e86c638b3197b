"""A contrastive batch larger than memory, after Gao et al. 2021 (https://arxiv.org/abs/2101.06983).

A contrastive loss compares everything in a batch with everything else, so a batch can't be cut into
pieces whose gradients are simply added up. But the loss needs only the *embeddings* of the batch,
which are small; what fills the memory is what each tower keeps for its backward pass. So:

1. embed the batch in chunks and keep nothing but the embeddings;
2. compute the loss on all of them, and its gradient with respect to each embedding;
3. embed each chunk once more, this time for real, and hand it its embeddings' gradient.

Two forward passes instead of one buy a batch of any size, and the gradient is the same.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Embed = Callable[[], Tensor]
"""Embeds one chunk: (chunk, d), with a graph behind it where gradients are on."""

Loss = Callable[[Tensor, Tensor], Tensor]


def plain_backward(image: Embed, text: Embed, loss: Loss) -> Tensor:
    """Loss and gradients of a batch that fits into memory. Returns the loss, detached."""
    value = loss(image(), text())
    value.backward()  # type: ignore[no-untyped-call]
    return value.detach()


def cached_backward(images: Sequence[Embed], texts: Sequence[Embed], loss: Loss) -> Tensor:
    """Add the gradients of `loss(all images, all texts)` to the parameters, chunk by chunk.

    The second pass over a chunk begins with the random state of its first: dropout hides the same
    numbers, or the gradient would belong to another network than the embedding.

    Args:
        images, texts: what embeds each chunk, in order; called twice each.
        loss: of all image and all text embeddings, (n, d) each; a scalar. What else it depends on
            (temperature, bias) gets its gradient too.

    Returns:
        The loss, detached.
    """
    chunks = [*images, *texts]
    states, embedded = [], []
    with torch.no_grad():
        for embed in chunks:
            states.append(_random_state())
            embedded.append(embed().requires_grad_())
    after = _random_state()

    value = loss(torch.cat(embedded[: len(images)]), torch.cat(embedded[len(images) :]))
    value.backward()  # type: ignore[no-untyped-call]

    for embed, state, first in zip(chunks, states, embedded, strict=True):
        _set_random_state(state)
        again = embed()
        if again.requires_grad:  # not where everything below is frozen
            again.backward(first.grad)  # type: ignore[no-untyped-call]
    _set_random_state(after)
    return value.detach()


RandomState = tuple[Tensor, Tensor | None]


def _random_state() -> RandomState:
    cuda = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
    return torch.get_rng_state(), cuda


def _set_random_state(state: RandomState) -> None:
    cpu, cuda = state
    torch.set_rng_state(cpu)
    if cuda is not None:
        torch.cuda.set_rng_state(cuda)
