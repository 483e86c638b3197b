"""Several verdicts as one: where the members disagree, less is sure."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.errors import InspectionError, UsageError
from sightline.inspection.panel import Panel, combined, defect_chance, samples
from sightline.inspection.verdict import Box, Decision, Finding, Inspector, Task, Usage, Verdict

TASK = Task(image=Path("photo.jpg"))


@dataclass(frozen=True)
class Fixed:
    """An inspector that always says the same."""

    verdict: Verdict
    name: str = "fixed"

    def inspect(self, task: Task) -> Verdict:
        return self.verdict

    def sampled(self, number: int) -> Inspector:
        return Fixed(self.verdict, f"fixed {number}")


def says(decision: Decision, confidence: float, *findings: Finding, failure: str = "") -> Verdict:
    return Verdict(
        decision=decision,
        confidence=confidence,
        findings=findings,
        inspector="one",
        failure=failure,
        seconds=2.0,
        usage=Usage(input_tokens=10),
    )


def crack(left: float, score: float | None = 0.7) -> Finding:
    return Finding(type="crack", sentence="a line", box=Box(left, 0, left + 10, 10), score=score)


decided = st.builds(says, st.sampled_from(["defect", "normal"]), st.floats(0.5, 1))
failed = st.just(says("uncertain", 0.5, failure="parse failure"))
verdicts = decided | failed | st.builds(says, st.just("uncertain"), st.floats(0.5, 1))


@given(st.floats(0.5, 1), st.sampled_from(["defect", "normal"]), st.integers(1, 5))
def test_members_that_agree_are_as_sure_together_as_alone(
    confidence: float, decision: Decision, count: int
) -> None:
    if confidence == 0.5:
        decision = "defect"  # a tie goes to the side where an error costs more
    verdict = combined([says(decision, confidence)] * count, sure=0.5)
    assert verdict.decision == decision
    assert verdict.confidence == pytest.approx(confidence)


@given(st.lists(verdicts, min_size=1, max_size=6), st.data())
def test_a_member_that_disagrees_never_makes_a_panel_surer(
    members: list[Verdict], data: st.DataObject
) -> None:
    before = combined(members)
    side: Decision = "normal" if before.score is not None and before.score >= 0.5 else "defect"
    against = says(side, data.draw(st.floats(0.5, 1)))
    after = combined([*members, against])
    taken_over = (
        before.score is None
        or after.score is None
        or ((after.score >= 0.5) != (before.score >= 0.5))
    )
    assert taken_over or after.confidence <= before.confidence + 1e-9


@given(st.lists(verdicts, min_size=1, max_size=6))
def test_a_panel_is_never_surer_than_its_surest_member(members: list[Verdict]) -> None:
    verdict = combined(members)
    assert 0.5 <= verdict.confidence <= max([0.5, *(one.confidence for one in members)]) + 1e-9
    assert verdict.members == tuple(members)


@given(st.lists(verdicts, min_size=2, max_size=5))
def test_the_order_of_members_decides_nothing(members: list[Verdict]) -> None:
    one, other = combined(members), combined(members[::-1])
    assert one.confidence == pytest.approx(other.confidence)
    assert one.score == pytest.approx(other.score) if one.score is not None else True


def test_the_formula_is_as_it_is_written() -> None:
    members = [says("defect", 0.9), says("defect", 0.8), says("normal", 0.9)]
    verdict = combined(members)
    mean = (0.9 + 0.8 + 0.1) / 3
    assert verdict.score == pytest.approx(mean)
    assert verdict.confidence == pytest.approx(0.5 + (mean - 0.5) * 2 / 3)
    assert verdict.decision == "uncertain"
    assert "2 × one defect, one normal" in verdict.would_help
    assert defect_chance(says("uncertain", 0.9)) == 0.5


def test_without_doubt_a_panel_always_decides() -> None:
    members = [says("defect", 0.9), says("normal", 0.85)]
    assert combined(members).decision == "uncertain"
    assert combined(members, doubt=False).decision == "defect"


def test_a_failed_member_counts_against_agreement_but_not_for_a_side() -> None:
    verdict = combined([says("normal", 0.9), says("uncertain", 0.5, failure="refused: no")])
    assert verdict.score == pytest.approx(0.1)
    assert verdict.confidence == pytest.approx(0.5 + 0.4 / 2)
    assert not verdict.failure


def test_a_panel_without_any_answer_has_failed() -> None:
    verdict = combined([says("uncertain", 0.5, failure="refused: no")] * 2)
    assert (verdict.decision, verdict.confidence, verdict.score) == ("uncertain", 0.5, None)
    assert verdict.failure == "no member could say: refused: no"


def test_findings_say_how_many_members_saw_them() -> None:
    members = [
        says("defect", 0.9, crack(0), crack(50, None)),
        says("defect", 0.9, crack(1)),
        says("defect", 0.9, crack(0)),
        says("normal", 0.6),
    ]
    first, second = combined(members).findings
    assert first.box == Box(0, 0, 11, 10)
    assert (first.score, second.score) == (0.75, 0.25)
    assert combined([says("normal", 0.9), says("normal", 0.9)]).findings == ()


def test_what_members_cost_is_added_up() -> None:
    verdict = combined([says("normal", 0.9), says("normal", 0.9)])
    assert verdict.seconds == 4
    assert verdict.usage.input_tokens == 20
    assert verdict.usage.dollars is None


def test_a_panel_asks_all_its_members() -> None:
    inspector = Fixed(says("normal", 0.9))
    panel = Panel(samples(inspector, 3))
    verdict = panel.inspect(TASK)
    assert (panel.name, verdict.inspector) == ("panel", "panel")
    assert len(verdict.members) == 3


def test_a_member_that_can_not_work_is_not_passed_over() -> None:
    class Broken:
        name = "broken"

        def inspect(self, task: Task) -> Verdict:
            raise InspectionError("No server.")

    with pytest.raises(InspectionError, match="No server"):
        Panel([Fixed(says("normal", 0.9)), Broken()]).inspect(TASK)


def test_a_panel_that_means_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one inspector"):
        Panel([])
    with pytest.raises(UsageError, match="at least one sample"):
        samples(Fixed(says("normal", 0.9)), 0)
    with pytest.raises(UsageError, match="between"):
        Panel([Fixed(says("normal", 0.9))], sure=0.2)
