"""What has to be looked at, and in which order."""

from pathlib import Path

import msgspec
import numpy as np

from sightline.evaluation.gold import GoldQuery
from sightline.evaluation.pool import Pool, pool_queries, write_pool
from tests.evaluation.making import World, names


class _Fixed:
    """Ranks the files as they come, or the other way round."""

    def __init__(self, name: str, step: int) -> None:
        self.name = self.id = name
        self.step = step

    def scores(self, query: GoldQuery) -> np.ndarray:  # type: ignore[type-arg]
        return np.arange(16, dtype=np.float32) * -self.step


def _pool(world: World, seed: int = 0) -> Pool:
    rankers = [_Fixed("forwards", 1), _Fixed("backwards", -1)]
    return pool_queries(world.gold(), names(), rankers, depth=3, seed=seed)


def test_the_first_ones_of_every_ranker_are_pooled_once_a_need(world: World) -> None:
    pool = _pool(world)
    assert [need.need for need in pool.needs] == [
        "red", "green", "blue", "yellow", "black", "magenta",
    ]  # fmt: skip
    assert pool.needs[0].texts == ("red", "red and nothing else")
    ranks = {photo.file: photo.ranks for photo in pool.needs[0].photos}
    assert ranks.keys() == {*names()[:3], *names()[-3:]}
    assert ranks["red/0.png"] == {"forwards": 1}
    assert ranks["yellow/3.png"] == {"backwards": 1}
    assert pool.size == 6 * 6


def test_the_order_says_nothing_of_the_rankers_and_stays_the_same(world: World) -> None:
    orders = [[photo.file for photo in need.photos] for need in _pool(world).needs]
    assert orders == [[photo.file for photo in need.photos] for need in _pool(world).needs]
    assert len({tuple(order) for order in orders}) > 1
    assert orders != [[photo.file for photo in need.photos] for need in _pool(world, 1).needs]


def test_a_pool_is_kept_beside_the_grades(world: World, tmp_path: Path) -> None:
    pool = _pool(world)
    write_pool(pool, tmp_path / "pool.json")
    assert msgspec.json.decode((tmp_path / "pool.json").read_bytes(), type=Pool) == pool
