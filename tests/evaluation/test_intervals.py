"""An interval holds the truth as often as it says it does, and never claims certainty."""

import math
from statistics import mean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sightline.errors import EvaluationError
from sightline.evaluation import intervals
from sightline.evaluation.intervals import (
    Figure,
    bootstrap_interval,
    difference_interval,
    mean_figure,
    student_t,
    wilson_interval,
)

shares = st.floats(0, 1)


def covered(needs: int, queries_each: int, runs: int = 300) -> float:
    """Share of runs whose interval holds the true mean, 0.41; queries of a need are alike."""
    rng = np.random.default_rng(needs)
    names = [str(at // queries_each) for at in range(needs * queries_each)]
    held = 0
    for _ in range(runs):
        values = np.repeat(
            rng.choice([0, 0.2, 0.4, 0.6, 1.0], needs, p=[0.3, 0.2, 0.15, 0.1, 0.25]), queries_each
        )
        figure = mean_figure(values.tolist(), names, draws=1000)
        assert figure is not None
        held += figure.low <= 0.41 <= figure.high
    return held / runs


@pytest.mark.parametrize("needs", [8, 40])
def test_a_95_percent_interval_holds_the_truth_about_95_times_in_100(needs: int) -> None:
    assert 0.91 <= covered(needs, queries_each=1) <= 0.99


def test_two_wordings_of_each_need_do_not_make_an_interval_narrower() -> None:
    """Drawn one by one, a hundred queries of fifty needs would claim the width of a hundred."""
    assert 0.91 <= covered(30, queries_each=2) <= 0.99
    values = np.random.default_rng(0).random(50).tolist()
    once = mean_figure(values)
    twice = mean_figure([*values, *values], [str(at) for at in range(50)] * 2)
    apart = mean_figure([*values, *values])
    assert once is not None
    assert twice is not None
    assert apart is not None
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high), abs=1e-9)
    assert apart.high - apart.low < 0.8 * (twice.high - twice.low)


def test_a_need_weighs_as_many_queries_as_it_has() -> None:
    """As in the mean that the interval belongs to."""
    rng = np.random.default_rng(6)
    needs = [str(at) for at in range(40) for _ in range(3 if at % 2 else 1)]
    values = [0.8 if int(need) % 2 else 0.1 + 0.1 * rng.random() for need in needs]
    figure = mean_figure(values, needs)
    assert figure is not None
    assert figure.value == pytest.approx(0.64, abs=0.01)
    assert 0.5 < figure.low < 0.6
    assert 0.65 < figure.high < 0.75


def test_draws_that_do_not_fit_into_memory_at_once_are_as_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is a new one: the same draw again and again would have no width."""
    values = np.random.default_rng(7).random(50).tolist()
    at_once = bootstrap_interval(values, draws=2000)
    monkeypatch.setattr(intervals, "_BLOCK", 1)
    assert bootstrap_interval(values, draws=2000) == pytest.approx(at_once, abs=0.02)


@given(st.lists(shares, min_size=1, max_size=30), st.integers(1, 4))
@settings(max_examples=60)
def test_the_mean_stands_within_its_interval_and_both_within_0_and_1(
    values: list[float], queries_each: int
) -> None:
    needs = [str(at // queries_each) for at in range(len(values))]
    figure = mean_figure(values, needs, draws=500)
    assert figure is not None
    assert figure.value == pytest.approx(mean(values))
    assert -1e-12 <= figure.low <= figure.value + 1e-12
    assert figure.value - 1e-12 <= figure.high <= 1 + 1e-12


def test_eight_hits_in_eight_queries_are_not_certain_to_go_on() -> None:
    for value, low, high in ((1.0, 0.6756, 1.0), (0.0, 0.0, 0.3244)):
        figure = mean_figure([value] * 8)
        assert figure is not None
        assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-4)
        # Sixteen queries of eight needs are eight observations.
        pairs = mean_figure([value] * 16, [str(at // 2) for at in range(16)])
        assert pairs is not None
        assert (pairs.low, pairs.high) == (figure.low, figure.high)


def test_queries_without_a_value_are_counted_and_not_taken_for_0() -> None:
    figure = mean_figure([1.0, None, 0.5, None, 0.0], ["a", "b", "c", "d", "e"])
    assert figure is not None
    assert (figure.value, figure.n, figure.undefined) == (0.5, 3, 2)
    assert mean_figure([None, None]) is None
    assert mean_figure([]) is None


def test_queries_that_name_no_need_are_needs_of_their_own() -> None:
    """Pooled as one need, they would be a single observation, with no width to resample."""
    values = np.random.default_rng(1).random(20).tolist()
    assert mean_figure(values, [""] * 20) == mean_figure(values)


def test_the_same_seed_gives_the_same_interval_and_another_one_nearly_the_same() -> None:
    values = np.random.default_rng(2).random(60).tolist()
    first = bootstrap_interval(values, seed=3)
    assert bootstrap_interval(values, seed=3) == first
    assert bootstrap_interval(values, seed=4) != first
    assert bootstrap_interval(values, seed=4) == pytest.approx(first, abs=0.01)


def test_a_bootstrap_of_many_needs_agrees_with_the_normal_interval() -> None:
    """Of as many needs as are drawn in several blocks; a mean may be of any size, too."""
    values = np.random.default_rng(5).normal(-30, 4, 3000)
    half = stats.norm.ppf(0.975) * values.std(ddof=1) / math.sqrt(len(values))
    low, high = bootstrap_interval(values.tolist(), draws=4000)
    assert (low, high) == pytest.approx(
        (values.mean() - half, values.mean() + half), abs=0.1 * half
    )


@given(st.integers(1, 500), st.data())
def test_wilsons_interval_agrees_with_scipy(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson_interval(successes, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_students_quantile_agrees_with_scipy() -> None:
    for freedom in (2, 3, 4, 5, 10, 50, 1000):
        assert student_t(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=0.01)
    for freedom in range(5, 200):
        assert student_t(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=1e-3)


def test_a_figure_reads_as_value_and_interval() -> None:
    assert str(Figure(0.41237, 0.33, 0.489, 120)) == "0.412 [0.330, 0.489]"


def test_what_has_no_interval_is_refused() -> None:
    with pytest.raises(EvaluationError, match="between 0 and 1"):
        mean_figure([0.5, 1.5])
    with pytest.raises(EvaluationError, match="between 0 and 1"):
        mean_figure([math.nan])
    with pytest.raises(EvaluationError, match="same queries"):
        mean_figure([0.5, 0.6], ["a"])
    with pytest.raises(EvaluationError, match="finite"):
        bootstrap_interval([0.5, math.nan])
    with pytest.raises(EvaluationError, match="at least one"):
        bootstrap_interval([])
    with pytest.raises(EvaluationError, match="10 draws"):
        bootstrap_interval([0.5, 0.6], draws=10)
    for successes, n in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(EvaluationError, match="no share"):
            wilson_interval(successes, n)


@pytest.mark.parametrize("count", [1, 2, 8, 100])
@pytest.mark.parametrize("difference", [-1.0, -0.2, 0.0, 0.2, 1.0])
def test_the_same_difference_everywhere_is_not_certain_to_go_on(
    count: int, difference: float
) -> None:
    low, high = difference_interval([difference] * count)
    assert -1 - 1e-12 <= low <= difference <= high <= 1 + 1e-12
    assert high - low == pytest.approx(2 * (1 - 0.05 ** (1 / count)))
    twice = [str(at // 2) for at in range(2 * count)]
    assert difference_interval([difference] * 2 * count, twice) == pytest.approx((low, high))


def test_where_differences_vary_their_interval_is_resampled() -> None:
    values = np.random.default_rng(5).normal(0.1, 0.2, 30).tolist()
    assert difference_interval(values) == bootstrap_interval(values)
