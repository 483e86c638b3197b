"""The learned residual adapter: noise damped in photo vectors, prototypes learned from there.

::

    logits(x) = scale · unit(D(x - m)) Pᵀ

D damps what is noise (damping.py), m is the middle of the class means, and P begins at the class
means in that space and moves by softmax regression with decay towards its beginning (descent.py).
What the words say is added outside (choice.py).
"""

from dataclasses import dataclass, replace

import numpy as np

from sightline.adaptation.damping import Damping, Noise, damping_of, noise_of
from sightline.adaptation.descent import learn_prototypes
from sightline.adaptation.shots import Shots, Vectors, class_means, unit

SCALE = 10.0
"""Of cosines while prototypes are learned; the whole is scaled again when it is done."""


@dataclass(frozen=True)
class ResidualSetting:
    """`within` and `granted` as in damping.py; `decay` as in descent.py, None to learn nothing."""

    within: float
    granted: float
    decay: float | None


WITHIN = (0.0, 0.3, 0.6, 0.9)
GRANTED = (0.02, 0.05, 0.1, 0.3)
DECAYS = (None, 0.3, 0.03, 0.003)
ONE_SHOT = ResidualSetting(within=0, granted=0.1, decay=0.03)
"""Where there is one photo a class and nothing to validate on."""


@dataclass(frozen=True, eq=False)
class ResidualAdapter:
    """`middle` float32 (d,), `damping`, and `prototypes` float32 (c, d)."""

    middle: Vectors
    damping: Damping
    prototypes: Vectors
    scale: float

    @classmethod
    def of(
        cls, shots: Shots, setting: ResidualSetting, noise: Noise | None = None
    ) -> "ResidualAdapter":
        """Learn from these shots; `noise`, if it is known already, spares finding it."""
        damping = damping_of(noise or noise_of(shots, setting.within), setting.granted)
        keys = shots.keys
        middle = class_means(keys, shots.classes, shots.count).mean(axis=0)
        features = unit(damping(keys - middle))
        start = unit(class_means(features, shots.classes, shots.count))
        adapter = cls(middle, damping, start, SCALE)
        if setting.decay is None:
            return adapter
        views = shots.views.reshape(-1, shots.views.shape[2])
        learned = learn_prototypes(
            adapter.features(views),
            np.repeat(shots.classes, shots.views.shape[1]),
            start,
            SCALE,
            setting.decay,
        )
        return replace(adapter, prototypes=learned)

    def features(self, photos: Vectors) -> Vectors:
        """Photos in the damped space, float32 (n, d), unit rows."""
        return unit(self.damping(photos - self.middle))

    def logits(self, photos: Vectors) -> Vectors:
        """What was learned says of photos float32 (n, d), unit rows: float32 (n, c)."""
        return np.asarray(self.scale * (self.features(photos) @ self.prototypes.T))
