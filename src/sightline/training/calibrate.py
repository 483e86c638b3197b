"""From cosines to probabilities, by Platt's method: a logistic curve through pairs that belong
together and pairs that don't (Platt 1999; the numbers to fit are just two, a scale and a bias)."""

import numpy as np
from numpy.typing import NDArray

from sightline.encoders.spec import Calibration

STRANGERS = 8
"""Photos of other captions that each caption is compared with."""

MOST_STEPS = 100
RIDGE = 1e-6


def calibrate(
    texts: NDArray[np.float32],
    images: NDArray[np.float32],
    photo_of: NDArray[np.int64],
    source: str,
    seed: int = 0,
) -> Calibration:
    """Fit σ(scale · cosine + bias) to "does this sentence describe this photo?".

    Both answers count the same in all: the probability is that of a pair about which one knows
    nothing beforehand. A search over many photos begins with far worse odds.

    Args:
        texts: unit rows, float32 (captions, d).
        images: unit rows, float32 (photos, d).
        photo_of: int64 (captions,), the row of each caption's photo.
        source: the pairs, for the model's description.
    """
    draw = np.random.default_rng(seed)
    others = draw.integers(1, len(images), (len(texts), STRANGERS))
    strangers = (photo_of[:, None] + others) % len(images)
    together = (texts * images[photo_of]).sum(axis=1)
    apart = np.einsum("nd,nkd->nk", texts, images[strangers]).ravel()
    cosines = np.concatenate([together, apart]).astype(np.float64)
    answers = np.concatenate([np.ones(len(together)), np.zeros(len(apart))])
    weights = np.concatenate(
        [np.full(len(together), 0.5 / len(together)), np.full(len(apart), 0.5 / len(apart))]
    )
    scale, bias = _logistic(cosines, answers, weights)
    return Calibration(scale=round(scale, 3), bias=round(bias, 3), source=source)


def _logistic(
    x: NDArray[np.float64], answers: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Weighted logistic regression on one variable, by Newton's method with halved steps.

    A ridge that is small beside anything real keeps pairs that are parted without an error from
    asking for infinity.
    """
    centre, spread = float(x.mean()), float(x.std()) or 1.0
    rows = np.stack([(x - centre) / spread, np.ones_like(x)], axis=1)  # (n, 2)
    signs = 2 * answers - 1

    def cost(at: NDArray[np.float64]) -> float:
        return float(weights @ np.logaddexp(0, -signs * (rows @ at)) + RIDGE * at @ at / 2)

    found = np.zeros(2)
    for _ in range(MOST_STEPS):
        chance = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (weights * (answers - chance)) - RIDGE * found
        curve = (rows * (weights * chance * (1 - chance))[:, None]).T @ rows + RIDGE * np.eye(2)
        step = np.linalg.solve(curve, slope)
        while cost(found + step) > cost(found) and np.abs(step).max() > 1e-9:
            step /= 2
        found = found + step
        if np.abs(step).max() < 1e-6:
            break
    scale = found[0] / spread
    return float(scale), float(found[1] - scale * centre)
