"""Do scores order the photos of a product? Image AUROC, product by product."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sightline.evaluation.abstention import auroc
from sightline.evaluation.inspection.answers import Answer, on

ScoreOf = Callable[[Answer], float | None]


def by_score(answer: Answer) -> float | None:
    """The inspector's own score, if it gave one."""
    return answer.verdict.score


def by_confidence(answer: Answer) -> float:
    """The chance of a defect that the confidence amounts to."""
    return answer.chance_of_defect


def image_auroc(answers: Sequence[Answer], score: ScoreOf = by_score) -> float | None:
    """Chance that a defective photo scores above a normal one of the same product (0 to 1).

    The image-level AUROC of MVTec AD (Bergmann et al. 2019), ties counting half. A photo whose
    right verdict is uncertain belongs to neither side. None where a side is empty, or a photo has
    no score: leaving that one out would flatter.
    """
    positives = [score(answer) for answer in on(answers, "defect")]
    negatives = [score(answer) for answer in on(answers, "normal")]
    known = [value for value in positives + negatives if value is not None]
    if len(known) < len(positives) + len(negatives):
        return None
    return auroc(known[: len(positives)], known[len(positives) :])


def macro_auroc(answers: Sequence[Answer], score: ScoreOf = by_score) -> float | None:
    """Mean image AUROC of the products that have one: scores order photos of one product only."""
    products = dict.fromkeys(answer.photo.product for answer in answers)
    of_product = [
        image_auroc([a for a in answers if a.photo.product == product], score)
        for product in products
    ]
    defined = [value for value in of_product if value is not None]
    return sum(defined) / len(defined) if defined else None
