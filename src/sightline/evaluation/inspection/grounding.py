"""Right for the right reason? Boxes and types of findings against those of the gold file.

A finding with a box stands or falls by it: it is *grounded* where the box's centre lies in a gold
box. One without a box is grounded where its words name a defect that the photo has. A model can
be fluent without either; that is what this file counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from sightline.evaluation.inspection.answers import Answer
from sightline.evaluation.inspection.gold import GoldPhoto
from sightline.evaluation.inspection.naming import Synonyms, types_named
from sightline.inspection.verdict import Box, Finding

Reason = Literal["right reason", "wrong reason", "no reason"]
Standing = Literal["right", "wrong", "uncertain", "wrong reason", "no reason", "failure"]


def standing(answer: Answer, synonyms: Synonyms) -> Standing:
    """How an answer turned out, in the words of the report.

    A right verdict on a defective photo of which no finding is grounded has the wrong reason, or
    none where there are no findings: it was luck, and luck doesn't last.
    """
    if answer.failed:
        return "failure"
    if not answer.right:
        return "uncertain" if answer.verdict.decision == "uncertain" else "wrong"
    reason = reason_of(answer, synonyms)
    return "right" if reason is None or reason == "right reason" else reason


def reason_of(answer: Answer, synonyms: Synonyms) -> Reason | None:
    """Why a defect was called one; None where nothing tells, or there is nothing to tell."""
    if not (answer.right and answer.photo.defective and answer.photo.located):
        return None
    if not answer.verdict.findings:
        return "no reason"
    grounded = any(is_grounded(f, answer.photo, synonyms) for f in answer.verdict.findings)
    return "right reason" if grounded else "wrong reason"


def is_grounded(finding: Finding, photo: GoldPhoto, synonyms: Synonyms) -> bool:
    """Whether a finding is of a defect that is there: by its box, or without one by its words."""
    if finding.box is not None:
        return is_hit(finding.box, photo.places)
    return bool(types_named(finding, synonyms) & set(photo.defect_types))


def is_hit(box: Box, places: Iterable[Box]) -> bool:
    """Whether a box's centre lies in one of these places (the "pointing game" of boxes)."""
    return any(place.contains(box.centre) for place in places)


def best_first(findings: Iterable[Finding]) -> list[Finding]:
    """Findings from the highest score to the lowest; those without a score as they came."""
    return sorted(findings, key=lambda finding: -(finding.score or 0.0))


def box_hits(answers: Sequence[Answer]) -> list[bool]:
    """For each defect that was called one: does the best box that was given hit?

    The *best* is the finding with the highest score, or the first. No box is no hit. Over these
    the mean is the box hit rate on true positives.
    """
    return [
        bool(boxes) and is_hit(boxes[0], answer.photo.places)
        for answer in _found_defects(answers)
        for boxes in [_boxes(answer)]
    ]


def box_precision(answers: Sequence[Answer]) -> list[bool]:
    """For each box on a defective photo: does it hit? Boxes on ignored places are left out."""
    return [
        is_hit(box, answer.photo.places)
        for answer in answers
        if answer.photo.boxes
        for box in _boxes(answer)
        if not is_hit(box, answer.photo.ignored)
    ]


def box_recall(answers: Sequence[Answer]) -> list[bool]:
    """For each gold box: does any predicted box hit it?"""
    return [
        any(place.contains(box.centre) for box in _boxes(answer))
        for answer in answers
        for place in answer.photo.places
    ]


def overlaps(answers: Sequence[Answer]) -> list[float]:
    """IoU of each gold box with the predicted box that covers it best; 0 where there is none."""
    return [
        max((place.iou(box) for box in _boxes(answer)), default=0.0)
        for answer in answers
        for place in answer.photo.places
    ]


def hallucinated(answers: Sequence[Answer], verdict: str, synonyms: Synonyms) -> list[bool]:
    """For each finding on photos of one class: is it of a defect that isn't there?

    On normal photos every finding is; on defective ones those that aren't grounded. Photos whose
    defects have no boxes, and findings on ignored places, count neither way.
    """
    return [
        not is_grounded(finding, answer.photo, synonyms)
        for answer, finding in _findings(answers, verdict)
    ]


def misnamed(answers: Sequence[Answer], verdict: str, synonyms: Synonyms) -> list[bool]:
    """For each finding that names a known type: does the photo have no defect of that type?"""
    return [
        not named & set(answer.photo.defect_types)
        for answer, finding in _findings(answers, verdict)
        for named in [types_named(finding, synonyms)]
        if named
    ]


def matches_nothing(answers: Sequence[Answer], verdict: str, synonyms: Synonyms) -> list[bool]:
    """For each finding: is it grounded neither by its box nor by its words?

    The kindest count of hallucinations: a right word at a wrong place is none.
    """
    return [
        not is_grounded(finding, answer.photo, synonyms)
        and not types_named(finding, synonyms) & set(answer.photo.defect_types)
        for answer, finding in _findings(answers, verdict)
    ]


def _found_defects(answers: Sequence[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.photo.boxes and answer.right]


def _boxes(answer: Answer) -> list[Box]:
    found = best_first(answer.verdict.findings)
    return [finding.box for finding in found if finding.box is not None]


def _findings(answers: Sequence[Answer], verdict: str) -> list[tuple[Answer, Finding]]:
    return [
        (answer, finding)
        for answer in answers
        if answer.photo.verdict == verdict and answer.photo.located
        for finding in answer.verdict.findings
        if finding.box is None or not is_hit(finding.box, answer.photo.ignored)
    ]
