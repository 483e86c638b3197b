"""Made shots: classes that differ in a few directions, under noise that is loud in others."""

import numpy as np

from sightline.adaptation.shots import Shots, Vectors, unit

DIMENSIONS = 48
CLASSES = 6
LOUD = 12


class World:
    """Photos of six kinds of things, and words that know a little of them."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._centres = self._rng.standard_normal((CLASSES, DIMENSIONS))
        self._centres[:, :LOUD] = 0
        hints = self._centres + 4 * self._rng.standard_normal(self._centres.shape)
        self.texts: Vectors = unit(hints.astype(np.float32))

    def photos(self, each: int, views: int = 7) -> Shots:
        """`each` photos of every kind; noise is loud in the first dimensions."""
        classes = np.repeat(np.arange(CLASSES), each)
        loud = np.where(np.arange(DIMENSIONS) < LOUD, 6.0, 0.5)
        own = self._centres[classes] + loud * self._rng.standard_normal((len(classes), DIMENSIONS))
        framing = 0.7 * loud * self._rng.standard_normal((len(classes), views, DIMENSIONS))
        framing[:, 0] = 0
        return Shots(unit((own[:, None] + framing).astype(np.float32)), classes, CLASSES)


def share_right(logits: Vectors, shots: Shots) -> float:
    """Top-1."""
    return float((logits.argmax(axis=1) == shots.classes).mean())
