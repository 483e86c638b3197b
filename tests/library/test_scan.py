"""The exact scan against the plainest one: every score in float64, sorted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sightline.library import scan as scanning
from sightline.library.scan import Hits, scan

Mask = npt.NDArray[np.bool_] | None


def _unit(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def _random(count: int, dimensions: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows as they are stored, and a query that is not exact in float16."""
    rng = np.random.default_rng(seed)
    rows = _unit(rng.standard_normal((count, dimensions))).astype(np.float16)
    return rows, _unit(rng.standard_normal(dimensions)).astype(np.float32)


def _require_exact(rows: np.ndarray, query: np.ndarray, k: int, allowed: Mask, hits: Hits) -> None:
    """Hold hits to the true ranking; rows closer than float32 can tell apart may change places."""
    scores = rows.astype(np.float64) @ query.astype(np.float64)
    may = np.flatnonzero(allowed) if allowed is not None else np.arange(len(rows))
    assert len(hits.slots) == len(set(hits.slots.tolist())) == min(k, len(may))
    assert set(hits.slots.tolist()) <= set(may.tolist())
    np.testing.assert_allclose(hits.scores, scores[hits.slots], atol=2e-6)
    best = np.sort(scores[may])[::-1][:k]
    np.testing.assert_allclose(hits.scores, best, atol=2e-6)
    keys = list(zip((-hits.scores).tolist(), hits.slots.tolist(), strict=True))
    assert keys == sorted(keys), "best first, ties by lower slot"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "CHUNK_ROWS", 64)


@pytest.fixture(params=[False, True], ids=["one thread", "threads"])
def workers(request: pytest.FixtureRequest) -> Iterator[ThreadPoolExecutor | None]:
    if not request.param:
        yield None
        return
    with ThreadPoolExecutor(3) as pool:
        yield pool


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 500])
@pytest.mark.parametrize("k", [1, 7, 64, 1000])
def test_the_best_are_found_in_order(
    count: int, k: int, workers: ThreadPoolExecutor | None
) -> None:
    rows, query = _random(count, 48)
    _require_exact(rows, query, k, None, scan(rows, query, k, None, workers))


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_only_what_is_allowed_is_found(share: float, workers: ThreadPoolExecutor | None) -> None:
    rows, query = _random(500, 48)
    allowed = np.random.default_rng(1).random(500) < share
    for k in (1, 20, 600):
        _require_exact(rows, query, k, allowed, scan(rows, query, k, allowed, workers))


def test_chunks_of_the_real_size_are_joined_rightly(workers: ThreadPoolExecutor | None) -> None:
    rows, query = _random(scanning.CHUNK_ROWS * 2 + 17, 16)
    _require_exact(rows, query, 50, None, scan(rows, query, 50, None, workers))


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("dimensions", [5, 64, 384, 385, 512])
@pytest.mark.parametrize("count", [2, 5, 7, 33, 101])
def test_equal_vectors_tie_and_the_older_slot_comes_first(
    dimensions: int, count: int, workers: ThreadPoolExecutor | None
) -> None:
    rows, query = _random(700, dimensions)
    copies = sorted(np.random.default_rng(count).choice(700, count, replace=False).tolist())
    rows[copies] = query.astype(np.float16)

    hits = scan(rows, query, count, None, workers)
    assert hits.slots.tolist() == copies
    assert len(set(hits.scores.tolist())) == 1
    everywhere = np.tile(rows[:1], (700, 1))
    assert scan(everywhere, query, 9, None, workers).slots.tolist() == list(range(9))


@pytest.mark.usefixtures("small_chunks")
def test_rows_too_close_for_float16_are_ranked_by_their_true_scores(
    workers: ThreadPoolExecutor | None,
) -> None:
    rows, query = _random(3000, 64)
    across = _unit(rows - np.outer(rows @ query, query).astype(np.float64))
    rows = (0.6 * query + 0.8 * across).astype(np.float16)  # all at a cosine of about 0.6
    _require_exact(rows, query, 20, None, scan(rows, query, 20, None, workers))


@pytest.mark.usefixtures("small_chunks")
def test_threads_change_nothing() -> None:
    rows, query = _random(3000, 32)
    rows[1000:1200] = rows[:200]
    with ThreadPoolExecutor(4) as pool:
        for k in (1, 30, 300):
            alone, shared = scan(rows, query, k, None), scan(rows, query, k, None, pool)
            assert alone.slots.tolist() == shared.slots.tolist()
            assert alone.scores.tolist() == shared.scores.tolist()


def test_an_empty_library_has_no_best() -> None:
    hits = scan(np.empty((0, 8), np.float16), np.full(8, 8**-0.5, np.float32), 3, None)
    assert hits.slots.tolist() == []
    assert hits.scores.tolist() == []


@settings(max_examples=150, deadline=None)
@given(
    rows=arrays.arrays(
        np.float16,
        st.tuples(st.integers(1, 90), st.just(6)),
        elements=st.sampled_from([-0.4, -0.2, -0.01, 0, 0.01, 0.1, 0.4]),  # lengths up to 1
    ),
    query=arrays.arrays(np.float32, 6, elements=st.floats(-1, 1, width=32)),
    k=st.integers(1, 100),
    seed=st.none() | st.integers(0, 9),
)
def test_any_rows_any_query_any_mask(
    rows: np.ndarray, query: np.ndarray, k: int, seed: int | None
) -> None:
    allowed = None if seed is None else np.random.default_rng(seed).random(len(rows)) < seed / 9
    _require_exact(rows, query, k, allowed, scan(rows, query, k, allowed))


def test_the_float16_kernel_is_as_exact_as_the_scan_assumes() -> None:
    import numkong

    for dimensions in (64, 384, 1152):
        rows, query = _random(500, dimensions, seed=dimensions)
        rounded = query.astype(np.float16)
        scores = np.asarray(numkong.cdist(rounded[None], rows, "inner"))[0]
        true = rows.astype(np.float64) @ rounded.astype(np.float64)
        assert np.abs(scores - true).max() < 5e-7
