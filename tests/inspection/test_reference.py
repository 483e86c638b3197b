"""The reference inspector as a user meets it: what it finds, where, and when it won't decide."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageEnhance

from sightline import DualEncoder
from sightline.errors import InspectionError, PhotoError
from sightline.inspection.reference import ReferenceInspector
from sightline.inspection.verdict import Task, Verdict
from tests.inspection.reference_pictures import HOLE, biscuit, board, noisy, save

ORIENTATION = 274  # EXIF's tag
TURN_RIGHT = 6


@pytest.fixture(scope="module")
def inspector() -> ReferenceInspector:
    return ReferenceInspector()


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A faultless board."""
    return save(board(), tmp_path_factory.mktemp("clean") / "clean.png")


@pytest.fixture(scope="module")
def biscuits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Eight faultless biscuits."""
    folder = tmp_path_factory.mktemp("biscuits")
    return tuple(save(biscuit(seed)[0], folder / f"{seed}.jpg", quality=92) for seed in range(8))


def _against(
    inspector: ReferenceInspector, image: Path, *references: Path, doubt: bool = True
) -> Verdict:
    return inspector.inspect(Task(image=image, references=references, doubt=doubt))


def _stamp(image: Image.Image, date: str) -> None:
    draw = ImageDraw.Draw(image)
    draw.rectangle((150, 290, 330, 325), fill=(30, 90, 50))
    draw.text((160, 290), date, fill=(230, 230, 220), font_size=28)


def test_a_missing_hole_is_found_beside_the_clean_twin(
    inspector: ReferenceInspector, clean: Path, tmp_path: Path
) -> None:
    verdict = _against(inspector, save(board(missing_hole=True), tmp_path / "b.png"), clean)
    assert verdict.decision == "defect"
    assert verdict.confidence > 0.9
    (finding,) = verdict.findings
    assert finding.box is not None
    assert HOLE.contains(finding.box.centre)
    assert "pixels differ from the reference" in finding.sentence


def test_each_of_two_defects_gets_its_own_box(
    inspector: ReferenceInspector, clean: Path, tmp_path: Path
) -> None:
    spoilt = save(board(missing_hole=True, cut_track=True), tmp_path / "b.png")
    assert len(_against(inspector, spoilt, clean).findings) == 2


@pytest.mark.parametrize(
    "disturbed",
    [
        board(),
        board().transform(board().size, Image.Transform.AFFINE, (1, 0, -3, 0, 1, 5)),
        board().rotate(2, Image.Resampling.BICUBIC, fillcolor=(30, 90, 50)),
        ImageEnhance.Brightness(board()).enhance(1.08),
        noisy(board(), 5, 4.0),
        board().resize((432, 324), Image.Resampling.BICUBIC),
    ],
    ids=["itself", "shifted", "turned", "brighter", "noisy", "smaller"],
)
def test_a_faultless_board_gets_no_box_however_it_was_taken(
    inspector: ReferenceInspector, clean: Path, tmp_path: Path, disturbed: Image.Image
) -> None:
    verdict = _against(inspector, save(disturbed, tmp_path / "again.jpg", quality=88), clean)
    assert verdict.decision == "normal"
    assert verdict.findings == ()


def test_a_box_is_in_pixels_of_the_photo_not_of_the_reference(
    inspector: ReferenceInspector, clean: Path, tmp_path: Path
) -> None:
    half_turned = board(missing_hole=True).transpose(Image.Transpose.ROTATE_180)
    large = half_turned.resize((960, 720), Image.Resampling.BICUBIC)
    verdict = _against(inspector, save(large, tmp_path / "turned.png"), clean)
    (finding,) = verdict.findings
    assert finding.box is not None
    x, y = finding.box.centre
    assert HOLE.contains((480 - x / 2, 360 - y / 2))


def test_a_box_is_in_pixels_of_the_upright_photo(
    inspector: ReferenceInspector, clean: Path, tmp_path: Path
) -> None:
    lying = board(missing_hole=True).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ORIENTATION] = TURN_RIGHT
    path = save(lying, tmp_path / "lying.jpg", quality=95, exif=exif)
    (finding,) = _against(inspector, path, clean).findings
    assert finding.box is not None
    assert HOLE.contains(finding.box.centre)


def test_where_shots_of_one_piece_differ_a_difference_is_no_defect(
    inspector: ReferenceInspector, tmp_path: Path
) -> None:
    dated = []
    for day in range(6):
        image = board()
        _stamp(image, f"{11 + 7 * day % 20}-11-2026")
        dated.append(save(image, tmp_path / f"{day}.png"))
    one = _against(inspector, dated[0], dated[1])
    several = _against(inspector, dated[0], *dated[1:])
    assert one.decision != "normal"
    assert several.decision == "normal"


def test_a_broken_biscuit_is_found_though_no_two_biscuits_are_alike(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    image, place = biscuit(50, broken=True)
    verdict = _against(inspector, save(image, tmp_path / "w.jpg", quality=92), *biscuits)
    assert verdict.decision == "defect"
    box = verdict.findings[0].box
    assert box is not None
    assert place.contains(box.centre)
    assert "8 references" in verdict.findings[0].sentence


def test_faultless_biscuits_score_below_broken_ones_and_get_no_box(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    scores: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(60, 63):
        for broken in (True, False):
            image = save(biscuit(seed, broken)[0], tmp_path / f"{seed}{broken}.jpg", quality=92)
            verdict = _against(inspector, image, *biscuits)
            assert verdict.score is not None
            scores[broken].append(verdict.score)
            if not broken:
                assert verdict.decision == "normal"
                assert verdict.findings == ()
    assert min(scores[True]) > max(scores[False])


def test_one_reference_of_a_varying_product_leaves_doubt_and_says_what_would_help(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    image = save(biscuit(70)[0], tmp_path / "w.jpg", quality=92)
    one = _against(inspector, image, biscuits[0])
    seven = _against(inspector, image, *biscuits)
    assert one.confidence < seven.confidence
    assert "at least three" in one.would_help
    assert "at least three" not in seven.would_help


def test_a_defective_piece_among_the_references_is_left_out_and_named(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    spoilt = save(biscuit(80, broken=True)[0], tmp_path / "spoilt.jpg", quality=92)
    broken = save(biscuit(81, broken=True)[0], tmp_path / "w.jpg", quality=92)
    verdict = _against(inspector, broken, *biscuits, spoilt)
    assert verdict.decision == "defect"
    assert "spoilt.jpg" in verdict.would_help


def test_a_photo_among_its_own_references_does_not_explain_itself(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    broken = save(biscuit(90, broken=True)[0], tmp_path / "w.jpg", quality=92)
    with_itself = _against(inspector, broken, *biscuits, broken)
    assert with_itself.score == _against(inspector, broken, *biscuits).score


def test_a_photo_of_something_else_is_not_called_defective(
    inspector: ReferenceInspector,
    biscuits: tuple[Path, ...],
    clean: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Made-up pictures are all much alike to an encoder of photos; real ones are not.
    monkeypatch.setattr("sightline.inspection.reference.ANOTHER_PRODUCT", 0.7)
    verdict = _against(inspector, clean, *biscuits)
    assert verdict.decision == "uncertain"
    assert "same product" in verdict.would_help


def test_without_doubt_every_photo_is_decided(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    image = save(biscuit(70)[0], tmp_path / "w.jpg", quality=92)
    assert _against(inspector, image, biscuits[0]).decision == "uncertain"
    assert _against(inspector, image, biscuits[0], doubt=False).decision != "uncertain"


def test_verdicts_are_the_same_from_several_threads(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    images = [save(biscuit(s)[0], tmp_path / f"{s}.jpg", quality=92) for s in range(30, 32)]
    alone = [_against(inspector, image, *biscuits[:3]).score for image in images]
    fresh = ReferenceInspector()
    with ThreadPoolExecutor(2) as threads:
        together = threads.map(lambda image: _against(fresh, image, *biscuits[:3]).score, images)
        assert list(together) == alone


def test_a_changed_reference_file_is_looked_at_again(
    inspector: ReferenceInspector, clean: Path, tmp_path: Path
) -> None:
    reference = save(board(missing_hole=True), tmp_path / "r.png")
    assert _against(inspector, clean, reference).decision == "defect"
    save(noisy(board(), 3, 1.0), reference)
    assert _against(inspector, clean, reference).decision == "normal"


@pytest.mark.parametrize("size", [(33, 200), (40, 2000)])
def test_odd_shapes_are_inspected(
    inspector: ReferenceInspector, tmp_path: Path, size: tuple[int, int]
) -> None:
    image = save(board().resize(size), tmp_path / "a.png")
    reference = save(board(missing_hole=True).resize(size), tmp_path / "b.png")
    verdict = _against(inspector, image, reference)
    for finding in verdict.findings:
        assert finding.box is not None
        assert 0 <= finding.box.left < finding.box.right <= size[0]
        assert 0 <= finding.box.top < finding.box.bottom <= size[1]


def test_no_reference_is_refused_with_what_to_do(
    inspector: ReferenceInspector, clean: Path
) -> None:
    with pytest.raises(InspectionError, match="--reference auto"):
        _against(inspector, clean)


def test_an_unreadable_photo_or_reference_is_a_photo_error(
    inspector: ReferenceInspector, clean: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff no photo")
    with pytest.raises(PhotoError):
        _against(inspector, broken, clean)
    with pytest.raises(PhotoError):
        _against(inspector, clean, broken)


def test_a_model_that_shows_no_patches_is_refused(tiny_model: Path) -> None:
    with pytest.raises(InspectionError, match="bundled model"):
        ReferenceInspector(DualEncoder(tiny_model))
