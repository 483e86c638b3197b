"""Intervals of statistics: over pieces, and over draws of references."""

from __future__ import annotations

import pytest

from sightline.evaluation.inspection.answers import Answer
from sightline.evaluation.inspection.confidence import brier_score
from sightline.evaluation.inspection.measures import balanced_accuracy
from sightline.evaluation.inspection.resampling import measured_share, measured_statistics
from sightline.evaluation.inspection.tables import cell
from sightline.evaluation.intervals import wilson_interval
from tests.evaluation.inspection.making import photo, verdict


def answers(rights: str, instance: str = "") -> list[Answer]:
    """r is right, w wrong; every other photo is defective."""
    found = []
    for at, right in enumerate(rights):
        kind, other = ("defect", "normal") if at % 2 else ("normal", "defect")
        one = photo(f"{instance}{at}", kind, instance=instance or f"p{at}")  # type: ignore[arg-type]
        found.append(Answer(one, verdict(kind if right == "r" else other)))  # type: ignore[arg-type]
    return found


def strict(found: object) -> float | None:
    return balanced_accuracy(found, "error")  # type: ignore[arg-type]


def test_the_value_is_the_mean_over_the_draws() -> None:
    draws = [answers("rrrrww"), answers("rrrrrr")]
    found = measured_statistics({"balanced": strict}, draws, 0, 200)["balanced"]
    assert found.figure is not None
    assert found.draws == (strict(draws[0]), strict(draws[1]))
    assert found.figure.value == pytest.approx((found.draws[0] + 1) / 2)
    assert found.figure.low < found.figure.value < found.figure.high
    assert found.figure.n == 6


def test_photos_of_one_piece_are_no_more_than_one_observation() -> None:
    apart = measured_statistics({"b": strict}, [answers("rrwrrrww" * 3)], 0, 300)["b"].figure
    groups = [Answer(a.photo, a.verdict) for k in "abc" for a in answers("rrwrrrww", k)]
    groups = [
        Answer(photo(f"{a.photo.id}", a.photo.verdict, instance=a.photo.instance), a.verdict)
        for a in groups
    ]
    together = measured_statistics({"b": strict}, [groups], 0, 300)["b"].figure
    assert apart is not None
    assert together is not None
    # Three pieces of like photos are three observations, and no certainty because they are alike.
    assert (together.low, together.high) == wilson_interval(3 * together.value, 3)
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_a_figure_between_that_never_moves_is_not_certain_either() -> None:
    """The Brier score of two answers that are both right and .9 sure is .01 in every resample."""
    draws = [answers("rr")]
    found = measured_statistics({"brier": brier_score}, draws, 0, 100)["brier"].figure
    assert found is not None
    assert found.value == pytest.approx(0.01)
    assert (found.low, found.high) == wilson_interval(2 * found.value, 2)


def test_only_a_constant_answer_to_both_kinds_of_photos_is_exact() -> None:
    always = [[Answer(one.photo, verdict("normal")) for one in answers("rrwwrw")]]
    exact = measured_statistics({"b": strict}, always, 0, 100)["b"]
    assert exact.figure is not None
    assert (exact.figure.low, exact.figure.value, exact.figure.high) == (0.5, 0.5, 0.5)
    assert cell(exact) == "0.50 [exactly] n=6"


def test_a_perfect_figure_is_not_certain() -> None:
    perfect = measured_statistics({"b": strict}, [answers("rrrrrr")], 0, 100)["b"].figure
    assert perfect is not None
    assert (perfect.low, perfect.high) == wilson_interval(6, 6)


def test_one_piece_says_next_to_nothing_of_others() -> None:
    lone = measured_statistics({"b": strict}, [answers("rrwrrrww", "a")], 0, 100)["b"].figure
    assert lone is not None
    assert (lone.low, lone.high) == wilson_interval(lone.value, 1)


def test_a_statistic_that_is_defined_nowhere_has_no_figure() -> None:
    one_class = [answers("r")]
    assert measured_statistics({"b": strict}, one_class, 0, 100)["b"].figure is None
    assert measured_statistics({"b": strict}, [[]], 0, 100)["b"].figure is None


def test_draws_of_other_references_add_no_photos_to_a_share() -> None:
    marks = [[True, False, False, False], [False, False, False, False]]
    found = measured_share(marks).figure
    assert found is not None
    assert found.value == pytest.approx(1 / 8)
    assert (found.low, found.high) == wilson_interval(0.5, 4)
    assert found.n == 4
    assert measured_share([[], []]).figure is None
