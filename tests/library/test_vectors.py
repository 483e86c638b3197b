"""Rows of a vector file, taken out one by one."""

from pathlib import Path

import numpy as np
import pytest

from sightline.library import vectors
from sightline.library.vectors import Rows, copy_rows, map_vectors


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    values = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float16)
    (tmp_path / "vectors").write_bytes(values.tobytes())
    return map_vectors(tmp_path / "vectors", 6, 40)


@pytest.mark.parametrize("slots", [[], [0], [39], [3, 3, 17, 0]])
def test_copies_are_the_rows_themselves(rows: Rows, slots: list[int]) -> None:
    wanted = np.array(slots, dtype=np.int64)
    for part in (rows, rows[:], np.array(rows)):
        assert copy_rows(part, wanted).tolist() == part[wanted].tolist()
    last = rows[-5:]
    few = wanted[wanted < 5]
    assert copy_rows(last, few).tolist() == last[few].tolist()


def test_few_rows_are_read_and_many_are_touched(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda *args, **how: asked.append(1) or real(*args, **how))
    monkeypatch.setattr(vectors, "_FEW_ROWS", 3)
    copy_rows(rows, np.arange(4))
    assert not asked
    copy_rows(rows, np.arange(3))
    assert asked


def test_rows_of_a_file_that_is_gone_are_those_of_its_map(rows: Rows, tmp_path: Path) -> None:
    before = rows[[5, 7]].tolist()
    (tmp_path / "vectors").unlink()
    assert copy_rows(rows, np.array([5, 7])).tolist() == before
