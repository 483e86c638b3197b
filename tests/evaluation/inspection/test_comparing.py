"""Between arms: what the same photos say."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from sightline.evaluation.inspection.answers import Answer
from sightline.evaluation.inspection.comparing import compare_arms
from tests.evaluation.inspection.making import photo, verdict


def answers(rights: str) -> list[Answer]:
    return [
        Answer(photo(f"p{at}", "defect"), verdict("defect" if right == "r" else "normal"))
        for at, right in enumerate(rights)
    ]


def test_only_photos_on_which_two_arms_disagree_count() -> None:
    (found,) = compare_arms({"a": answers("rrrrrrrrrr"), "b": answers("rrwwwwwwww")})
    assert (found.only_a, found.only_b, found.photos) == (8, 0, 10)
    assert found.p == pytest.approx(binomtest(0, 8, 0.5).pvalue)
    assert found.sentence.startswith("a is better than b")


def test_a_difference_inside_noise_is_called_that() -> None:
    (found,) = compare_arms({"a": answers("rrrw"), "b": answers("rrww")})
    assert found.p == 1.0
    assert "no difference beyond noise" in found.sentence


def test_p_values_allow_for_all_comparisons() -> None:
    arms = {"a": answers("rrrrrrr"), "b": answers("wwwwwww"), "c": answers("wwwwwww")}
    found = {(one.a, one.b): one for one in compare_arms(arms)}
    plain = binomtest(0, 7, 0.5).pvalue
    assert found["a", "b"].p == pytest.approx(plain)
    assert found["a", "b"].p_corrected == pytest.approx(3 * plain)


def test_photos_that_one_arm_never_saw_are_left_out() -> None:
    (found,) = compare_arms({"a": answers("rr"), "b": answers("rrww")})
    assert found.photos == 2
