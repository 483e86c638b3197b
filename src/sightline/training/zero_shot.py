"""Classification by words alone, from arrays of embeddings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]


@dataclass(frozen=True)
class Accuracy:
    """Share of photos whose class is the best, or among the best five."""

    classes: int
    top_1: float
    top_5: float


def class_vectors(prompts: Embeddings, classes: int) -> Embeddings:
    """One unit row a class: the mean direction of its prompts (CLIP, section 3.1.4).

    Args:
        prompts: unit rows, float32 (classes x templates, d), all prompts of a class together.
    """
    means = prompts.reshape(classes, -1, prompts.shape[1]).mean(axis=1)
    vectors: Embeddings = means / np.linalg.norm(means, axis=1, keepdims=True)
    return vectors


def zero_shot(images: Embeddings, classes: Embeddings, labels: NDArray[np.int64]) -> Accuracy:
    """Give each image the class of the nearest vector.

    Args:
        images: unit rows, float32 (n, d).
        classes: unit rows, float32 (classes, d).
        labels: the right row of `classes` for each image, int64 (n,).
    """
    cosines = images @ classes.T
    right = cosines[np.arange(len(images)), labels]
    ranks = (cosines >= right[:, None]).sum(axis=1)
    return Accuracy(len(classes), float((ranks <= 1).mean()), float((ranks <= 5).mean()))
