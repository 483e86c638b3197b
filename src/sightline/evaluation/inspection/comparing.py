"""Is one arm better than another, or is it noise? McNemar's test on the same photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from sightline.evaluation.comparison import holm, mcnemar
from sightline.evaluation.inspection.answers import Answer
from sightline.evaluation.inspection.results import ArmComparison

_NOISE = 0.05


def compare_arms(first_draws: Mapping[str, Sequence[Answer]]) -> tuple[ArmComparison, ...]:
    """Every two arms, by right and wrong verdicts on the photos that both answered.

    An uncertain verdict and a failure count as wrong. Of arms with several draws the first one
    counts. p-values allow for all comparisons together (Holm). Photos of one piece are not
    independent, so p is too small where a product has few pieces.
    """
    pairs = list(combinations(first_draws, 2))
    counted = [_disagreements(first_draws[a], first_draws[b]) for a, b in pairs]
    corrected = holm({str(at): mcnemar(a, b) for at, (a, b, _) in enumerate(counted)})
    return tuple(
        ArmComparison(
            a=a,
            b=b,
            photos=photos,
            only_a=only_a,
            only_b=only_b,
            p=mcnemar(only_a, only_b),
            p_corrected=corrected[str(at)],
            sentence=_sentence(a, b, only_a, only_b, corrected[str(at)]),
        )
        for at, ((a, b), (only_a, only_b, photos)) in enumerate(zip(pairs, counted, strict=True))
    )


def _disagreements(of_a: Sequence[Answer], of_b: Sequence[Answer]) -> tuple[int, int, int]:
    right_b = {answer.photo.id: answer.right for answer in of_b}
    both = [(a.right, right_b[a.photo.id]) for a in of_a if a.photo.id in right_b]
    return (
        sum(a and not b for a, b in both),
        sum(b and not a for a, b in both),
        len(both),
    )


def _sentence(a: str, b: str, only_a: int, only_b: int, p: float) -> str:
    if p >= _NOISE:
        return f"Between {a} and {b} there is no difference beyond noise."
    better, worse = (a, b) if only_a > only_b else (b, a)
    more, fewer = max(only_a, only_b), min(only_a, only_b)
    return (
        f"{better} is better than {worse}: right where the other errs {more} times, against "
        f"{fewer}."
    )
