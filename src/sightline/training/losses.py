"""What pulls a photo and its caption together and everything else in the batch apart."""

import torch
from torch import Tensor
from torch.nn import functional


def info_nce(
    images: Tensor,
    texts: Tensor,
    scale: Tensor,
    *,
    fits: Tensor | None = None,
    smoothing: float = 0.0,
) -> Tensor:
    """Symmetric InfoNCE: the mean of "which text?" and "which image?" over the batch.

    Row i of both sides is a pair, every other row a wrong answer. The loss of CLIP (Radford et al.
    2021, https://arxiv.org/abs/2103.00020, figure 3). With `fits`, the right answers share the
    target; with `smoothing`, a part of it goes to all answers alike (Szegedy et al. 2016,
    https://arxiv.org/abs/1512.00567, section 7).

    Args:
        images: unit rows, (n, d).
        texts: unit rows, (n, d).
        scale: what cosines are multiplied by, 1 / temperature; a scalar.
        fits: (n, n), how well image i fits text j, at least 0 and in each row and column somewhere
            above; None: each pair and nothing else.
        smoothing: the share of the target that is spread over the batch, 0 up to 1.
    """
    logits = scale * images @ texts.T  # (n, n); row: an image, column: a text
    if fits is None:
        pairs = torch.arange(len(logits), device=logits.device)
        which_text = functional.cross_entropy(logits, pairs, label_smoothing=smoothing)
        which_image = functional.cross_entropy(logits.T, pairs, label_smoothing=smoothing)
    else:
        fits = fits.to(logits.dtype)
        texts_that_fit = fits / fits.sum(dim=1, keepdim=True)
        images_that_fit = fits.T / fits.T.sum(dim=1, keepdim=True)
        which_text = functional.cross_entropy(logits, texts_that_fit, label_smoothing=smoothing)
        which_image = functional.cross_entropy(logits.T, images_that_fit, label_smoothing=smoothing)
    return (which_text + which_image) / 2


def sigmoid_loss(
    images: Tensor, texts: Tensor, scale: Tensor, bias: Tensor, *, fits: Tensor | None = None
) -> Tensor:
    """Pairwise sigmoid loss: of each image and each text, "do these two belong together?".

    -1/n Σᵢⱼ log σ(zᵢⱼ (scale · xᵢ·yⱼ + bias)), z = 1 for what belongs together and -1 otherwise.
    The loss of SigLIP (Zhai et al. 2023, https://arxiv.org/abs/2303.15343, equation 1 and
    algorithm 1). There are n pairs and n² - n others, so it starts with a bias of about
    -log n, "no": SigLIP's -10 is that of a batch of 32,768.

    Args:
        images: unit rows, (n, d).
        texts: unit rows, (n, d).
        scale: what cosines are multiplied by; a scalar.
        bias: what is added to them then; a scalar.
        fits: bool (n, n), which images belong to which texts; None: row i to row i.
    """
    logits = scale * images @ texts.T + bias  # (n, n)
    if fits is None:
        fits = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    answers = torch.where(fits, 1.0, -1.0).to(logits.dtype)
    return -functional.logsigmoid(answers * logits).sum() / len(logits)


def same_caption(ids: Tensor) -> Tensor:
    """Which texts of a batch are right for which images: bool (n, n), from caption ids (n,).

    Two photos may have the same caption, in a folder of classes even most do. Calling the other
    one's caption wrong would teach the model that what is right is wrong.
    """
    return ids[:, None] == ids[None, :]


def soft_fits(meaning: Tensor, softness: float, likeness: float) -> Tensor:
    """Targets that know captions alike: (n, n), symmetric, for `info_nce`.

    Two photos of dogs on beaches are each a fair answer to the other's caption. A part of each
    target therefore goes to the captions that a text tower finds alike, instead of calling them
    wrong (in the spirit of SoftCLIP, Gao et al. 2023, arXiv:2303.17561).

    Args:
        meaning: unit rows of the captions, (n, d), from a tower that isn't trained.
        softness: the share that goes there, 0 up to 1.
        likeness: temperature of the softmax over the captions' cosines.
    """
    alike = (meaning @ meaning.T / likeness).softmax(dim=1)
    fits = (1 - softness) * torch.eye(len(meaning), device=meaning.device) + softness * alike
    return (fits + fits.T) / 2
