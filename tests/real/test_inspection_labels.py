"""The project's gold labels of inspection against the photos they were written for."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightline.evaluation.inspection.gold import InspectionGold, read_inspection_gold
from sightline.evaluation.inspection.photos import require_photos
from sightline.evaluation.inspection.reference_draws import drawn_references

PROJECT = Path(__file__).parents[2]
PHOTOS = PROJECT.parent / "shared" / "data" / "inspection"
pytestmark = pytest.mark.skipif(
    not PHOTOS.is_dir(), reason=f"the photos of inspection are not at {PHOTOS}"
)


@pytest.fixture(scope="module")
def gold() -> InspectionGold:
    return read_inspection_gold(PROJECT / "inspection_labels.json")


def test_every_label_is_of_a_photo_that_is_there_unchanged_with_its_boxes_inside(
    gold: InspectionGold,
) -> None:
    sizes = require_photos(gold.everything, PHOTOS)
    for one in gold.images:
        width, height = sizes[one.id]
        small = all(box.area < width * height / 100 for box in one.places)
        assert one.tiny == (bool(one.boxes) and small), one.id


def test_every_photo_that_came_with_a_label_has_one(gold: InspectionGold) -> None:
    labelled = {one.file for one in gold.everything}
    there = {
        path.relative_to(PHOTOS).as_posix()
        for path in PHOTOS.rglob("*")
        if path.suffix in {".jpg", ".png"}
    }
    assert labelled == there


def test_every_tested_photo_has_references_and_none_is_of_the_same_cookie(
    gold: InspectionGold,
) -> None:
    for one in gold.everything:
        references = drawn_references(gold, one, 12, 0)
        if one.twin:
            assert [reference.id for reference in references] == [one.twin]
        else:
            assert len(references) == (8 if "bottle" in one.product else 12)
            assert one.instance not in {reference.instance for reference in references}
