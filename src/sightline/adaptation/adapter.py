"""An adapter: what a few photos taught, for one model.

It gives photos logits over its labels (`classify --adapter`), and each label a direction to search
in (`search --adapter`). Both work on the vectors that a library holds: nothing is re-indexed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from sightline.adaptation.choice import Figures, Method, Parts
from sightline.adaptation.shots import Classes, Shots, Vectors, class_means, unit
from sightline.errors import AdapterError, UsageError

_MEAN = 0.1
"""How much a class's mean counts in its direction. The rest tells it from the other classes; this
keeps away photos that are of none of them (docs/understand/adaptation.md has the figures)."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where an adapter comes from. `shots` are the photos of each label, in their order."""

    data: str
    shots: tuple[int, ...]
    seed: int
    version: str
    figures: Figures


@dataclass(frozen=True, eq=False)
class Adapter:
    """Labels taught to one model.

    Attributes:
        model: the id of the model whose vectors it reads.
        texts: the labels' vectors from words alone, float32 (c, d), unit rows.
        parts: what the logits are the sum of.
        directions: where to look for each label, float32 (c, d), unit rows.
    """

    name: str
    model: str
    method: Method
    labels: tuple[str, ...]
    texts: Vectors
    parts: Parts
    directions: Vectors
    origin: Origin

    def logits(self, photos: Vectors) -> Vectors:
        """Float32 (n, c) for photos float32 (n, d), unit rows; their softmax is the labels' share.

        The words' cosines, scaled, plus what the shots add.
        """
        return self.parts.logits(photos, self.texts)

    def rows_of(self, labels: Sequence[str]) -> Classes:
        """The rows of some labels, int64.

        Raises:
            UsageError: one was never taught.
        """
        known = {label: row for row, label in enumerate(self.labels)}
        for label in labels:
            if label not in known:
                raise UsageError(
                    f"The adapter {self.name} was not taught the label {label!r}. Leave --labels "
                    "out to choose from all that it was taught, or leave --adapter out."
                )
        return np.array([known[label] for label in labels], dtype=np.int64)

    def require_model(self, model_id: str) -> None:
        """Refuse vectors of any other model.

        Raises:
            AdapterError: this adapter was taught with another model.
        """
        if self.model != model_id:
            raise AdapterError(
                f"The adapter {self.name} was taught with {self.model}, and its numbers mean "
                f"nothing to {model_id}. Choose that model with --model, or teach the words again "
                "with `sightline adapt`."
            )


def directions_of(shots: Shots, parts: Parts, texts: Vectors) -> Vectors:
    """Where to look for each class among stored photos, float32 (count, d), unit rows.

    To first order the logits of a residual adapter are x · (words T + scale / r · D P), r being how
    long damped photos are: so that is the direction. A cache alone has the means of its keys.
    """
    means = unit(class_means(shots.keys, shots.classes, shots.count))
    learned = parts.residual
    if learned is None:
        return means
    lengths = np.linalg.norm(learned.damping(shots.photos - learned.middle), axis=1)
    slopes = learned.scale / float(lengths.mean()) * learned.damping(learned.prototypes)
    return unit(_MEAN * means + (1 - _MEAN) * unit(parts.words * texts + slopes))
