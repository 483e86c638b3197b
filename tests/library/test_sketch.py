"""The scan by a sketch against brute force in float32: the same slots, the same scores."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sightline.library import scan as scanning
from sightline.library import sketch as sketching
from sightline.library.scan import Hits, scan
from sightline.library.sketch import (
    Blocks,
    block_layout,
    is_sketched_by,
    sketch_block,
    sketch_query,
)

BLOCK = 32


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that few rows fill, and a sketch that is trusted however many rows it singles out."""
    monkeypatch.setattr(sketching, "BLOCK_ROWS", BLOCK)
    monkeypatch.setattr(scanning, "CHUNK_ROWS", 24)
    monkeypatch.setattr(scanning, "_FEW", 1)


@pytest.fixture
def only_sketch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that leaves the sketch aside fails."""
    passes = scanning._in_float16

    def rest(rows: np.ndarray, query: np.ndarray, begin: int = 0) -> object:
        assert begin, "the sketch was left aside"
        return passes(rows, query, begin)

    monkeypatch.setattr(scanning, "_in_float16", rest)


def sketch_of(rows: np.ndarray) -> Blocks:
    blocks = [sketch_block(rows[at : at + BLOCK]) for at in range(0, len(rows) - BLOCK + 1, BLOCK)]
    return np.concatenate(blocks) if blocks else np.empty(0, block_layout(rows.shape[1]))


def brute_force(rows: np.ndarray, query: np.ndarray, k: int, allowed: np.ndarray | None) -> Hits:
    scores = np.einsum("ij,j->i", rows.astype(np.float32), query)
    slots = np.arange(len(rows)) if allowed is None else np.flatnonzero(allowed)
    order = np.lexsort((slots, -scores[slots]))[:k]
    return Hits(slots[order], scores[slots[order]])


def assert_same(found: Hits, expected: Hits) -> None:
    assert found.slots.tolist() == expected.slots.tolist()
    assert found.scores.tolist() == expected.scores.tolist()


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def _clusters(count: int, dimensions: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of which many are nearly the same, and a query beside one of them."""
    rng = np.random.default_rng(seed)
    centres = _unit(rng.standard_normal((5, dimensions)))
    noise = rng.standard_normal((count, dimensions)) * 0.02 / dimensions**0.5
    rows = _unit(centres[rng.integers(5, size=count)] + noise).astype(np.float16)
    rows[count // 2] = rows[count // 3]
    query = _unit(centres[0] + rng.standard_normal(dimensions) / dimensions**0.5)
    return rows, query.astype(np.float32)


@pytest.mark.usefixtures("only_sketch")
@pytest.mark.parametrize("count", [BLOCK, BLOCK + 1, 5 * BLOCK - 1, 20 * BLOCK + 7])
@pytest.mark.parametrize("k", [1, 12, 100, 1000])
@pytest.mark.parametrize("share", [None, 0.5])
def test_a_sketch_changes_no_answer(count: int, k: int, share: float | None) -> None:
    rows, query = _clusters(count, 48)
    allowed = None if share is None else np.random.default_rng(1).random(count) < share
    expected = brute_force(rows, query, k, allowed)
    with ThreadPoolExecutor(3) as pool:
        for workers in (None, pool):
            assert_same(scan(rows, query, k, allowed, workers, sketch_of(rows)), expected)


@pytest.mark.usefixtures("only_sketch")
def test_most_rows_are_told_apart_by_the_sketch_alone() -> None:
    rng = np.random.default_rng(0)
    rows = _unit(rng.standard_normal((200 * BLOCK, 384))).astype(np.float16)
    query = _unit(rng.standard_normal(384)).astype(np.float32)
    near = scanning._near_best(
        list(scanning._sketched(sketch_of(rows), rows, query)), 12, None, None
    )
    assert 12 <= len(near.slots) < 100


def _row(dimensions: int) -> st.SearchStrategy[np.ndarray]:
    """Rows of any direction and of lengths up to 1: one-hot, tiny, even, zero."""
    smallest = float(np.finfo(np.float16).smallest_subnormal)
    values = st.sampled_from([0, 0, 1, -1, 0.5, 1e-3, -1e-3, 1 / 127, smallest, -smallest])
    plain = arrays.arrays(np.float64, dimensions, elements=values)
    spread = arrays.arrays(np.float64, dimensions, elements=st.floats(-1, 1, width=16))
    return (plain | spread).map(lambda row: row / max(1.0, float(np.linalg.norm(row))))


@pytest.mark.usefixtures("only_sketch")
@settings(max_examples=60)
@given(data=st.data(), k=st.integers(1, 120), seed=st.none() | st.integers(2, 9))
def test_any_rows_any_query_any_mask(data: st.DataObject, k: int, seed: int | None) -> None:
    dimensions = data.draw(st.sampled_from([1, 7, 64, 100]))
    kinds = np.stack(data.draw(st.lists(_row(dimensions), min_size=1, max_size=8)))
    count = data.draw(st.integers(BLOCK, 4 * BLOCK))
    rows = kinds[np.random.default_rng(count).integers(len(kinds), size=count)].astype(np.float16)
    query = data.draw(_row(dimensions) | st.sampled_from(list(kinds))).astype(np.float32)
    allowed = None if seed is None else np.random.default_rng(seed).random(count) < seed / 9

    found = scan(rows, query, k, allowed, None, sketch_of(rows))
    assert_same(found, brute_force(rows, query, k, allowed))


@settings(max_examples=60)
@given(data=st.data())
def test_no_row_is_further_from_its_sketch_than_the_sketch_says(data: st.DataObject) -> None:
    dimensions = data.draw(st.sampled_from([1, 7, 64]))
    kinds = np.stack(data.draw(st.lists(_row(dimensions), min_size=1, max_size=8)))
    rows = np.resize(kinds, (BLOCK, dimensions)).astype(np.float16)
    query = data.draw(_row(dimensions)).astype(np.float32)
    (block,) = sketch_of(rows)
    asked = sketch_query(query)

    assert is_sketched_by(rows, block, slice(0, BLOCK)).all()
    drawn = block["wholes"].astype(np.float64) * block["scales"][:, None]
    exact = rows.astype(np.float64)
    assert (np.linalg.norm(exact - drawn, axis=1) <= block["errors"]).all()
    apart = np.abs(exact @ query - drawn @ (asked.scale * asked.wholes.astype(np.float64)))
    assert (apart <= block["errors"] * asked.length + sketching.LONGEST * asked.error).all()


def test_a_sketch_of_other_rows_is_left_aside() -> None:
    rows, query = _clusters(8 * BLOCK, 48)
    other, _ = _clusters(8 * BLOCK, 48, seed=1)
    assert_same(
        scan(rows, query, 12, None, None, sketch_of(other)), brute_force(rows, query, 12, None)
    )


def test_a_sketch_that_singles_out_too_many_rows_is_left_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scanning, "_FEW", 1 / 16)
    rows, query = _clusters(8 * BLOCK, 48)
    rows[:] = rows[:1]
    passed = []
    passes = scanning._in_float16
    monkeypatch.setattr(
        scanning,
        "_in_float16",
        lambda rows, query, begin=0: passed.append(begin) or passes(rows, query, begin),
    )
    hits = scan(rows, query, 12, None, None, sketch_of(rows))
    assert hits.slots.tolist() == list(range(12))
    assert passed == [8 * BLOCK, 0]


def test_a_row_that_is_no_unit_vector_is_always_read_in_full() -> None:
    rows, query = _clusters(4 * BLOCK, 48)
    rows[3] = 40 * query  # far too long, and so the best
    sketch = sketch_of(rows)
    assert sketch["errors"][0, 3] == np.inf
    assert_same(scan(rows, query, 5, None, None, sketch), brute_force(rows, query, 5, None))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_that_are_no_numbers_answer_as_they_do_without_a_sketch(value: float) -> None:
    rows, query = _clusters(4 * BLOCK, 48)
    sound = sketch_of(rows)
    rows[[3, 40]] = value
    plain = scan(rows, query, 500, None)
    with np.errstate(all="ignore"):
        for sketch in (sound, sketch_of(rows)):
            found = scan(rows, query, 500, None, None, sketch)
            assert found.slots.tolist() == plain.slots.tolist()


def test_the_int8_kernel_is_exact() -> None:
    import numkong

    rng = np.random.default_rng(0)
    for dimensions in (1, 63, 384, 1152):
        rows = rng.integers(-127, 128, (200, dimensions), dtype=np.int8)
        rows[0], rows[1] = 127, -127
        for query in (rows[0], rows[1], rows[2]):
            scores = np.asarray(numkong.cdist(query[None], rows, "inner"))[0]
            assert scores.tolist() == (rows.astype(np.int64) @ query.astype(np.int64)).tolist()
