"""The baselines that keep one honest: chance, and what everybody likes."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sightline.evaluation.gold import Gold, GoldQuery
from sightline.evaluation.rankers.ranker import Scores


@dataclass(frozen=True)
class RandomRanker:
    """Every order is as likely as any other; the same query gets the same one again."""

    photos: int
    seed: int = 0
    name: str = "random"

    @property
    def id(self) -> str:
        """Names the seed."""
        return f"random-{self.seed}"

    def scores(self, query: GoldQuery) -> Scores:
        """Uniform in [0, 1)."""
        digest = hashlib.sha256(f"{self.seed}:{query.id}".encode()).digest()
        draw = np.random.default_rng(list(digest))
        return draw.random(self.photos, dtype=np.float32)


@dataclass(frozen=True)
class PopularRanker:
    """The photos that answer most *other* needs, whatever is asked.

    It looks at the right answers of the other queries, never of this one's need: what is left
    when the words don't matter.
    """

    gold: Gold
    files: tuple[str, ...]
    name: str = "popular"

    @property
    def id(self) -> str:
        """Names the gold file."""
        return f"popular-{self.gold.hash[:12]}"

    def scores(self, query: GoldQuery) -> Scores:
        """Number of other needs that each photo answers."""
        own = need_of(query)
        answers = {
            (need_of(other), file)
            for other in self.gold.queries
            if need_of(other) != own
            for file in other.relevant
        }
        counts = Counter(file for _, file in answers)
        return np.array([counts[file] for file in self.files], dtype=np.float32)


def need_of(query: GoldQuery) -> str:
    """What the query is about; a query alone with its need is its own."""
    return query.need or query.id


def file_words(files: Sequence[str]) -> list[str]:
    """File names as texts: what search by file name has to go by."""
    return [file.replace("/", " ").rsplit(".", 1)[0] for file in files]
