"""Intervals of statistics: over pieces, and over draws of references."""

from __future__ import annotations

import pytest

from sightline.evaluation.inspection.answers import Answer
from sightline.evaluation.inspection.measures import balanced_accuracy
from sightline.evaluation.inspection.resampling import measured_share, measured_statistics
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
    # Three pieces of like photos: whole pieces drawn again give the same figure every time.
    assert together.high - together.low < 1e-9
    assert apart.high - apart.low > 0.2


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
