"""Softmax regression that stays near where it starts.

Minimises, over prototypes P (c, d), with a weight wᵢ for each photo,

    Σ wᵢ · cross-entropy(scale · xᵢ Pᵀ, classᵢ)  +  decay / 2 · ‖P - start‖²

which is convex: Nesterov's accelerated gradient (1983) with the step 1/L gets to the one minimum
from anywhere, with no learning rate to choose. Started at the words' vectors this is TaskRes (Yu et
al. 2023, arXiv:2211.10277); the decay keeps what was known where the photos say little.
"""

import numpy as np

from sightline.adaptation.shots import Classes, Vectors
from sightline.adaptation.validation import softmax

STEPS = 60


def learn_prototypes(
    photos: Vectors, classes: Classes, start: Vectors, scale: float, decay: float
) -> Vectors:
    """Move prototypes so that they tell the photos apart. Each class counts the same.

    Args:
        photos: float32 (n, d), unit rows.
        classes: int64 (n,), rows of `start`.
        start: float32 (c, d).

    Returns:
        float32 (c, d).
    """
    weights = (1 / np.bincount(classes, minlength=len(start))[classes] / len(start)).astype(
        np.float32
    )
    step = 1 / (scale**2 * _curvature(photos, weights) / 2 + decay)
    prototypes = ahead = start
    momentum = 1.0
    for _ in range(STEPS):
        slope = gradient(photos, classes, weights, ahead, start, scale, decay)
        moved = ahead - np.float32(step) * slope
        later = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = moved + np.float32((momentum - 1) / later) * (moved - prototypes)
        prototypes, momentum = moved, later
    return prototypes


def gradient(
    photos: Vectors,
    classes: Classes,
    weights: Vectors,
    prototypes: Vectors,
    start: Vectors,
    scale: float,
    decay: float,
) -> Vectors:
    """The slope of the objective at `prototypes`, float32 (c, d)."""
    wrong = softmax(scale * (photos @ prototypes.T))
    wrong[np.arange(len(photos)), classes] -= 1
    wrong *= weights[:, None]
    return np.asarray(scale * (wrong.T @ photos) + decay * (prototypes - start), dtype=np.float32)


def _curvature(photos: Vectors, weights: Vectors) -> float:
    """The largest eigenvalue of Σ wᵢ xᵢ xᵢᵀ; half of it times scale² bounds the curvature."""
    rows = photos * np.sqrt(weights)[:, None]
    gram = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
    return float(np.linalg.eigvalsh(gram)[-1])
