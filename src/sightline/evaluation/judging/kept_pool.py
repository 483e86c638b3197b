"""The pool that is kept beside a gold file: it grows, and never forgets what was put in it.

Going on needs no model and shows what is left of the very same pool, whatever options it was once
drawn with. A new search, or options given anew, add to it.
"""

from collections.abc import Container
from pathlib import Path

import msgspec

from sightline.errors import GoldError
from sightline.evaluation.gallery import Gallery
from sightline.evaluation.gold import Gold, GoldQuery
from sightline.evaluation.judging.pooling import DEFAULT_DEPTH, OnWarning, PoolOptions, pool_rankers
from sightline.evaluation.judging.session import Pair
from sightline.evaluation.pool import Pool, PooledNeed, PooledPhoto, by_need, pool_queries
from sightline.library.reader import LibraryReader


def pool_for(
    gold: Gold,
    gallery: Gallery,
    reader: LibraryReader,
    options: PoolOptions,
    kept: Pool | None,
    on_warning: OnWarning,
    *,
    grown: bool,
) -> Pool:
    """The kept pool with whatever is missing in it.

    Args:
        grown: photos came into the gallery since the pool was drawn.

    Raises: what `pool_rankers` raises.
    """
    depth = options.depth or (kept.depth if kept else DEFAULT_DEPTH)
    seed = options.seed if options.seed is not None else kept.seed if kept else 0
    queries = gold.queries if grown or options.given else _unpooled(gold, kept)
    if kept is not None and not queries:
        return kept
    asked = msgspec.structs.replace(gold, queries=queries)
    rankers = pool_rankers(asked, gallery, reader, options, seed, on_warning)
    drawn = pool_queries(asked, gallery.files, rankers, depth, seed)
    return drawn if kept is None else merged(kept, drawn)


def pairs_of(pool: Pool, needs: Container[str], files: Container[str]) -> list[Pair]:
    """What a person is shown, in the pool's order: need after need, each shuffled.

    Args:
        needs: those that are still asked for.
        files: those that can be shown.
    """
    return [
        Pair(need.need, photo.file)
        for need in pool.needs
        if need.need in needs
        for photo in need.photos
        if photo.file in files
    ]


def merged(kept: Pool, drawn: Pool) -> Pool:
    """Both pools as one: a need's new photos come after those that it had, with its best ranks."""
    needs = {need.need: need for need in kept.needs}
    for need in drawn.needs:
        old = needs.get(need.need)
        photos = _merged_photos(old.photos if old else (), need.photos)
        needs[need.need] = PooledNeed(need.need, need.texts, photos)
    return Pool(
        gallery=drawn.gallery,
        rankers=tuple(dict.fromkeys((*kept.rankers, *drawn.rankers))),
        depth=max(kept.depth, drawn.depth),
        seed=drawn.seed,
        needs=tuple(needs.values()),
    )


def read_pool_beside(gold_file: Path) -> Pool | None:
    """The pool drawn for a gold file; None where there is none.

    Raises:
        GoldError: it is damaged.
    """
    path = pool_beside(gold_file)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Pool)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GoldError(f"Can't read the pool {path}: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GoldError(
            f"The pool {path} is damaged: {error}. Delete it; judging draws it again."
        ) from None


def pool_beside(gold_file: Path) -> Path:
    """Where the pool is kept: which photos were looked at, and which ranker brought them."""
    return gold_file.with_name(f"{gold_file.name}.pool.json")


def _unpooled(gold: Gold, kept: Pool | None) -> tuple[GoldQuery, ...]:
    """The queries of needs that the pool doesn't know in all their wordings."""
    known = {} if kept is None else {need.need: set(need.texts) for need in kept.needs}
    return tuple(
        query
        for need, queries in by_need(gold.queries).items()
        if not {query.text for query in queries} <= known.get(need, set())
        for query in queries
    )


def _merged_photos(
    old: tuple[PooledPhoto, ...], new: tuple[PooledPhoto, ...]
) -> tuple[PooledPhoto, ...]:
    ranks = {photo.file: photo.ranks for photo in old}
    for photo in new:
        known = ranks.get(photo.file, {})
        best = {name: min(rank, known.get(name, rank)) for name, rank in photo.ranks.items()}
        ranks[photo.file] = known | best
    return tuple(PooledPhoto(file, found) for file, found in ranks.items())
