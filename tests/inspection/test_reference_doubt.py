"""Where the reference inspector must doubt: nothing to be seen, nothing to compare with, references
that don't say what normal is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from sightline.errors import InspectionError
from sightline.inspection.reference import ReferenceInspector
from sightline.inspection.reference_likeness import strangers
from sightline.inspection.reference_sight import LEAST_SIDE, fault
from sightline.inspection.reference_threshold import judge_by_references, no_laxer_than
from sightline.inspection.verdict import Task, Verdict
from tests.inspection.reference_pictures import PLATE, biscuit, board, noisy, save

BLACK = Image.new("RGB", (320, 320))


@pytest.fixture(scope="module")
def inspector() -> ReferenceInspector:
    return ReferenceInspector()


@pytest.fixture(scope="module")
def biscuits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Four faultless biscuits."""
    folder = tmp_path_factory.mktemp("biscuits")
    return tuple(save(biscuit(seed)[0], folder / f"{seed}.jpg", quality=92) for seed in range(4))


def _against(
    inspector: ReferenceInspector, image: Path, *references: Path, doubt: bool = True
) -> Verdict:
    return inspector.inspect(Task(image=image, references=references, doubt=doubt))


def _clutter(seed: int) -> Image.Image:
    """A picture of many things, another one each time."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (320, 320), tuple(rng.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, across, down = rng.integers(0, 320, 4).tolist()
        box = (x, y, x + across // 3 + 3, y + down // 3 + 3)
        colour = tuple(rng.integers(0, 256, 3).tolist())
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(box, fill=colour)
        draw.line((x, y, across, down), fill=colour, width=int(rng.integers(1, 9)))
    return image


@pytest.fixture(scope="module")
def unlike(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Four pictures that have nothing in common."""
    stripes = Image.new("RGB", (320, 320), (220, 225, 222))
    for at in range(0, 320, 20):
        ImageDraw.Draw(stripes).line((at, 320, at + 60, 0), fill=(150, 60, 60), width=7)
    pictures = (_clutter(0), biscuit(0)[0], board(), stripes)
    folder = tmp_path_factory.mktemp("unlike")
    return tuple(save(one, folder / f"{at}.png") for at, one in enumerate(pictures))


def _bare_plate() -> Image.Image:
    slope = np.linspace(0.8, 1.2, 320)[None, :, None]
    lit = np.clip(np.asarray(Image.new("RGB", (320, 320), PLATE)) * slope, 0, 255)
    return noisy(Image.fromarray(lit.astype(np.uint8)), 0, 3.0)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (BLACK, "same colour everywhere"),
        (Image.new("RGB", (320, 320), (200, 40, 40)), "same colour everywhere"),
        (ImageEnhance.Contrast(biscuit(9)[0]).enhance(0.01), "same colour everywhere"),
        (ImageEnhance.Contrast(biscuit(9)[0]).enhance(0.1), "contrast"),
        (ImageEnhance.Brightness(biscuit(9)[0]).enhance(0.1), "contrast"),
        (noisy(Image.new("RGB", (320, 320), (128, 128, 128)), 0, 60.0), "contrast"),
        (Image.new("RGB", (1, 1)), "1 × 1 pixels"),
        (biscuit(9)[0].resize((5000, 2)), "5000 × 2 pixels"),
        (biscuit(9)[0].resize((LEAST_SIDE - 1, LEAST_SIDE)), "pixels"),
    ],
    ids=["black", "red", "flat", "pale", "dark", "noise", "one pixel", "sliver", "tiny"],
)
@pytest.mark.parametrize("doubt", [True, False])
def test_a_photo_on_which_nothing_can_be_seen_is_uncertain_with_what_to_do(
    inspector: ReferenceInspector,
    biscuits: tuple[Path, ...],
    tmp_path: Path,
    image: Image.Image,
    said: str,
    doubt: bool,
) -> None:
    verdict = _against(inspector, save(image, tmp_path / "a.png"), biscuits[0], doubt=doubt)
    assert verdict.decision == "uncertain"
    assert verdict.confidence == 0.5
    assert verdict.findings == ()
    assert said in verdict.would_help
    assert "take it again" in verdict.would_help


def test_an_empty_plate_is_no_defective_biscuit(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    crumb = _bare_plate()
    ImageDraw.Draw(crumb).ellipse((150, 150, 180, 180), fill=(200, 160, 95))
    verdict = _against(inspector, save(crumb, tmp_path / "a.png"), *biscuits)
    assert verdict.decision == "uncertain"
    assert "only background" in verdict.would_help


def test_a_faint_but_whole_photo_is_still_inspected(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    pale = ImageEnhance.Contrast(biscuit(9)[0]).enhance(0.8)
    verdict = _against(inspector, save(pale, tmp_path / "a.png"), *biscuits)
    assert verdict.confidence > 0.5


def test_a_black_reference_is_left_out_and_named(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    image = save(biscuit(20)[0], tmp_path / "a.png")
    black = save(BLACK, tmp_path / "lamp-off.png")
    verdict = _against(inspector, image, *biscuits, black)
    assert verdict.score == _against(inspector, image, *biscuits).score
    assert "lamp-off.png has the same colour everywhere" in verdict.would_help


def test_nothing_but_black_references_is_refused(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    with pytest.raises(InspectionError, match=r"lamp-off\.png has the same colour"):
        _against(inspector, biscuits[0], save(BLACK, tmp_path / "lamp-off.png"))


@pytest.mark.parametrize("name", ["same.png", "same.bmp"])
@pytest.mark.parametrize("product", [board(), biscuit(3)[0]], ids=["board", "biscuit"])
def test_a_photo_that_is_its_own_only_reference_is_normal_because_you_said_so(
    inspector: ReferenceInspector, tmp_path: Path, name: str, product: Image.Image
) -> None:
    own = save(product, tmp_path / "same.png")
    verdict = _against(inspector, save(product, tmp_path / name), own)
    assert (verdict.decision, verdict.confidence) == ("normal", 0.7)  # the least sure normal
    assert verdict.findings == ()
    assert "the photo itself" in verdict.would_help


def test_a_copy_of_the_photo_in_another_format_is_left_out_of_its_references(
    inspector: ReferenceInspector, biscuits: tuple[Path, ...], tmp_path: Path
) -> None:
    image = save(biscuit(90, broken=True)[0], tmp_path / "a.png")
    copy = save(biscuit(90, broken=True)[0], tmp_path / "a.bmp")
    with_copy = _against(inspector, image, *biscuits, copy)
    assert with_copy.score == _against(inspector, image, *biscuits).score


def test_references_that_do_not_resemble_each_other_decide_nothing(
    inspector: ReferenceInspector, unlike: tuple[Path, ...], tmp_path: Path
) -> None:
    verdict = _against(inspector, save(_clutter(9), tmp_path / "a.png"), *unlike)
    assert verdict.decision == "uncertain"
    assert verdict.confidence == 0.5
    assert "differ too much from each other" in verdict.would_help


def test_references_of_two_products_decide_nothing_and_one_stranger_is_left_out(
    inspector: ReferenceInspector,
    biscuits: tuple[Path, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Made-up pictures are all much alike to an encoder of photos; real ones are not.
    monkeypatch.setattr("sightline.inspection.reference_likeness.ANOTHER_PRODUCT", 0.65)
    image = save(biscuit(25)[0], tmp_path / "a.png")
    boards = [save(noisy(board(), n, 3.0), tmp_path / f"board-{n}.png") for n in range(3)]
    mixed = _against(inspector, image, *biscuits, *boards)
    assert mixed.decision == "uncertain"
    assert "most show something else than board-0.png, board-1.png" in mixed.would_help
    stranger = _against(inspector, image, *biscuits, boards[0])
    assert stranger.decision == "normal"
    assert "Left out" in stranger.would_help
    assert "board-0.png" in stranger.would_help


def test_one_reference_that_differs_all_over_shows_no_defect(
    inspector: ReferenceInspector, tmp_path: Path
) -> None:
    image = save(_clutter(0), tmp_path / "a.png")
    verdict = _against(inspector, image, save(biscuit(0)[0], tmp_path / "r.png"))
    assert verdict.decision == "uncertain"
    assert verdict.findings == ()
    assert "nearly everywhere" in verdict.would_help


def test_without_doubt_another_product_is_decided_and_its_doubt_told(
    inspector: ReferenceInspector,
    biscuits: tuple[Path, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sightline.inspection.reference.ANOTHER_PRODUCT", 0.9)
    image = save(board(), tmp_path / "a.png")
    assert _against(inspector, image, *biscuits).decision == "uncertain"
    decided = _against(inspector, image, *biscuits, doubt=False)
    assert decided.decision == "defect"
    assert decided.confidence == 0.5
    assert "same product" in decided.would_help


def test_without_doubt_a_photo_is_decided_beside_itself_and_beside_anything(
    inspector: ReferenceInspector, unlike: tuple[Path, ...]
) -> None:
    for references in (unlike[:1], unlike):
        verdict = _against(inspector, unlike[0], *references, doubt=False)
        assert verdict.decision != "uncertain"
        assert verdict.would_help


def test_where_something_foreign_would_pass_less_is_called_normal() -> None:
    wide, narrow = np.array([1.0, 1.5, 2.0, 4.0, 5.0]), np.array([1.0, 1.1, 1.2, 1.3, 1.4])
    for references in (wide, narrow):
        judged = [judge_by_references(score, references) for score in (1.2, 4.0)]
        sure, after = judged[0], no_laxer_than(judged[1], judged[0])
        assert after.log_odds == sure.log_odds  # the order of photos stays
        assert (after.chance > sure.chance) == (references is wide)
        assert after.chance <= 0.5  # and nothing becomes a defect by it


def test_strangers_are_those_unlike_most_of_the_others() -> None:
    one, other = np.eye(4, dtype=np.float32)[:2]
    assert strangers([one, one, one, other]) == [3]
    assert strangers([one, one, other]) == [2]
    assert strangers([one, other]) == [0, 1]
    assert strangers([one, one]) == []
    assert strangers([one]) == []
    assert strangers(list(np.eye(4, dtype=np.float32))) == [0, 1, 2, 3]


def test_any_picture_with_something_on_it_can_be_seen() -> None:
    spotted = BLACK.copy()
    ImageDraw.Draw(spotted).rectangle((100, 100, 110, 110), fill=(9, 9, 9))
    assert fault(spotted) == ""
    assert fault(board()) == ""
