"""A difference is only called one where it stands out from noise."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sightline.errors import EvaluationError
from sightline.evaluation.comparison import (
    Comparison,
    adjusted,
    compare,
    holm,
    mcnemar,
    permutation_test,
)

gains = st.sampled_from([-0.5, -0.3, -0.1, 0.0, 0.1, 0.2, 0.3, 0.5])


def compared(a: list[float | None], b: list[float | None], **options: object) -> Comparison:
    found = compare("precision@5", "new", "old", a, b, **options)  # type: ignore[arg-type]
    assert found is not None
    return found


@given(st.lists(gains, min_size=2, max_size=9))
@settings(max_examples=40)
def test_of_few_queries_all_signs_are_tried_as_scipy_does(differences: list[float]) -> None:
    """Equal sums that floats tell apart, such as .1 + .2 and .3, count as equal.

    scipy is given tenths, as whole numbers: of a sum that is 0 but for rounding it says p < 1.
    """
    theirs = stats.permutation_test(
        ([round(10 * one) for one in differences], [0] * len(differences)),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    # scipy doubles the smaller tail; the distribution is symmetric, so that is the same.
    assert permutation_test(differences) == pytest.approx(theirs.pvalue, abs=1e-6)


@given(st.lists(st.tuples(gains, st.sampled_from("abcdef")), min_size=1, max_size=15))
@settings(max_examples=60)
def test_the_signs_of_one_need_turn_together(pairs: list[tuple[float, str]]) -> None:
    differences, needs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    names = sorted(set(needs))
    seen = abs(math.fsum(differences))
    turned = [
        abs(math.fsum(d * signs[names.index(n)] for d, n in pairs))
        for signs in product((1, -1), repeat=len(names))
    ]
    by_hand = np.mean([total >= seen - 1e-9 for total in turned])
    assert permutation_test(differences, needs) == pytest.approx(by_hand, abs=1e-9)


def test_of_many_queries_as_good_a_p_value_comes_from_random_signs() -> None:
    rng = np.random.default_rng(0)
    differences = rng.normal(0.05, 0.3, 100)
    by_t = stats.ttest_1samp(differences, 0).pvalue
    p = permutation_test(differences.tolist(), draws=20_000)
    assert p == pytest.approx(by_t, abs=0.015)
    assert permutation_test(differences.tolist(), draws=20_000) == p


def test_a_p_value_is_never_0() -> None:
    """The order that was seen is one of those that could have been."""
    assert permutation_test([0.5] * 60, draws=1000) == pytest.approx(1 / 1001)


def test_where_nothing_differs_p_is_1() -> None:
    assert permutation_test([0.0] * 30) == 1.0
    assert permutation_test([0.2, -0.2], ["same", "same"]) == 1.0


def test_alike_rankers_are_called_different_in_one_of_twenty_comparisons() -> None:
    """With two wordings of each need: tested one by one they would be called so far more often."""
    rng = np.random.default_rng(1)
    needs = [str(at // 2) for at in range(40)]
    alarms = alarms_if_apart = 0
    for _ in range(400):
        differences = np.repeat(rng.normal(0, 0.2, 20), 2).tolist()
        alarms += permutation_test(differences, needs, draws=400) < 0.05
        alarms_if_apart += permutation_test(differences, draws=400) < 0.05
    assert 0.025 <= alarms / 400 <= 0.085
    assert alarms_if_apart / 400 > 0.1


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_the_exact_sign_test(only_a: int, only_b: int) -> None:
    p = mcnemar(only_a, only_b)
    if only_a + only_b:
        theirs = stats.binomtest(only_a, only_a + only_b, 0.5).pvalue
        assert p == pytest.approx(theirs, abs=1e-9)
    else:
        assert p == 1.0


def test_mcnemar_of_hits_agrees_with_the_permutation_test_and_with_published_values() -> None:
    assert permutation_test([1.0] * 9 + [-1.0] * 2 + [0.0] * 20) == pytest.approx(mcnemar(9, 2))
    # 1 against 9 of 10: 2 (1 + 10) / 1024.
    assert mcnemar(1, 9) == pytest.approx(22 / 1024)
    assert mcnemar(900, 1100) == pytest.approx(stats.binomtest(900, 2000).pvalue, abs=1e-9)


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    """By hand: .005 * 4, .01 * 3, .03 * 2, and .04 * 1 raised to the one before it."""
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(found) == ["a", "b", "c", "d"]
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_a_difference_that_one_test_shows_may_drown_among_many() -> None:
    base: list[float | None] = [0.5] * 40
    better = compared([0.6] * 8 + [0.4] + [0.5] * 31, base)
    others = [compared([0.6, 0.4] * 20, base)] * 12
    assert better.p == pytest.approx(mcnemar(8, 1))
    assert better.differs
    corrected = adjusted([better, *others])[0]
    assert corrected.p == better.p
    assert corrected.adjusted_p == pytest.approx(min(1.0, 13 * better.p))
    assert not corrected.differs
    assert corrected.verdict.startswith("Inside noise: new - old = +0.017 [+0.0")


def test_a_clear_difference_is_said_with_its_size_and_interval_whoever_is_ahead() -> None:
    ahead = [0.8, 0.9, 0.7, 0.8, 1.0, 0.9, 0.8, 0.7, 0.9, 0.8]
    behind = [0.5, 0.5, 0.4, 0.6, 0.7, 0.5, 0.6, 0.4, 0.5, 0.5]
    won = compared(ahead, behind)
    lost = compared(behind, ahead)
    assert won.differs
    assert lost.differs
    assert won.verdict.startswith("new is better than old by 0.310 [0.2")
    assert won.verdict.endswith("p = 0.002.")
    assert lost.verdict.startswith("old is better than new by 0.310 [0.2")
    assert (won.better, won.worse) == (lost.worse, lost.better) == (10, 0)
    assert won.difference.low > 0 > lost.difference.high


def test_two_needs_with_the_same_gain_prove_nothing() -> None:
    """Resampled, both ends of the interval would be the gain itself."""
    found = compared([0.7, 0.7], [0.5, 0.5])
    assert found.difference.low < 0 < found.difference.high
    assert found.verdict.startswith("Inside noise: new - old = +0.200 [-0.7")


def test_equal_rankers_are_called_equal() -> None:
    same = compared([0.5, 1.0, None], [0.5, 1.0, None])
    assert same.verdict == "new and old are equal on every query."
    assert (same.difference.n, same.difference.undefined) == (2, 1)


def test_queries_without_a_value_keep_the_others_with_their_needs() -> None:
    a: list[float | None] = [None, 0.9, 0.8, 0.7, 0.9]
    b: list[float | None] = [None, 0.5, 0.5, 0.5, 0.5]
    needs = ["", "", "x", "x", ""]
    found = compared(a, b, needs=needs)
    assert found.p == pytest.approx(2 / 2**3)  # three needs: its own, x, its own
    assert compare("recall", "new", "old", [None], [None]) is None


def test_runs_that_are_not_of_the_same_queries_are_not_compared() -> None:
    with pytest.raises(EvaluationError, match="2 queries and old 1"):
        compare("recall", "new", "old", [0.5, 0.6], [0.5])
    with pytest.raises(EvaluationError, match="different grades"):
        compare("recall", "new", "old", [0.5, None], [0.5, 0.5])
    with pytest.raises(EvaluationError, match="finite"):
        permutation_test([math.nan])
    with pytest.raises(EvaluationError, match="at least 0"):
        mcnemar(-1, 3)
