"""Is a confidence worth its number? Risk against coverage, calibration, right against wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sightline.evaluation.abstention import auroc
from sightline.evaluation.inspection.answers import Answer

Floats = npt.NDArray[np.float64]

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Decided answers whose confidence lies in [low, high), the last bin with its upper end."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def risk_coverage(answers: Sequence[Answer]) -> tuple[tuple[float, float], ...]:
    """Share of wrong answers among the surest, for every share that is answered.

    The selective risk of El-Yaniv and Wiener (2010, JMLR 11:1605): answers are taken from the most
    to the least confident. Among equally confident ones the order is by lot, so the risk is that
    of the expected number of errors. Uncertain verdicts and failures come last, as errors: they
    are what has to be answered after all to cover everything.

    Returns:
        (coverage, risk) for 1/n, 2/n, … 1; empty without answers.
    """
    keys = _surest_first(answers)
    wrong = np.array([not answer.right for answer in answers], dtype=np.float64)
    if not len(wrong):
        return ()
    order = np.argsort(-keys, kind="stable")
    errors = np.cumsum(_shared_within_ties(keys[order], wrong[order]))
    taken = np.arange(1, len(wrong) + 1)
    return tuple(zip((taken / len(wrong)).tolist(), (errors / taken).tolist(), strict=True))


def aurc(answers: Sequence[Answer]) -> float | None:
    """Area under the risk-coverage curve: the mean risk over all coverages 1/n … 1.

    0 is perfect; an inspector whose confidence says nothing has its error rate (Geifman, Uziel and
    El-Yaniv 2019, arXiv:1805.08206, equation 4). None without answers.
    """
    curve = risk_coverage(answers)
    return sum(risk for _, risk in curve) / len(curve) if curve else None


def reliability(answers: Sequence[Answer], bins: int = BINS) -> tuple[Bin, ...]:
    """Confidence and accuracy of the decided answers, in equal bins of confidence.

    (Reliability diagram; Guo et al. 2017, arXiv:1706.04599.) Empty bins are left out.
    """
    decided = [answer for answer in answers if answer.decided]
    found = []
    for at in range(bins):
        members = [a for a in decided if min(bins - 1, int(a.verdict.confidence * bins)) == at]
        if members:
            mean = sum(a.verdict.confidence for a in members) / len(members)
            right = sum(a.right for a in members) / len(members)
            found.append(Bin(at / bins, (at + 1) / bins, len(members), mean, right))
    return tuple(found)


def expected_calibration_error(answers: Sequence[Answer], bins: int = BINS) -> float | None:
    """Σ n_b / n · |accuracy_b - confidence_b| over equal bins of the decided answers.

    0 where a confidence of .8 is right 8 times in 10 (Naeini, Cooper and Hauskrecht 2015; Guo et
    al. 2017, arXiv:1706.04599, equation 3). With few answers it is too high: even a perfect
    confidence has bins that miss by chance. None where nothing was decided.
    """
    found = reliability(answers, bins)
    total = sum(one.count for one in found)
    if not total:
        return None
    return sum(one.count * abs(one.accuracy - one.confidence) for one in found) / total


def brier_score(answers: Sequence[Answer]) -> float | None:
    """Mean of (confidence - right)² over the decided answers (Brier 1950); 0 is perfect.

    None where nothing was decided.
    """
    decided = [answer for answer in answers if answer.decided]
    if not decided:
        return None
    return sum((a.verdict.confidence - a.right) ** 2 for a in decided) / len(decided)


def confidence_auroc(answers: Sequence[Answer]) -> float | None:
    """Chance that a right decision is more confident than a wrong one, a tie counting half.

    .5: the confidence says nothing of where the inspector errs. (Hendrycks and Gimpel 2017,
    arXiv:1610.02136.) None where all decisions are right, or all wrong.
    """
    decided = [answer for answer in answers if answer.decided]
    return auroc(
        [answer.verdict.confidence for answer in decided if answer.right],
        [answer.verdict.confidence for answer in decided if not answer.right],
    )


def _surest_first(answers: Sequence[Answer]) -> Floats:
    return np.array([a.verdict.confidence if a.decided else -1.0 for a in answers], np.float64)


def _shared_within_ties(keys: Floats, wrong: Floats) -> Floats:
    """Each answer's expected error when ties are broken by lot: the mean of its ties."""
    _, of = np.unique(-keys, return_inverse=True)
    return np.asarray((np.bincount(of, weights=wrong) / np.bincount(of))[of])
