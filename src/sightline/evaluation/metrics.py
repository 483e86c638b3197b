"""What the ranking of one query is worth.

A *ranking* is files, best first; *grades* are 0, 1 or 2 for each photo that somebody judged. What
holds for every metric here:

- A photo is relevant from grade `least` (1) on. An unjudged photo counts as not relevant, so that
  a ranker can't gain by showing what nobody looked at; `judged_at` says how far that could matter.
- A ranking may be shorter than k. Precision divides by k all the same: an empty place shows
  nothing relevant.
- Where no photo is relevant, precision is 0 and whatever divides by, or looks for, the relevant
  ones is undefined: None, which is left to the caller to count. It is never taken for 0.
- Several photos of one score have no order of their own: see `ranked`.

Definitions follow Manning, Raghavan and Schütze 2008, "Introduction to Information Retrieval",
chapter 8, and agree with trec_eval as far as it goes.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sightline.errors import EvaluationError
from sightline.evaluation.gold import RELEVANT

Grades = Mapping[str, int]
Scores = Sequence[float] | npt.NDArray[np.floating]


def ranked(scores: Scores, files: Sequence[str], query: str) -> tuple[str, ...]:
    """Files by falling score; those of one score in an order that has nothing to do with them.

    Sorting ties by name or by place would favour a folder (and a ranker that gives everything the
    same score would look good or bad by the names of the photos), and putting relevant ones last
    would need the answers. So ties are shuffled, by a hash of query and file: the same for every
    ranker and on every machine, another one for every query. The mean over queries then estimates
    what a random order of the ties gives (McSherry and Najork 2008, "Computing information
    retrieval performance measures efficiently in the presence of tied scores").

    Args:
        scores: one for each file, higher is better; infinities are allowed.
        query: the query's id.

    Raises:
        EvaluationError: a score is NaN, or there are more or fewer scores than files.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (len(files),):
        raise EvaluationError(
            f"Query {query!r}: {len(files)} photos and scores of shape {values.shape}; a ranker "
            "owes one score to each photo."
        )
    if np.isnan(values).any():
        worst = files[int(np.isnan(values).argmax())]
        raise EvaluationError(
            f"Query {query!r}: the score of {worst!r} is not a number. Correct the ranker."
        )
    order = np.argsort(-values, kind="stable")
    falling = values[order]
    starts = np.flatnonzero(np.r_[True, falling[1:] != falling[:-1]])
    found: list[str] = []
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        same = [files[at] for at in order[start:end]]
        found += sorted(same, key=lambda file: _lot(query, file)) if len(same) > 1 else same
    return tuple(found)


def precision_at(k: int, ranking: Sequence[str], grades: Grades, least: int = RELEVANT) -> float:
    """Share of the first k places that hold a relevant photo."""
    return sum(_hits(ranking, grades, least, k)) / k


def recall_at(
    k: int, ranking: Sequence[str], grades: Grades, least: int = RELEVANT
) -> float | None:
    """*True* recall: share of the relevant photos that are among the first k.

    With more than k relevant photos it can't reach 1. What CLIP's papers call recall is `hit_at`.
    """
    found = sum(_hits(ranking, grades, least, k))
    total = count_relevant(grades, least)
    return found / total if total else None


def hit_at(k: int, ranking: Sequence[str], grades: Grades, least: int = RELEVANT) -> float | None:
    """1 if any of the first k is relevant, else 0: success@k, and "R@k" in CLIP's papers."""
    found = any(_hits(ranking, grades, least, k))
    return float(found) if count_relevant(grades, least) else None


def reciprocal_rank(ranking: Sequence[str], grades: Grades, least: int = RELEVANT) -> float | None:
    """1 / rank of the first relevant photo, 0 where none is ranked; its mean is MRR."""
    first = first_relevant_rank(ranking, grades, least)
    if first is not None:
        return 1 / first
    return 0.0 if count_relevant(grades, least) else None


def first_relevant_rank(
    ranking: Sequence[str], grades: Grades, least: int = RELEVANT
) -> int | None:
    """Rank, from 1, of the first relevant photo; None where the ranking holds none."""
    hits = _hits(ranking, grades, least)
    return hits.index(True) + 1 if True in hits else None


def average_precision(
    ranking: Sequence[str], grades: Grades, least: int = RELEVANT
) -> float | None:
    """Mean, over all relevant photos, of the precision at each one's rank; its mean is mAP.

    A relevant photo that the ranking doesn't hold adds 0.
    """
    precisions = _precisions(ranking, grades, least)
    total = count_relevant(grades, least)
    return math.fsum(precisions) / total if total else None


def ndcg_at(k: int, ranking: Sequence[str], grades: Grades) -> float | None:
    """Discounted gain of the first k, of the most that any ranking could have (0 to 1).

    The gain is the grade itself, the discount 1 / log2(rank + 1) (Järvelin and Kekäläinen 2002,
    doi:10.1145/582415.582418), as in trec_eval, in ranx's `ndcg` and in scikit-learn. The other
    common gain, 2^grade - 1 (Burges et al. 2005; ranx's `ndcg_burges`), would say that a photo
    graded 2 is worth three of grade 1, for which nothing that a judge was asked speaks.
    """
    gains = [max(0, grades.get(file, 0)) for file in _first(k, ranking)]
    best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:k]
    return _discounted(gains) / _discounted(best) if best else None


def judged_at(k: int, ranking: Sequence[str], grades: Grades) -> float | None:
    """Share of the first k that somebody graded; None where the ranking is empty.

    Of what is shown, not of k: places that show nothing are not unjudged.
    """
    shown = _first(k, ranking)
    return sum(file in grades for file in shown) / len(shown) if shown else None


def precision_recall_curve(
    ranking: Sequence[str], grades: Grades, points: int = 11, least: int = RELEVANT
) -> tuple[float, ...] | None:
    """Interpolated precision at `points` levels of recall from 0 to 1 in even steps.

    At each level the best precision at any rank from which recall is at least that; 0 where the
    ranking never gets so far (Manning et al. 2008, section 8.4).
    """
    if points < 2:
        raise EvaluationError(f"A curve has at least 2 points, not {points}.")
    precisions = _precisions(ranking, grades, least)
    total = count_relevant(grades, least)
    if not total:
        return None
    best_from = np.maximum.accumulate(np.array(precisions)[::-1])[::-1]
    curve = []
    for level in range(points):
        # In whole numbers: 3 of 10 found must count as recall 0.3, which as a float it is not.
        needed = max(1, -(-level * total // (points - 1)))
        curve.append(float(best_from[needed - 1]) if needed <= len(best_from) else 0.0)
    return tuple(curve)


def count_relevant(grades: Grades, least: int = RELEVANT) -> int:
    """How many photos are known to be relevant, ranked or not."""
    return sum(grade >= least for grade in grades.values())


@dataclass(frozen=True)
class QueryFigures:
    """All metrics of one query. Those that are undefined for it are None.

    Attributes:
        relevant: how many photos are known to be relevant.
        first_relevant_rank: from 1; None where the ranking holds no relevant photo.
    """

    relevant: int
    precision_at_5: float
    precision_at_10: float
    recall_at_1: float | None
    recall_at_5: float | None
    recall_at_10: float | None
    hit_at_1: float | None
    hit_at_5: float | None
    hit_at_10: float | None
    ndcg_at_10: float | None
    reciprocal_rank: float | None
    average_precision: float | None
    judged_at_10: float | None
    first_relevant_rank: int | None


def figures_of(ranking: Sequence[str], grades: Grades, least: int = RELEVANT) -> QueryFigures:
    """All metrics of one query.

    Raises:
        EvaluationError: the ranking names a photo twice.
    """
    return QueryFigures(
        relevant=count_relevant(grades, least),
        precision_at_5=precision_at(5, ranking, grades, least),
        precision_at_10=precision_at(10, ranking, grades, least),
        recall_at_1=recall_at(1, ranking, grades, least),
        recall_at_5=recall_at(5, ranking, grades, least),
        recall_at_10=recall_at(10, ranking, grades, least),
        hit_at_1=hit_at(1, ranking, grades, least),
        hit_at_5=hit_at(5, ranking, grades, least),
        hit_at_10=hit_at(10, ranking, grades, least),
        ndcg_at_10=ndcg_at(10, ranking, grades),
        reciprocal_rank=reciprocal_rank(ranking, grades, least),
        average_precision=average_precision(ranking, grades, least),
        judged_at_10=judged_at(10, ranking, grades),
        first_relevant_rank=first_relevant_rank(ranking, grades, least),
    )


def _first(k: int, ranking: Sequence[str]) -> Sequence[str]:
    if k < 1:
        raise EvaluationError(f"The first {k} of a ranking can't be looked at; k is at least 1.")
    first = ranking[:k]
    if len(set(first)) < len(first):
        # Found twice, a relevant photo would count twice, and recall could pass 1.
        twice = next(file for file in first if first.count(file) > 1)
        raise EvaluationError(f"The ranking names {twice!r} twice. Correct the ranker.")
    return first


def _hits(ranking: Sequence[str], grades: Grades, least: int, k: int | None = None) -> list[bool]:
    if least < 1:
        raise EvaluationError(f"Relevant from grade {least} would make every photo relevant.")
    first = _first(len(ranking) or 1 if k is None else k, ranking)
    # Not `get(file, 0) >= least` alone: what nobody judged is relevant at no grade.
    return [grades.get(file, 0) >= least for file in first]


def _precisions(ranking: Sequence[str], grades: Grades, least: int) -> list[float]:
    """Precision at the rank of each relevant photo that the ranking holds, in its order."""
    hits = _hits(ranking, grades, least)
    ranks = [rank for rank, hit in enumerate(hits, start=1) if hit]
    return [found / rank for found, rank in enumerate(ranks, start=1)]


def _discounted(gains: Sequence[int]) -> float:
    return math.fsum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _lot(query: str, file: str) -> bytes:
    # surrogatepass: a name that is not UTF-8 is still a name.
    text = f"{query}\0{file}".encode(errors="surrogatepass")
    return hashlib.blake2b(text, digest_size=16).digest()
