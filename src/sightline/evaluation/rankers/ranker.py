"""The one thing that a ranker does."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from sightline.evaluation.gold import GoldQuery

Scores = npt.NDArray[np.float32]


class Ranker(Protocol):
    """Scores the photos of one gallery. The same query gives the same scores, always."""

    @property
    def name(self) -> str:
        """What reports call it, and `--ranker`."""

    @property
    def id(self) -> str:
        """Names whatever could change a score: weights, captions, parameters. Key of the cache."""

    def scores(self, query: GoldQuery) -> Scores:
        """float32 (photos,), in the gallery's order: the higher, the better it fits.

        A ranker answers to the query's text; only baselines that say so look further.
        """
