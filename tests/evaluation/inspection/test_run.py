"""A whole evaluation: every arm on every photo, written down as it goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from sightline.errors import GoldError, InspectionError, UsageError
from sightline.evaluation.inspection.arms import Arm, Contestant
from sightline.evaluation.inspection.gold import InspectionGold
from sightline.evaluation.inspection.probes import Reply
from sightline.evaluation.inspection.results import InspectionResults, read_inspection_results
from sightline.evaluation.inspection.run import RunOptions, evaluate_inspection
from sightline.inspection.pixels import open_photo
from sightline.inspection.verdict import Finding, Task, Verdict
from tests.evaluation.inspection.making import SPOT, finding, tiles

QUICK = RunOptions(baselines=False, resamples=20)


@dataclass
class DarkSpots:
    """A small inspector that really looks: any dark pixel is a defect."""

    name: str = "dark-spots"
    seen: list[Task] = field(default_factory=list)
    dies_after: int = 1000

    def inspect(self, task: Task) -> Verdict:
        if len(self.seen) >= self.dies_after:
            raise InspectionError("The server went away; start it and run again.")
        self.seen.append(task)
        grey = open_photo(task.image).image.convert("L")
        darkest = float(grey.getextrema()[0])  # type: ignore[arg-type]
        defect = darkest < 100
        box = grey.point(lambda value: 255 if value < 100 else 0).getbbox()
        findings: tuple[Finding, ...] = ()
        if defect and box is not None:
            findings = (finding("dark spot", box),)
        return Verdict(
            decision="defect" if defect else "normal",
            confidence=0.9,
            score=255 - darkest,
            findings=findings,
            inspector=self.name,
        )


@dataclass(frozen=True)
class Says:
    answer: Reply


class YesToAll:
    """Answers yes, whatever the question."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def probe(self, image: Path, question: str, product: str = "") -> Says:
        self.asked.append(question)
        return Says("yes")


ARM = Arm(name="spots", inspector="dark-spots", references=2)


def run(
    gold: InspectionGold,
    tmp_path: Path,
    inspector: DarkSpots,
    *arms: Arm,
    options: RunOptions = QUICK,
) -> InspectionResults:
    contestants = [Contestant.of(inspector, "1")]
    return evaluate_inspection(
        gold, tmp_path, contestants, arms or (ARM,), tmp_path / "out", options
    )


def test_a_perfect_inspector_gets_perfect_figures(tmp_path: Path) -> None:
    results = run(tiles(tmp_path), tmp_path, DarkSpots())
    found = results.arm("spots").measures
    for name in ("balanced_error", "image_auroc", "box_hit"):
        figure = found[name].figure
        assert figure is not None
        assert figure.value == 1.0
        assert figure.low < 1.0
    assert results.arm("spots").standings == {"right": 9}
    assert read_inspection_results(tmp_path / "out") == results


def test_baselines_stand_in_every_table(tmp_path: Path) -> None:
    options = RunOptions(resamples=10)
    results = run(tiles(tmp_path), tmp_path, DarkSpots(), options=options)
    assert {arm.arm.name for arm in results.arms if arm.arm.baseline} == {
        "always-normal",
        "always-defect",
        "border-only",
        "template-difference",
        "zero-shot",
    }
    always = results.arm("always-defect").measures
    assert always["no_reason"].figure is not None
    assert always["no_reason"].figure.value == 1.0
    balanced = always["balanced_error"].figure
    assert balanced is not None
    assert balanced.value == 0.5
    assert len(results.comparisons) == 15


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    gold = tiles(tmp_path)
    first = DarkSpots(dies_after=4)
    with pytest.raises(InspectionError):
        run(gold, tmp_path, first)
    journal = tmp_path / "out" / "verdicts.jsonl"
    journal.write_bytes(journal.read_bytes()[:-25])  # killed in the middle of a line
    second = DarkSpots()
    results = run(gold, tmp_path, second)
    assert len(second.seen) == 9 - 3
    assert results.arm("spots").standings == {"right": 9}
    third = DarkSpots()
    assert run(gold, tmp_path, third).arms == results.arms
    assert third.seen == []


def test_only_what_changed_is_asked_again(tmp_path: Path) -> None:
    gold = tiles(tmp_path)
    run(gold, tmp_path, DarkSpots())
    inspector = DarkSpots()
    other = Arm(name="other", inspector="dark-spots", references=2, zoom="tiles")
    run(gold, tmp_path, inspector, ARM, other)
    assert {task.zoom for task in inspector.seen} == {"tiles"}
    newer = DarkSpots()
    evaluate_inspection(gold, tmp_path, [Contestant.of(newer, "2")], [ARM], tmp_path / "out", QUICK)
    assert len(newer.seen) == 9


def test_an_inspector_is_told_what_the_arm_says_and_nothing_of_the_answer(tmp_path: Path) -> None:
    inspector = DarkSpots()
    arm = Arm(
        name="told", inspector="dark-spots", references=3, doubt=False, look_for=True, zoom="tiles"
    )
    run(tiles(tmp_path), tmp_path, inspector, arm)
    for task in inspector.seen:
        assert task.look_for == ("spot",)  # normal pieces are asked about the same defects
        assert len(task.references) == 3
        assert task.image not in task.references
        assert (task.doubt, task.zoom, task.product) == (False, "tiles", "tile")


def test_each_draw_has_references_of_its_own_and_its_own_figures(tmp_path: Path) -> None:
    inspector = DarkSpots()
    arm = Arm(name="drawn", inspector="dark-spots", references=2, draws=3)
    results = run(tiles(tmp_path), tmp_path, inspector, arm)
    assert len(results.arm("drawn").measures["image_auroc"].draws) == 3
    of_one = {task.references for task in inspector.seen if task.image.name == "d0.png"}
    assert len(of_one) > 1


def test_crops_are_shown_instead_of_photos_and_boxes_are_told_in_photos(tmp_path: Path) -> None:
    inspector = DarkSpots()
    arm = Arm(name="crop", inspector="dark-spots", references=0, crop="oracle")
    results = run(tiles(tmp_path), tmp_path, inspector, arm)
    assert all(task.image.is_relative_to(tmp_path / "out" / "made") for task in inspector.seen)
    spotted = next(one for one in results.arm("crop").photos if one.photo == "d0")
    (found,) = spotted.verdict.findings
    assert found.box is not None
    assert (found.box.left, found.box.top, found.box.right, found.box.bottom) == SPOT


def test_questions_are_asked_once_and_their_answers_kept(tmp_path: Path) -> None:
    gold = tiles(tmp_path)
    prober = YesToAll()
    inspector = DarkSpots()
    contestant = Contestant("dark-spots", lambda samples: inspector, "1", prober)
    for _ in range(2):
        results = evaluate_inspection(gold, tmp_path, [contestant], [ARM], tmp_path / "out", QUICK)
    found = {one.kind: one for one in results.arm("spots").probes}
    assert found["present"].correct.value == 1.0
    assert found["absent"].correct.value == 0.0
    assert found["all"].yes.value == 1.0
    assert found["all"].expected_yes < 0.5
    assert len(prober.asked) == found["all"].questions


def test_nothing_is_asked_where_the_call_is_wrong(tmp_path: Path) -> None:
    gold = tiles(tmp_path)
    inspector = DarkSpots()
    with pytest.raises(UsageError, match="needs the inspector 'nobody'"):
        run(gold, tmp_path, inspector, ARM, Arm(name="x", inspector="nobody"))
    with pytest.raises(UsageError, match="same name"):
        run(gold, tmp_path, inspector, ARM, ARM)
    twice = [Contestant.of(inspector), Contestant.of(inspector)]
    with pytest.raises(UsageError, match="Two contestants"):
        evaluate_inspection(gold, tmp_path, twice, [ARM], tmp_path / "out", QUICK)
    with pytest.raises(UsageError, match="no photos on the side 'choose'"):
        run(gold, tmp_path, inspector, options=RunOptions("choose", baselines=False))
    one_normal = msgspec.structs.replace(
        gold, images=tuple(one for one in gold.images if one.defective or one.id == "n0")
    )
    with pytest.raises(GoldError, match="fewer than two normal pieces of tile"):
        run(one_normal, tmp_path, inspector, options=RunOptions(resamples=10))
    (tmp_path / "n4.png").unlink()
    with pytest.raises(GoldError, match=r"n4\.png"):
        run(gold, tmp_path, inspector)
    assert inspector.seen == []


def test_slices_are_by_product_defect_type_and_difficulty(tmp_path: Path) -> None:
    import msgspec

    from sightline.evaluation.inspection.gold import GoldPhoto

    gold = tiles(tmp_path)

    def marked(one: GoldPhoto) -> GoldPhoto:
        return msgspec.structs.replace(one, hard=one.id in {"d0", "n0"}, tiny=one.id == "d1")

    gold = msgspec.structs.replace(gold, images=tuple(map(marked, gold.images)))
    slices = run(gold, tmp_path, DarkSpots()).arm("spots").slices
    found = {(one.kind, one.name): (one.defects, one.normals) for one in slices}
    assert found == {
        ("all", "all"): (4, 5),
        ("product", "tile"): (4, 5),
        ("defect type", "spot"): (4, 0),
        ("difficulty", "tiny"): (1, 0),
        ("difficulty", "hard"): (1, 1),
    }
