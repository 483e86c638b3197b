"""How close two embeddings of the same photos are, by what tells the photos apart."""

import numpy as np
from numpy.typing import NDArray

FIRST = 5
"""Matches of a sentence that are looked at."""

Vectors = NDArray[np.float32]


def drift(before: Vectors, after: Vectors) -> float:
    """Squared distance of two embeddings of the same photos, over the photos' own variance.

    A cosine alone says little: many towers put all photos into a narrow cone (Liang et al. 2022,
    arXiv:2203.02053), where even strangers have a high one.

    Args:
        before, after: float32 (n, d), unit rows.
    """
    moved = float(((before - after) ** 2).sum(axis=1).mean())
    apart = variance(before)
    return moved / apart if apart > 0 else float("inf")


def variance(vectors: Vectors) -> float:
    """Mean squared distance from the mean."""
    return float(((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1).mean())


def kept_matches(texts: Vectors, before: Vectors, after: Vectors, first: int = FIRST) -> float:
    """Share of each sentence's first few photos that stay among its first few."""
    tops = [
        np.argsort(-(texts @ images.T), axis=1, kind="stable")[:, :first]
        for images in (before, after)
    ]
    return float(np.mean([len(set(a) & set(b)) / first for a, b in zip(*tops, strict=True)]))
