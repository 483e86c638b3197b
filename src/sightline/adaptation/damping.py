"""Which directions of the space are noise, and a residual on photo vectors that damps them.

How vectors differ between views of one photo, and between photos of one class, is noise to whoever
wants to tell classes apart. Along a direction of noise variance λ a vector is shrunk by
√(g / (λ + g)), where g is the variance that any direction is granted: Fisher's linear discriminant
with a shrunk covariance (Ledoit & Wolf 2004), which Wang et al. 2024 (arXiv:2402.04087) found a
hard baseline for CLIP. In the form x - U (s ∘ Uᵀ x), with few columns in U, it is a low-rank
residual adapter whose weights have a closed form.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sightline.adaptation.shots import Shots, Vectors, class_means

MOST_DIRECTIONS = 128
"""Kept in an adapter; noise beyond these is small, and the file too."""


@dataclass(frozen=True, eq=False)
class Noise:
    """Directions float32 (r, d), orthonormal rows, and the share of all noise along each, (r,)."""

    directions: Vectors
    shares: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Damping:
    """x → x - Σ sᵢ uᵢ (uᵢ·x).

    `directions` u are float32 (r, d), `strengths` s float32 (r,) in [0, 1).
    """

    directions: Vectors
    strengths: Vectors

    def __call__(self, rows: Vectors) -> Vectors:
        """Damp rows, float32 (n, d). Symmetric: it serves a query as well as the photos."""
        along = (rows @ self.directions.T) * self.strengths
        return np.asarray(rows - along @ self.directions, dtype=np.float32)


def noise_of(shots: Shots, within: float) -> Noise:
    """Find the noise in some shots.

    Args:
        within: how much counts how photos of one class differ; the rest, how views of one photo
            do. Without a class of two photos, views are all there is.
    """
    framing = _covariance(shots.views - shots.views.mean(axis=1, keepdims=True))
    keys = shots.keys
    spread = _covariance(keys - class_means(keys, shots.classes, shots.count)[shots.classes])
    several = bool((shots.sizes > 1).any())
    covariance = within * spread + (1 - within) * framing if several else framing
    values, vectors = np.linalg.eigh(covariance)
    best = slice(None, -MOST_DIRECTIONS - 1, -1)
    directions = np.ascontiguousarray(vectors.T[best], dtype=np.float32)
    return Noise(directions, np.maximum(values[best], 0))


def damping_of(noise: Noise, granted: float) -> Damping:
    """Damp this noise; `granted`, in (0, 1), is the share of variance given to all directions."""
    level = granted / noise.directions.shape[1]
    strengths = 1 - np.sqrt(level / ((1 - granted) * noise.shares + level))
    return Damping(noise.directions, np.asarray(strengths, dtype=np.float32))


def _covariance(differences: Vectors) -> npt.NDArray[np.float64]:
    """Second moments of rows (…, d), scaled so that they sum to 1; zeros if there are none."""
    rows = differences.reshape(-1, differences.shape[-1])
    moments = (rows.T @ rows).astype(np.float64)
    return np.asarray(moments / max(float(np.trace(moments)), 1e-12))
