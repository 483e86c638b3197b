"""Does the best score say whether there is an answer at all? AUROC, thresholds, false answers.

A query is *answered* where its best score is at least a threshold. Some queries have an answer in
the gallery; to the others the right answer is "nothing here", and answering them is false.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sightline.errors import EvaluationError
from sightline.evaluation.intervals import told_apart

Scores = Sequence[float] | npt.NDArray[np.floating]


def auroc(positives: Scores, negatives: Scores) -> float | None:
    """Chance that a positive scores above a negative, a tie counting half (0 to 1, .5 is a coin).

    The area under the ROC curve, as the Mann-Whitney statistic (Hanley and McNeil 1982,
    doi:10.1148/radiology.143.1.7063747). None where either side is empty.
    """
    above, below = np.asarray(positives, np.float64), np.sort(np.asarray(negatives, np.float64))
    _require_numbers(above, below)
    if not len(above) or not len(below):
        return None
    beaten = np.searchsorted(below, above, side="left")
    beaten_or_tied = np.searchsorted(below, above, side="right")
    return float((beaten + beaten_or_tied).sum()) / (2 * len(above) * len(below))


def answering_threshold(scores: Scores, keep: float = 0.9) -> float:
    """The highest threshold at which at least `keep` of these queries are still answered.

    Args:
        scores: the best score of each query that has an answer.
        keep: share in (0, 1]; a query is answered where its best score is at least the threshold.

    Raises:
        EvaluationError: no scores, or a share that can't be kept.
    """
    values = np.sort(np.asarray(scores, dtype=np.float64))[::-1]
    _require_numbers(values)
    if not len(values) or not 0 < keep <= 1:
        raise EvaluationError(f"Can't keep {keep:g} of {len(values)} queries answered.")
    # 7 % of 100 queries are 7, though 0.07 * 100 is a little more as a float.
    return float(values[math.ceil(keep * len(values) - 1e-9) - 1])


def false_answer_rate(scores: Scores, threshold: float) -> float | None:
    """Share of no-answer queries that are answered all the same; None where there are none.

    Args:
        scores: the best score of each query whose right answer is "nothing here".
        threshold: from a choice that these queries had no part in; `answered_by_others` makes one.
    """
    values = np.asarray(scores, dtype=np.float64)
    _require_numbers(values)
    return float(np.mean(values >= threshold)) if len(values) else None


def answered_by_others(
    scores: Scores, answerable: Sequence[bool], needs: Sequence[str], keep: float = 0.9
) -> tuple[bool, ...]:
    """Whether each query is answered at a threshold that its own need had no part in.

    The threshold of a query keeps `keep` of the answerable queries of all *other* needs answered
    (cross-fitting, one need held out at a time). Over the answerable queries the mean of the result
    is the share that is really kept; over the no-answer ones it is the false-answer rate.

    Args:
        scores: the best score of each query.
        answerable: whether the gallery holds a relevant photo for it.
        needs: what it is for; queries of one need are held out together, and one that names none
            by itself.

    Raises:
        EvaluationError: fewer than two needs have an answer, or `keep` is no share.
    """
    values = np.asarray(scores, dtype=np.float64)
    known = np.asarray(answerable, dtype=bool)
    apart = told_apart(needs, len(values))
    of_need = np.asarray(apart, dtype=object)
    if len(values) != len(known):
        raise EvaluationError("Scores and answers are not of the same queries.")
    if len(set(of_need[known])) < 2:
        raise EvaluationError(
            "A threshold for answering needs queries of at least two needs that have an answer."
        )
    thresholds = {
        need: answering_threshold(values[known & (of_need != need)], keep)
        for need in dict.fromkeys(apart)
    }
    return tuple(bool(value >= thresholds[need]) for value, need in zip(values, apart, strict=True))


def _require_numbers(*scores: npt.NDArray[np.float64]) -> None:
    if any(np.isnan(values).any() for values in scores):
        raise EvaluationError("A score is not a number. Correct the ranker.")
