"""Misses, false alarms and balanced accuracy, with `uncertain` counted in two ways.

*Sent to a person*: an uncertain verdict is no mistake, a person will look. *As an error*: it is
one, because the inspector was there to decide. A failure (no usable answer) is a mistake in both:
leaving failures out flatters whoever fails on the hard photos.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from sightline.evaluation.inspection.answers import Answer, on

Uncertain = Literal["person", "error"]


def miss_rate(answers: Sequence[Answer], uncertain: Uncertain) -> float | None:
    """FN / (FN + TP) over all defective photos: how often a defect goes through.

    A miss is the verdict normal or a failure; and uncertain, where that counts as an error. (False
    negative rate, 1 - sensitivity; Fawcett 2006, doi:10.1016/j.patrec.2005.10.010.) None without
    a defective photo.
    """
    return _share(is_miss(answer, uncertain) for answer in on(answers, "defect"))


def false_alarm_rate(answers: Sequence[Answer], uncertain: Uncertain) -> float | None:
    """FP / (FP + TN) over all normal photos: how often a faultless piece is stopped.

    A false alarm is the verdict defect or a failure; and uncertain, where that counts as an error.
    (False positive rate, 1 - specificity.) None without a normal photo.
    """
    return _share(is_false_alarm(answer, uncertain) for answer in on(answers, "normal"))


def balanced_accuracy(answers: Sequence[Answer], uncertain: Uncertain) -> float | None:
    """Mean of sensitivity and specificity: .5 for any constant answer, whatever the mixture.

    (Brodersen et al. 2010, doi:10.1109/ICPR.2010.764.) Where uncertain photos go to a person, it is
    over the decided ones and failures only: how good the decisions are that the inspector takes.
    None where a class is empty.
    """
    if uncertain == "person":
        answers = [answer for answer in answers if answer.decided or answer.failed]
    misses = miss_rate(answers, uncertain)
    alarms = false_alarm_rate(answers, uncertain)
    return None if misses is None or alarms is None else 1 - (misses + alarms) / 2


def uncertain_rate(answers: Sequence[Answer], verdict: str) -> float | None:
    """Share of the photos of one class that are called uncertain; failures are none of them."""
    return _share(
        not answer.failed and answer.verdict.decision == "uncertain"
        for answer in on(answers, verdict)
    )


def failure_rate(answers: Sequence[Answer]) -> float | None:
    """Share of all photos without a usable answer."""
    return _share(answer.failed for answer in answers)


def is_miss(answer: Answer, uncertain: Uncertain) -> bool:
    """Whether the defect on this photo goes through."""
    return _is_mistake(answer, "normal", uncertain)


def is_false_alarm(answer: Answer, uncertain: Uncertain) -> bool:
    """Whether this faultless piece is stopped."""
    return _is_mistake(answer, "defect", uncertain)


def _is_mistake(answer: Answer, wrong: str, uncertain: Uncertain) -> bool:
    if answer.failed:
        return True
    decision = answer.verdict.decision
    return decision == wrong or (decision == "uncertain" and uncertain == "error")


def _share(marks: Iterable[bool]) -> float | None:
    counted = list(marks)
    return sum(counted) / len(counted) if counted else None
