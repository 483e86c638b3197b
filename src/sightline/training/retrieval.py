"""Recall@k of a dual encoder, from arrays of embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]
KS = (1, 5, 10)


@dataclass(frozen=True)
class Recall:
    """Share of queries with a right answer among the first 1, 5 and 10."""

    at_1: float
    at_5: float
    at_10: float

    def __str__(self) -> str:
        return "/".join(f"{value:.3f}".lstrip("0") for value in (self.at_1, self.at_5, self.at_10))


@dataclass(frozen=True)
class SetFigures:
    """Both directions of retrieval on one dev set."""

    name: str
    photos: int
    captions: int
    text_to_image: Recall
    image_to_text: Recall


def text_to_image(texts: Embeddings, images: Embeddings, photo_of: Sequence[int]) -> Recall:
    """Each text is a query over all images, and exactly one image is right.

    Args:
        texts: unit rows, float32 (queries, d).
        images: unit rows, float32 (photos, d).
        photo_of: for each text, the row of its image.

    A wrong image that ties with the right one counts as ranked before it, so that a collapsed
    encoder scores nothing.
    """
    cosines = texts @ images.T  # (queries, photos)
    right = cosines[np.arange(len(texts)), photo_of]
    ranks = (cosines >= right[:, None]).sum(axis=1)  # 1 is best: the right one counts itself
    return _recall(ranks)


def image_to_text(images: Embeddings, texts: Embeddings, photo_of: Sequence[int]) -> Recall:
    """Each image is a query over all texts; any of its own texts is a right answer.

    Arguments as in `text_to_image`. This is "any of five" recall, as papers report it for
    Flickr8k and COCO, not the share of right texts found.
    """
    cosines = images @ texts.T  # (photos, queries)
    own = np.asarray(photo_of)[None, :] == np.arange(len(images))[:, None]
    best_own = np.where(own, cosines, -np.inf).max(axis=1)
    ranks = ((cosines >= best_own[:, None]) & ~own).sum(axis=1) + 1
    return _recall(ranks)


def _recall(ranks: NDArray[np.int64]) -> Recall:
    return Recall(*(float((ranks <= k).mean()) for k in KS))
