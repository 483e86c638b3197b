"""The pool beside a gold file grows and forgets nothing."""

from pathlib import Path

import pytest

from sightline.errors import GoldError
from sightline.evaluation.judging.kept_pool import (
    merged,
    pairs_of,
    pool_beside,
    read_pool_beside,
)
from sightline.evaluation.judging.session import Pair
from sightline.evaluation.pool import Pool, PooledNeed, PooledPhoto, write_pool


def pool(
    depth: int = 2, rankers: tuple[str, ...] = ("a",), **needs: dict[str, dict[str, int]]
) -> Pool:
    return Pool(
        gallery=f"{depth}",
        rankers=rankers,
        depth=depth,
        seed=0,
        needs=tuple(
            PooledNeed(need, (need,), tuple(PooledPhoto(*photo) for photo in photos.items()))
            for need, photos in needs.items()
        ),
    )


def test_new_photos_come_after_the_old_and_ranks_only_improve() -> None:
    kept = pool(dog={"1": {"a": 2}, "2": {"a": 1}}, cat={"1": {"a": 1}})
    drawn = pool(5, ("b", "a"), dog={"3": {"b": 1}, "1": {"a": 1, "b": 2}, "2": {"a": 4}}, cow={})
    both = merged(kept, drawn)
    assert both == pool(
        5,
        ("a", "b"),
        dog={"1": {"a": 1, "b": 2}, "2": {"a": 1}, "3": {"b": 1}},
        cat={"1": {"a": 1}},
        cow={},
    )


def test_only_what_is_asked_for_and_can_be_shown_is_shown() -> None:
    kept = pool(dog={"1": {}, "2": {}}, cat={"1": {}})
    assert pairs_of(kept, {"dog"}, {"2", "3"}) == [Pair("dog", "2")]


def test_it_is_read_as_it_was_written_and_damage_is_said(tmp_path: Path) -> None:
    file = tmp_path / "gold.json"
    assert read_pool_beside(file) is None
    kept = pool(dog={"1": {"a": 1}})
    write_pool(kept, pool_beside(file))
    assert read_pool_beside(file) == kept
    pool_beside(file).write_text("{}")
    with pytest.raises(GoldError, match="Delete it"):
        read_pool_beside(file)
