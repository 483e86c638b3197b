"""Tip-Adapter: remember what was shown (Zhang et al. 2021, arXiv:2111.03930, equations 5 to 7).

The shots' vectors are the keys of a cache, their classes its values. A photo near a key gets that
key's class as an addition to what the words say::

    logits(x) = scale · x Tᵀ  +  α · exp(-β (1 - x Kᵀ)) L

Nothing is trained. Unlike the paper's sum over a class's shots, the mean is taken: a class with
more photos is not for that reason more likely.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from sightline.adaptation.shots import Classes, Shots, Vectors


@dataclass(frozen=True)
class TipSetting:
    """`alpha`: how much the cache counts; `beta`: how quickly nearness fades with distance."""

    alpha: float
    beta: float


GRID = tuple(
    TipSetting(alpha, beta)
    for alpha, beta in product((1, 3, 10, 30, 100, 300), (1, 3, 5.5, 10, 20))
)
ONE_SHOT = TipSetting(alpha=30, beta=5.5)
"""Where there is one photo a class and nothing to validate on."""


@dataclass(frozen=True, eq=False)
class TipAdapter:
    """A cache: unit `keys` float32 (n, d) and their `classes` int64 (n,), of `count` in all."""

    keys: Vectors
    classes: Classes
    count: int
    alpha: float
    beta: float

    @classmethod
    def of(cls, shots: Shots, setting: TipSetting) -> "TipAdapter":
        """Remember these shots."""
        return cls(shots.keys, shots.classes, shots.count, setting.alpha, setting.beta)

    def logits(self, photos: Vectors) -> Vectors:
        """What the cache adds for photos float32 (n, d), unit rows: float32 (n, count)."""
        nearness = np.exp(-self.beta * (1 - photos @ self.keys.T))
        values = np.zeros((len(self.keys), self.count), dtype=np.float32)
        sizes = np.bincount(self.classes, minlength=self.count)
        values[np.arange(len(self.keys)), self.classes] = 1 / sizes[self.classes]
        return np.asarray(self.alpha * (nearness @ values), dtype=np.float32)
