"""What pulls a photo and its caption together and everything else in the batch apart."""

import torch
from torch import Tensor
from torch.nn import functional


def info_nce(images: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """Symmetric InfoNCE: the mean of "which text?" and "which image?" over the batch.

    Row i of both sides is a pair, every other row a wrong answer. The loss of CLIP (Radford et al.
    2021, https://arxiv.org/abs/2103.00020, figure 3).

    Args:
        images: unit rows, (n, d).
        texts: unit rows, (n, d).
        scale: what cosines are multiplied by, 1 / temperature; a scalar.
    """
    logits = scale * images @ texts.T  # (n, n); row: an image, column: a text
    pairs = torch.arange(len(logits), device=logits.device)
    which_text = functional.cross_entropy(logits, pairs)
    which_image = functional.cross_entropy(logits.T, pairs)
    return (which_text + which_image) / 2
