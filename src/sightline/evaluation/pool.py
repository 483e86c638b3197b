"""Which photos somebody has to look at: the first ones of several rankers, shuffled.

Pooling (Spärck Jones and van Rijsbergen 1975; the practice of TREC): judge the union of the first
k photos of different systems, and take every other photo for not relevant. It is fair between the
systems that were pooled; a new one that finds what none of them did is undervalued, which the
share of judged photos among its first ten (`judged@10`) shows.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from sightline.evaluation.gold import Gold, GoldQuery, write_whole
from sightline.evaluation.metrics import ranked
from sightline.evaluation.rankers.baselines import need_of
from sightline.evaluation.rankers.ranker import Ranker


class PooledPhoto(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A photo to be looked at, with the best rank that each ranker gave it for this need."""

    file: str
    ranks: dict[str, int]


class PooledNeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All photos to be looked at for one need, in an order that says nothing of the rankers."""

    need: str
    texts: tuple[str, ...]
    photos: tuple[PooledPhoto, ...]


class Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was pooled, by whom, how deep."""

    gallery: str
    rankers: tuple[str, ...]
    depth: int
    seed: int
    needs: tuple[PooledNeed, ...]

    @property
    def size(self) -> int:
        """Pairs of need and photo."""
        return sum(len(need.photos) for need in self.needs)


def pool_queries(
    gold: Gold, files: Sequence[str], rankers: Sequence[Ranker], depth: int, seed: int = 0
) -> Pool:
    """The union of every ranker's first `depth` photos for every query of each need.

    Args:
        files: the gallery that the rankers score, in their order.
    """
    needs = []
    for need, queries in by_need(gold.queries).items():
        ranks: dict[str, dict[str, int]] = {}
        for ranker in rankers:
            for query in queries:
                first = ranked(ranker.scores(query), files, query.id)[:depth]
                for rank, file in enumerate(first, 1):
                    known = ranks.setdefault(file, {})
                    known[ranker.name] = min(rank, known.get(ranker.name, rank))
        needs.append(
            PooledNeed(
                need,
                tuple(query.text for query in queries),
                tuple(PooledPhoto(file, ranks[file]) for file in _shuffled(ranks, need, seed)),
            )
        )
    gallery = hashlib.sha256("\n".join(sorted(files)).encode()).hexdigest()
    names = tuple(ranker.name for ranker in rankers)
    return Pool(gallery=gallery, rankers=names, depth=depth, seed=seed, needs=tuple(needs))


def by_need(queries: Iterable[GoldQuery]) -> dict[str, list[GoldQuery]]:
    """Queries of one need together, in the order of their first one."""
    needs: dict[str, list[GoldQuery]] = {}
    for query in queries:
        needs.setdefault(need_of(query), []).append(query)
    return needs


def write_pool(pool: Pool, path: Path) -> None:
    """Keep the pool beside the grades: it says which photos were looked at, and why."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(pool), indent=0) + b"\n")


def _shuffled(files: Iterable[str], need: str, seed: int) -> list[str]:
    order = sorted(files)
    random.Random(f"{seed}:{need}").shuffle(order)
    return order
