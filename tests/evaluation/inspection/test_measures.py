"""Misses, false alarms, balanced accuracy: by hand, and as scikit-learn counts them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, recall_score

from sightline.evaluation.inspection import measures
from sightline.evaluation.inspection.answers import Answer
from tests.evaluation.inspection.making import answer

FOUND = answer("defect", "defect")
MISSED = answer("defect", "normal")
PASSED = answer("normal", "normal")
ALARM = answer("normal", "defect")
UNSURE_DEFECT = answer("defect", "uncertain")
UNSURE_NORMAL = answer("normal", "uncertain")
FAILED_DEFECT = answer("defect", "uncertain", failure="no JSON")
FAILED_NORMAL = answer("normal", "uncertain", failure="no JSON")


def test_uncertain_goes_to_a_person_or_counts_as_an_error() -> None:
    answers = [FOUND, MISSED, UNSURE_DEFECT, FOUND, PASSED, UNSURE_NORMAL]
    assert measures.miss_rate(answers, "person") == pytest.approx(1 / 4)
    assert measures.miss_rate(answers, "error") == pytest.approx(2 / 4)
    assert measures.false_alarm_rate(answers, "person") == 0
    assert measures.false_alarm_rate(answers, "error") == pytest.approx(1 / 2)
    assert measures.balanced_accuracy(answers, "error") == pytest.approx((1 / 2 + 1 / 2) / 2)
    # Of the decided ones: two of three defects found, the one normal piece passed.
    assert measures.balanced_accuracy(answers, "person") == pytest.approx((2 / 3 + 1) / 2)
    assert measures.uncertain_rate(answers, "defect") == pytest.approx(1 / 4)
    assert measures.uncertain_rate(answers, "normal") == pytest.approx(1 / 2)


def test_a_failure_is_a_mistake_in_every_count_and_is_not_called_uncertain() -> None:
    answers = [FOUND, FAILED_DEFECT, PASSED, FAILED_NORMAL]
    for way in ("person", "error"):
        assert measures.miss_rate(answers, way) == pytest.approx(1 / 2)
        assert measures.false_alarm_rate(answers, way) == pytest.approx(1 / 2)
        assert measures.balanced_accuracy(answers, way) == pytest.approx(1 / 2)
    assert measures.uncertain_rate(answers, "defect") == 0
    assert measures.failure_rate(answers) == pytest.approx(1 / 2)


def test_an_empty_class_has_no_rate() -> None:
    assert measures.miss_rate([PASSED], "error") is None
    assert measures.false_alarm_rate([FOUND], "error") is None
    assert measures.balanced_accuracy([FOUND, MISSED], "error") is None
    assert measures.failure_rate([]) is None
    assert measures.balanced_accuracy([UNSURE_DEFECT, UNSURE_NORMAL], "person") is None


def test_photos_that_nobody_can_judge_are_in_neither_class() -> None:
    unclear = answer("uncertain", "defect")
    assert measures.miss_rate([unclear], "error") is None
    assert measures.false_alarm_rate([unclear, PASSED], "error") == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([FOUND, MISSED, PASSED, ALARM]), min_size=2))
def test_they_are_those_of_scikit_learn(answers: list[Answer]) -> None:
    truth = [one.photo.defective for one in answers]
    said = [one.verdict.decision == "defect" for one in answers]
    if len(set(truth)) < 2:
        return
    ours = measures.balanced_accuracy(answers, "error")
    assert ours == pytest.approx(balanced_accuracy_score(truth, said))
    misses = measures.miss_rate(answers, "error")
    assert misses == pytest.approx(1 - recall_score(truth, said))
