"""The baselines that every inspector must beat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline import DualEncoder
from sightline.errors import InspectionError
from sightline.evaluation.inspection.baselines import Always, PlainZeroShot, baseline_arms
from sightline.evaluation.inspection.border import BorderOnly
from sightline.evaluation.inspection.template import TemplateDifference
from sightline.inspection.verdict import Box, Task
from tests.evaluation.inspection.making import SPOT, tiles
from tests.making import make_model, make_photo


def test_constant_answers_say_the_same_of_everything(tmp_path: Path) -> None:
    for decision in ("normal", "defect"):
        baseline = Always(decision)  # type: ignore[arg-type]
        said = baseline.inspect(Task(image=tmp_path / "any.png"))
        assert (said.decision, said.confidence) == (decision, 0.5)
        assert baseline.name == f"always-{decision}"


def test_template_difference_finds_a_spot_and_its_place(tmp_path: Path) -> None:
    tiles(tmp_path)
    clean = tuple(tmp_path / f"n{at}.png" for at in range(1, 5))
    spotted = TemplateDifference().inspect(Task(image=tmp_path / "d0.png", references=clean))
    assert spotted.decision == "defect"
    (found,) = spotted.findings
    assert found.box is not None
    assert found.box.iou(Box(*SPOT)) > 0.6
    whole = TemplateDifference().inspect(Task(image=tmp_path / "n0.png", references=clean))
    assert whole.score is not None
    assert spotted.score is not None
    assert whole.score < spotted.score / 10


def test_its_limit_is_the_largest_difference_among_good_pieces(tmp_path: Path) -> None:
    tiles(tmp_path)
    both = (tmp_path / "d1.png", tmp_path / "n1.png")
    # With a spotted piece among the references, a spot is within what pieces differ by.
    said = TemplateDifference().inspect(Task(image=tmp_path / "d0.png", references=both))
    assert said.decision == "normal"
    assert said.findings == ()


def test_with_one_reference_the_same_photo_is_normal(tmp_path: Path) -> None:
    tiles(tmp_path)
    same = TemplateDifference().inspect(
        Task(image=tmp_path / "d0.png", references=(tmp_path / "d0.png",))
    )
    assert (same.decision, same.score) == ("normal", 0.0)


def test_the_nearest_reference_counts(tmp_path: Path) -> None:
    tiles(tmp_path)
    far_and_same = (tmp_path / "n1.png", tmp_path / "d0.png")
    said = TemplateDifference().inspect(Task(image=tmp_path / "d0.png", references=far_and_same))
    assert said.score == 0.0


def test_template_difference_needs_a_reference(tmp_path: Path) -> None:
    tiles(tmp_path)
    with pytest.raises(InspectionError, match="--reference"):
        TemplateDifference().inspect(Task(image=tmp_path / "d0.png"))


def test_border_only_knows_another_background_and_nothing_of_the_product(tmp_path: Path) -> None:
    tiles(tmp_path)
    clean = tuple(tmp_path / f"n{at}.png" for at in range(4))
    spotted = BorderOnly().inspect(Task(image=tmp_path / "d0.png", references=clean))
    assert spotted.score is not None
    pixels = np.asarray(Image.open(tmp_path / "n4.png")).copy()
    pixels[:4] = 255
    Image.fromarray(pixels).save(tmp_path / "elsewhere.png")
    elsewhere = BorderOnly().inspect(Task(image=tmp_path / "elsewhere.png", references=clean))
    assert elsewhere.score is not None
    assert elsewhere.decision == "defect"
    assert elsewhere.score > 20 * spotted.score
    alone = BorderOnly().inspect(Task(image=tmp_path / "elsewhere.png", references=clean[:1]))
    assert (alone.decision, alone.confidence) == ("normal", 0.5)
    with pytest.raises(InspectionError, match="--reference"):
        BorderOnly().inspect(Task(image=tmp_path / "d0.png"))


def test_plain_zero_shot_follows_the_nearer_sentence(tmp_path: Path) -> None:
    encoder = DualEncoder(make_model(tmp_path / "model"))
    # In this encoder's space "damaged" and "flawless" are no words; the product's colour decides
    # nothing, so both sentences are equally near.
    said = PlainZeroShot(encoder).inspect(
        Task(image=make_photo(tmp_path / "red.png"), product="red")
    )
    assert said.score == pytest.approx(0.0, abs=1e-6)
    assert said.confidence == pytest.approx(0.5, abs=1e-3)
    assert said.model == encoder.id


def test_every_table_gets_them_and_those_without_use_for_references_get_none() -> None:
    arms = {arm.name: arm for arm in baseline_arms(references=4, draws=3)}
    assert set(arms) == {
        "always-normal",
        "always-defect",
        "border-only",
        "template-difference",
        "zero-shot",
    }
    assert (arms["template-difference"].references, arms["template-difference"].draws) == (4, 3)
    assert arms["zero-shot"].references == 0
