"""Right for the right reason: boxes, words, luck and inventions."""

from __future__ import annotations

import pytest

from sightline.evaluation.inspection import grounding
from sightline.evaluation.inspection.answers import Answer
from sightline.evaluation.inspection.naming import types_named
from sightline.inspection.verdict import Box, Finding
from tests.evaluation.inspection.making import SPOT, SYNONYMS, answer, finding, photo, verdict

ELSEWHERE = (90.0, 70.0, 110.0, 85.0)


def said(*findings: Finding, right: str = "defect", decision: str = "defect") -> Answer:
    return Answer(photo("a", right), verdict(decision, findings=findings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "types"),
    [
        ("Spot", {"spot"}),
        ("dark-spots", {"spot"}),
        ("STAIN on the rim", {"spot"}),
        ("broken", {"crack", "missing piece"}),
        ("fractures", {"crack"}),
        ("spotless", set()),
        ("anomaly", set()),
        ("underfilled", {"underfilled"}),
    ],
)
def test_words_are_matched_whole_and_by_synonym(words: str, types: set[str]) -> None:
    assert types_named(finding(words), SYNONYMS) == types


def test_the_sentence_counts_where_the_type_names_nothing() -> None:
    unnamed = finding("anomaly", sentence="A stain in the middle.")
    assert types_named(unnamed, SYNONYMS) == {"spot"}


def test_a_finding_stands_or_falls_by_its_box() -> None:
    place = photo("a", "defect")
    assert grounding.is_grounded(finding("anomaly", SPOT), place, SYNONYMS)
    assert not grounding.is_grounded(finding("spot", ELSEWHERE), place, SYNONYMS)
    assert grounding.is_grounded(finding("stain", None), place, SYNONYMS)
    assert not grounding.is_grounded(finding("crack", None), place, SYNONYMS)


def test_the_edge_of_a_gold_box_on_the_right_is_outside() -> None:
    gold = [Box(10, 10, 20, 20)]
    assert grounding.is_hit(Box(5, 5, 15, 15), gold)
    assert not grounding.is_hit(Box(15, 15, 25, 25), gold)


@pytest.mark.parametrize(
    ("given", "standing"),
    [
        (said(finding()), "right"),
        (said(finding(box=ELSEWHERE)), "wrong reason"),
        (said(finding("crack", None)), "wrong reason"),
        (said(), "no reason"),
        (said(finding(), decision="normal"), "wrong"),
        (said(finding(), decision="uncertain"), "uncertain"),
        (said(right="normal", decision="normal"), "right"),
        (said(finding(), right="normal"), "wrong"),
        (answer("defect", "uncertain", failure="no JSON"), "failure"),
        (answer("uncertain", "uncertain"), "right"),
    ],
)
def test_a_right_verdict_for_a_wrong_reason_is_a_class_of_its_own(
    given: Answer, standing: str
) -> None:
    assert grounding.standing(given, SYNONYMS) == standing


def test_a_defect_without_boxes_has_no_reason_to_check() -> None:
    alone = Answer(photo("a", "defect", boxes=(), defect_types=()), verdict("defect"))
    assert grounding.reason_of(alone, SYNONYMS) is None
    assert grounding.standing(alone, SYNONYMS) == "right"


def test_the_box_with_the_highest_score_is_the_one_that_counts() -> None:
    lucky = said(finding(box=ELSEWHERE, score=0.9), finding(score=0.2))
    assert grounding.box_hits([lucky]) == [False]
    assert grounding.box_hits([said(finding(score=0.9), finding(box=ELSEWHERE))]) == [True]
    assert grounding.box_hits([said(finding(box=None))]) == [False]
    assert grounding.box_hits([said(decision="normal"), said(right="normal")]) == []


def test_boxes_are_counted_from_both_sides() -> None:
    two = photo("a", "defect", boxes=(SPOT, (0.0, 0.0, 10.0, 10.0)))
    given = Answer(two, verdict("defect", findings=(finding(), finding(box=ELSEWHERE))))
    assert grounding.box_precision([given]) == [True, False]
    assert grounding.box_recall([given]) == [True, False]
    assert grounding.overlaps([given]) == [1.0, 0.0]


def test_every_finding_on_a_normal_piece_is_invented() -> None:
    normal = said(finding(), finding(box=None), right="normal")
    assert grounding.hallucinated([normal], "normal", SYNONYMS) == [True, True]
    assert grounding.hallucinated([normal], "defect", SYNONYMS) == []


def test_wrong_name_wrong_place_and_neither_are_counted_apart() -> None:
    given = said(
        finding("spot", SPOT),
        finding("crack", SPOT),
        finding("spot", ELSEWHERE),
        finding("anomaly", ELSEWHERE),
    )
    assert grounding.hallucinated([given], "defect", SYNONYMS) == [False, False, True, True]
    assert grounding.misnamed([given], "defect", SYNONYMS) == [False, True, False]
    assert grounding.matches_nothing([given], "defect", SYNONYMS) == [False, False, False, True]


def test_findings_on_an_ignored_place_count_neither_way() -> None:
    speck = photo("a", "normal", ignore=(ELSEWHERE,))
    given = Answer(speck, verdict("defect", findings=(finding(box=ELSEWHERE), finding())))
    assert grounding.hallucinated([given], "normal", SYNONYMS) == [True]
