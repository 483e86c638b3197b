"""Crops: the gold box with its surroundings, and parts of the same size from normal photos."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from sightline.evaluation.inspection.crops import cut_of
from sightline.inspection.verdict import Box, Sent
from tests.evaluation.inspection.making import SPOT, finding, gold_of, photo, tiles, verdict

SIZES = dict.fromkeys(("d", "n", "u"), (400, 300))
GOLD = gold_of(photo("d", "defect", boxes=((150.0, 100.0, 210.0, 140.0),)), photo("n"))


def test_the_whole_photo_is_no_crop() -> None:
    assert cut_of(GOLD, GOLD.by_id["d"], "none", 0, SIZES) is None


def test_the_oracle_crop_is_a_square_round_the_gold_box() -> None:
    cut = cut_of(GOLD, GOLD.by_id["d"], "oracle", 0, SIZES)
    assert cut is not None
    assert cut.box == Box(120, 60, 240, 180)


def test_it_is_moved_into_the_picture_at_an_edge() -> None:
    corner = gold_of(photo("d", "defect", boxes=((0.0, 0.0, 20.0, 20.0),)))
    cut = cut_of(corner, corner.by_id["d"], "oracle", 0, SIZES)
    assert cut is not None
    assert cut.box == Box(0, 0, 96, 96)


def test_normal_photos_are_cut_to_the_same_size_so_that_a_crop_says_nothing() -> None:
    boxes = set()
    for seed in range(20):
        cut = cut_of(GOLD, GOLD.by_id["n"], "oracle", seed, SIZES)
        assert cut is not None
        assert (cut.box.width, cut.box.height) == (120, 120)
        assert 0 <= cut.box.left <= 280
        assert 0 <= cut.box.top <= 180
        boxes.add(cut.box)
    assert len(boxes) > 10


def test_a_random_crop_of_a_defective_photo_pays_no_heed_to_the_box() -> None:
    found = {cut_of(GOLD, GOLD.by_id["d"], "random-matched", seed, SIZES) for seed in range(20)}
    assert len(found) > 10


def test_what_is_found_in_a_crop_is_told_in_pixels_of_the_photo(tmp_path: Path) -> None:
    gold = tiles(tmp_path)
    spotted = gold.by_id["d0"]
    cut = cut_of(gold, spotted, "oracle", 0, {one.id: (120, 90) for one in gold.images})
    assert cut is not None
    path = cut.save(tmp_path / spotted.file, tmp_path / "made")
    with Image.open(path) as part:
        assert part.size == (cut.box.width, cut.box.height)
    left, top = cut.box.left, cut.box.top
    seen = finding(box=(SPOT[0] - left, SPOT[1] - top, SPOT[2] - left, SPOT[3] - top))
    sent = (
        Sent(crop=Box(0, 0, 10, 10), width=10, height=10),
        Sent(crop=Box(0, 0, 10, 10), width=10, height=10, role="reference"),
    )
    import msgspec

    said = msgspec.structs.replace(verdict("defect", findings=(seen, finding(box=None))), sent=sent)
    placed = cut.in_photo(said)
    assert placed.findings[0].box == Box(*SPOT)
    assert placed.findings[1].box is None
    assert placed.sent[0].crop == Box(left, top, left + 10, top + 10)
    assert placed.sent[1].crop == Box(0, 0, 10, 10)
