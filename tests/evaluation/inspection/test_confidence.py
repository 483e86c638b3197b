"""Risk-coverage, calibration and scores: by hand, by scikit-learn, with ties and empty classes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from sightline.evaluation.inspection import confidence, scores
from sightline.evaluation.inspection.answers import Answer
from tests.evaluation.inspection.making import answer, photo, verdict

levels = st.sampled_from([0.5, 0.6, 0.75, 0.9, 1.0])
decided = st.builds(
    lambda right, said, sure: answer(right, said, sure),
    st.sampled_from(["defect", "normal"]),
    st.sampled_from(["defect", "normal"]),
    levels,
)


def right(sure: float) -> Answer:
    return answer("defect", "defect", sure)


def wrong(sure: float) -> Answer:
    return answer("defect", "normal", sure)


def test_risk_rises_as_less_sure_answers_are_taken() -> None:
    curve = confidence.risk_coverage([right(0.9), wrong(0.6), right(0.8), wrong(0.5)])
    assert curve == ((0.25, 0.0), (0.5, 0.0), (0.75, pytest.approx(1 / 3)), (1.0, 0.5))
    area = confidence.aurc([right(0.9), wrong(0.6), right(0.8), wrong(0.5)])
    assert area == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)


def test_ties_are_broken_by_lot_on_average() -> None:
    answers = [right(0.9), wrong(0.9), wrong(0.9), right(0.7)]
    by_hand = []
    for order in itertools.permutations(answers[:3]):
        errors = list(itertools.accumulate(not one.right for one in [*order, answers[3]]))
        by_hand.append(sum(e / n for n, e in enumerate(errors, start=1)) / 4)
    assert confidence.aurc(answers) == pytest.approx(sum(by_hand) / len(by_hand))


def test_uncertain_and_failed_answers_come_last_and_are_errors() -> None:
    unsure = answer("defect", "uncertain", 1.0)
    failed = answer("defect", "uncertain", 1.0, failure="no JSON")
    assert confidence.risk_coverage([unsure, right(0.2), failed]) == (
        (pytest.approx(1 / 3), 0.0),
        (pytest.approx(2 / 3), 0.5),
        (1.0, pytest.approx(2 / 3)),
    )


def test_where_nothing_is_answered_there_is_nothing_to_measure() -> None:
    unsure = [answer("defect", "uncertain")]
    assert confidence.risk_coverage([]) == ()
    assert confidence.aurc([]) is None
    assert confidence.expected_calibration_error(unsure) is None
    assert confidence.brier_score(unsure) is None
    assert confidence.confidence_auroc([right(0.9), right(0.8)]) is None


def test_calibration_error_by_hand() -> None:
    # Bin [.6, .7): one of two right at .65 on average; bin [.9, 1]: one of one, at 1.
    answers = [right(0.6), wrong(0.7 - 1e-9), right(1.0)]
    expected = 2 / 3 * abs(0.5 - 0.65) + 1 / 3 * 0
    assert confidence.expected_calibration_error(answers) == pytest.approx(expected)
    assert [one.count for one in confidence.reliability(answers)] == [2, 1]


@settings(max_examples=25, deadline=None)
@given(st.lists(decided, min_size=1))
def test_brier_and_auroc_of_the_confidence_are_those_of_scikit_learn(answers: list[Answer]) -> None:
    rights = [one.right for one in answers]
    sure = [one.verdict.confidence for one in answers]
    expected = brier_score_loss(rights, sure, pos_label=True, labels=[False, True])
    assert confidence.brier_score(answers) == pytest.approx(expected)
    if len(set(rights)) == 2:
        assert confidence.confidence_auroc(answers) == pytest.approx(roc_auc_score(rights, sure))


def scored(name: str, product: str, score: float | None) -> Answer:
    kind = "defect" if name.startswith("d") else "normal"
    return Answer(photo(name, kind, product=product), verdict(score=score))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 2.0])), min_size=2))
def test_image_auroc_is_that_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    answers = [
        scored(f"{'d' if defective else 'n'}{at}", "tile", score)
        for at, (defective, score) in enumerate(rows)
    ]
    if len({defective for defective, _ in rows}) < 2:
        assert scores.image_auroc(answers) is None
    else:
        expected = roc_auc_score([row[0] for row in rows], [row[1] for row in rows])
        assert scores.image_auroc(answers) == pytest.approx(expected)


def test_scores_of_two_products_are_never_mixed() -> None:
    # Each product is ordered perfectly, at different levels: together they would not be.
    answers = [
        scored("d1", "tile", 1.0),
        scored("n1", "tile", 0.5),
        scored("d2", "board", 0.2),
        scored("n2", "board", 0.1),
        scored("n3", "bottle", 9.0),
    ]
    assert scores.macro_auroc(answers) == 1.0


def test_a_photo_without_a_score_is_not_left_out() -> None:
    answers = [scored("d1", "tile", 1.0), scored("n1", "tile", 0.5), scored("n2", "tile", None)]
    assert scores.image_auroc(answers) is None


def test_a_confidence_is_turned_into_a_chance_of_a_defect() -> None:
    answers = [answer("defect", "defect", 0.8), answer("normal", "normal", 0.8)]
    assert [scores.by_confidence(one) for one in answers] == [0.8, pytest.approx(0.2)]
    assert scores.by_confidence(answer("normal", "uncertain", 0.8)) == 0.5
    assert scores.image_auroc(answers, scores.by_confidence) == 1.0
