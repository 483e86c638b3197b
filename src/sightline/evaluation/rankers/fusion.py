"""Several rankers as one: reciprocal rank fusion."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sightline.evaluation.gold import GoldQuery
from sightline.evaluation.rankers.ranker import Ranker, Scores

_K = 60
"""The constant of the paper: how little a first place counts more than a tenth."""


@dataclass(frozen=True)
class FusionRanker:
    """Sums 1 / (60 + rank) over its members (Cormack et al. 2009, SIGIR, RRF)."""

    name: str
    members: Sequence[Ranker]

    @property
    def id(self) -> str:
        """Names the members."""
        return "fusion(" + ",".join(member.id for member in self.members) + ")"

    def scores(self, query: GoldQuery) -> Scores:
        """Fused scores. Photos that tie with a member share their mean rank there."""
        shares = [1 / (_K + _ranks(member.scores(query))) for member in self.members]
        return np.asarray(np.sum(shares, axis=0), dtype=np.float32)


def _ranks(scores: Scores) -> npt.NDArray[np.float64]:
    """Rank of each score, 1 for the best; equal scores share their mean rank."""
    _, group, sizes = np.unique(-scores, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return np.asarray((last - (sizes - 1) / 2)[group])
