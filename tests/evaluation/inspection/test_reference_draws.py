"""Which faultless photos an inspector may see: never the tested piece."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from sightline.errors import UsageError
from sightline.evaluation.inspection.arms import Arm
from sightline.evaluation.inspection.gold import InspectionGold
from sightline.evaluation.inspection.reference_draws import drawn_references, reference_path
from tests.evaluation.inspection.making import gold_of, photo, tiles

PIECES = gold_of(
    photo("n1", instance="one"),
    photo("n2", instance="one"),
    photo("n3"),
    photo("n4"),
    photo("d1", "defect", instance="one"),
    photo("d2", "defect"),
    photo("b1", product="board"),
    more=(photo("m1"), photo("m2", "defect", boxes=(), defect_types=())),
)


def ids(gold: InspectionGold, name: str, count: int, seed: int = 0) -> list[str]:
    return [one.id for one in drawn_references(gold, gold.by_id[name], count, seed)]


def test_a_reference_is_a_normal_piece_of_the_product_and_never_the_tested_one() -> None:
    for seed in range(20):
        assert set(ids(PIECES, "d2", 9, seed)) <= {"n1", "n2", "n3", "n4", "m1"}
        assert set(ids(PIECES, "n1", 9, seed)) == {"n3", "n4", "m1"}
        assert set(ids(PIECES, "d1", 9, seed)) == {"n3", "n4", "m1"}


def test_every_photo_of_a_product_gets_as_many() -> None:
    # Photos of piece "one" can have three; so nobody has more, or the others would be favoured.
    counts = {
        one.id: len(ids(PIECES, one.id, 12)) for one in PIECES.images if one.product == "tile"
    }
    assert set(counts.values()) == {3}
    assert len(ids(PIECES, "d2", 2)) == 2
    assert ids(PIECES, "d2", 0) == []
    assert ids(PIECES, "b1", 12) == []


def test_draws_are_random_and_repeatable() -> None:
    drawn = {tuple(ids(PIECES, "d2", 2, seed)) for seed in range(20)}
    assert len(drawn) > 3
    assert ids(PIECES, "d2", 2, 7) == ids(PIECES, "d2", 2, 7)


def test_a_board_is_compared_with_its_twin() -> None:
    boards = gold_of(
        photo("d", "defect", instance="b", twin="n"),
        photo("n", instance="b", twin="n"),
        photo("other"),
    )
    assert ids(boards, "d", 12) == ["n"]
    assert ids(boards, "n", 12) == ["n"]


def test_a_twin_is_a_disturbed_copy_for_the_defective_photo_and_for_itself(tmp_path: Path) -> None:
    gold = tiles(tmp_path)
    plain, other = gold.by_id["n0"], gold.by_id["n1"]
    assert reference_path(other, plain, tmp_path, tmp_path / "made") == tmp_path / "n0.png"
    clean = msgspec.structs.replace(plain, twin="n0")
    spotted = msgspec.structs.replace(gold.by_id["d0"], twin="n0")
    path = reference_path(clean, clean, tmp_path, tmp_path / "made")
    assert reference_path(spotted, clean, tmp_path, tmp_path / "made") == path
    copy, original = (np.asarray(Image.open(p)) for p in (path, tmp_path / "n0.png"))
    assert copy.shape == original.shape
    assert 1 < np.abs(copy.astype(int) - original).mean() < 20
    before = path.stat().st_mtime_ns
    assert reference_path(clean, clean, tmp_path, tmp_path / "made").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "wrong", [{"references": -1}, {"draws": 0}, {"samples": 0}, {"name": " "}, {"inspector": ""}]
)
def test_an_arm_that_can_mean_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Arm(**({"name": "a", "inspector": "b"} | wrong))  # type: ignore[arg-type]
