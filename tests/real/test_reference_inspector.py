"""The reference inspector on real photos: the floors that its figures must not fall through.

A small part of what `benchmarks/inspection_reference.py` measures, from the half of the photos that
nothing was chosen on.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from sightline.evaluation.inspection.answers import Answer
from sightline.evaluation.inspection.gold import GoldPhoto, InspectionGold, read_inspection_gold
from sightline.evaluation.inspection.grounding import box_hits, is_hit
from sightline.evaluation.inspection.measures import balanced_accuracy
from sightline.evaluation.inspection.reference_draws import reference_path
from sightline.evaluation.inspection.scores import image_auroc
from sightline.inspection.reference import ReferenceInspector
from sightline.inspection.verdict import Task, Verdict

PROJECT = Path(__file__).parents[2]
PHOTOS = PROJECT.parent / "shared" / "data" / "inspection"
pytestmark = pytest.mark.skipif(
    not PHOTOS.is_dir(), reason=f"the photos of inspection are not at {PHOTOS}"
)
REFERENCES = 12
EACH = 6
"""Normal and defective photos of a product, at most: the whole set takes minutes."""


@pytest.fixture(scope="module")
def gold() -> InspectionGold:
    return read_inspection_gold(PROJECT / "inspection_labels.json")


@pytest.fixture(scope="module")
def inspector() -> ReferenceInspector:
    return ReferenceInspector()


def _of(gold: InspectionGold, product: str, verdict: str, split: str) -> list[GoldPhoto]:
    return [
        photo
        for photo in gold.everything
        if product in photo.product and photo.verdict == verdict and photo.split == split
    ]


def _inspect(inspector: ReferenceInspector, image: Path, *references: GoldPhoto) -> Verdict:
    paths = tuple(PHOTOS / one.file for one in references)
    return inspector.inspect(Task(image=image, references=paths))


def _spread(photos: list[GoldPhoto], count: int) -> list[GoldPhoto]:
    """So many of them, from the first to the last: neighbours are often one piece."""
    return photos[:: max(1, len(photos) // count)][:count]


@pytest.fixture(scope="module")
def answers(gold: InspectionGold, inspector: ReferenceInspector) -> list[Answer]:
    """Cookies, toys and bottles of the half for reporting, against normals of the other one."""
    found = []
    for product in ("cookie", "toy", "bottle"):
        references = _spread(_of(gold, product, "normal", "choose"), REFERENCES)
        for verdict in ("normal", "defect"):
            for photo in _spread(_of(gold, product, verdict, "report"), EACH):
                said = _inspect(inspector, PHOTOS / photo.file, *references)
                found.append(Answer(photo, said))
    return found


@pytest.mark.parametrize(("product", "floor"), [("cookie", 0.85), ("toy", 0.85), ("bottle", 0.8)])
def test_defective_photos_score_above_faultless_ones(
    answers: list[Answer], product: str, floor: float
) -> None:
    # Below the benchmark's floors: a few photos and one draw of references swing by more.
    auroc = image_auroc([answer for answer in answers if product in answer.photo.product])
    assert auroc is not None
    assert auroc >= floor


def test_the_threshold_from_normals_alone_decides_well(answers: list[Answer]) -> None:
    accuracy = balanced_accuracy(answers, "person")
    assert accuracy is not None
    assert accuracy >= 0.8


def test_the_best_box_of_a_found_defect_lies_on_it(answers: list[Answer]) -> None:
    hits = box_hits([answer for answer in answers if answer.photo.boxes])
    assert len(hits) >= 4
    assert sum(hits) >= 0.6 * len(hits)


def test_on_boards_every_defect_is_found_and_nothing_else(
    gold: InspectionGold, inspector: ReferenceInspector
) -> None:
    for photo in _of(gold, "board", "defect", "report"):
        twin = gold.by_id[photo.twin]
        verdict = _inspect(inspector, PHOTOS / photo.file, twin)
        boxes = [finding.box for finding in verdict.findings if finding.box is not None]
        counted = [box for box in boxes if not is_hit(box, photo.ignored)]
        assert verdict.decision == "defect", photo.id
        assert sum(is_hit(box, photo.places) for box in counted) >= 0.8 * len(counted), photo.id
        found = sum(any(place.contains(box.centre) for box in boxes) for place in photo.places)
        assert found >= 0.8 * len(photo.places), photo.id


def test_a_clean_board_taken_again_gets_no_box(
    gold: InspectionGold, inspector: ReferenceInspector, tmp_path: Path
) -> None:
    for photo in _of(gold, "binarised", "normal", "report"):
        image = Image.open(PHOTOS / photo.file).convert("RGB")
        shifted = image.transform(image.size, Image.Transform.AFFINE, (1, 0, 3, 0, 1, -4))
        path = tmp_path / "again.jpg"
        ImageEnhance.Brightness(shifted).enhance(0.94).save(path, quality=85)
        verdict = _inspect(inspector, path, photo)
        assert verdict.decision == "normal", photo.id
        assert verdict.findings == (), photo.id


def test_every_binarised_board_is_found_beside_its_disturbed_twin_and_the_twin_gets_no_box(
    gold: InspectionGold, inspector: ReferenceInspector, tmp_path: Path
) -> None:
    for photo in [one for one in gold.images if "binarised" in one.product]:
        twin = reference_path(photo, gold.by_id[photo.twin], PHOTOS, tmp_path)
        verdict = inspector.inspect(Task(image=PHOTOS / photo.file, references=(twin,)))
        assert verdict.decision == photo.verdict, photo.id
        assert bool(verdict.findings) == photo.defective, photo.id


def test_a_clean_board_beside_nothing_but_itself_is_hardly_sure_and_gets_no_box(
    gold: InspectionGold, inspector: ReferenceInspector
) -> None:
    board = _of(gold, "binarised", "normal", "report")[0]
    verdict = _inspect(inspector, PHOTOS / board.file, board)
    assert (verdict.decision, verdict.confidence, verdict.findings) == ("normal", 0.7, ())
    assert "the photo itself" in verdict.would_help


@pytest.mark.parametrize("label", ["Royal Gala", "Zucchini", "Arla Sour Cream"])
def test_supermarket_photos_of_one_kind_do_not_say_what_a_normal_piece_is(
    inspector: ReferenceInspector, label: str
) -> None:
    folder = PHOTOS.parent / "grocery"
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    photo, *references = [folder / row["file"] for row in rows if row["label"] == label][:7]
    verdict = inspector.inspect(Task(image=photo, references=tuple(references)))
    assert verdict.decision == "uncertain"
    assert "differ too much from each other" in verdict.would_help


def test_a_single_photo_of_another_product_among_the_references_is_left_out(
    gold: InspectionGold, inspector: ReferenceInspector
) -> None:
    toys = _spread(_of(gold, "toy", "normal", "choose"), 6)
    cookie = _of(gold, "cookie", "normal", "choose")[0]
    toy = _of(gold, "toy", "normal", "report")[0]
    mixed = _inspect(inspector, PHOTOS / toy.file, *toys, cookie)
    assert mixed.score == _inspect(inspector, PHOTOS / toy.file, *toys).score
    assert Path(cookie.file).name in mixed.would_help


def test_a_photo_of_another_product_is_not_called_defective(
    gold: InspectionGold, inspector: ReferenceInspector
) -> None:
    references = _spread(_of(gold, "cookie", "normal", "choose"), 4)
    toy = _of(gold, "toy", "normal", "report")[0]
    verdict = _inspect(inspector, PHOTOS / toy.file, *references)
    assert verdict.decision == "uncertain"
    assert "same product" in verdict.would_help
