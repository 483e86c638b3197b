"""Agreement with oneself: the textbook's figures, and no figure where there is none to give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from sightline.evaluation.intervals import wilson_interval
from sightline.evaluation.judging.agreement import agreement

GRADES = st.integers(0, 2)


@settings(max_examples=50)
@given(st.lists(st.tuples(GRADES, GRADES), min_size=1, max_size=60))
def test_kappa_is_that_of_an_established_implementation(pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    found = agreement(first, second)
    if found.kappa is None:
        assert len(set(first) | set(second)) == 1
    else:
        expected = cohen_kappa_score(first, second, weights="linear", labels=[0, 1, 2])
        assert found.kappa == pytest.approx(expected, abs=1e-12)
    assert found.equal == pytest.approx(np.mean(np.equal(first, second)))
    assert found.pairs == len(pairs)


def test_the_interval_is_that_of_resampled_pairs() -> None:
    rng = np.random.default_rng(3)
    first = rng.choice(3, size=120, p=[0.6, 0.2, 0.2])
    second = np.where(rng.random(120) < 0.8, first, rng.choice(3, size=120))
    draws = rng.integers(0, 120, (2000, 120))
    kappas = [cohen_kappa_score(first[d], second[d], weights="linear") for d in draws[:300]]
    shares = (first == second)[draws].mean(axis=1)
    found = agreement(first.tolist(), second.tolist())
    assert found.kappa_interval == pytest.approx(np.percentile(kappas, [2.5, 97.5]), abs=0.04)
    assert found.equal_interval == pytest.approx(np.percentile(shares, [2.5, 97.5]), abs=0.02)


def test_the_same_grades_give_the_same_interval() -> None:
    first, second = [0, 1, 2, 2, 0, 1] * 5, [0, 1, 2, 1, 0, 1] * 5
    assert agreement(first, second) == agreement(first, second)


def test_far_off_counts_twice_as_much_as_one_off() -> None:
    near = agreement([0, 0, 2, 2], [0, 1, 2, 2])
    far = agreement([0, 0, 2, 2], [0, 2, 2, 2])
    assert near.kappa is not None
    assert far.kappa is not None
    assert far.kappa < near.kappa < 1


def test_grades_that_are_all_the_same_say_nothing_about_chance() -> None:
    found = agreement([0] * 50, [0] * 50)
    assert found.equal == 1
    assert found.kappa is None
    assert found.kappa_interval is None


def test_too_few_pairs_give_no_interval() -> None:
    found = agreement([0, 0, 2], [0, 0, 2])
    assert found.kappa == 1
    assert found.kappa_interval is None  # a third of the resamples hold one grade only


def test_agreeing_on_every_pair_is_not_certain_to_go_on() -> None:
    found = agreement([0, 1, 2, 0, 1, 2, 0, 1] * 2, [0, 1, 2, 0, 1, 2, 0, 1] * 2)
    assert found.equal == 1
    assert found.equal_interval == wilson_interval(16, 16)
    assert found.kappa == 1
    assert found.kappa_interval is None  # every resample says 1
