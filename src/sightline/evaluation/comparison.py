"""Is A really better than B? Paired tests over the same queries, and the verdict in words.

Two rankers are compared on what each query gains or loses, never on their two means: most of what
differs between queries is how hard they are, and that is the same for both. As for intervals, the
queries of one need are one observation.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from sightline.errors import EvaluationError
from sightline.evaluation.intervals import (
    DRAWS,
    Figure,
    Floats,
    Need,
    by_need,
    difference_interval,
    told_apart,
)

SIGNIFICANT = 0.05

_EXACT = 14  # needs that differ, up to which all 2^14 = 16,384 signs are tried
_BLOCK = 2**21  # signs that stand in memory at once


@dataclass(frozen=True)
class Comparison:
    """One metric of two rankers over the same queries.

    Attributes:
        a, b: names of the rankers.
        metric: its name.
        difference: mean of A's value minus B's, with its 95 % interval.
        better, worse: queries on which A is ahead, and behind; on the others they are equal.
        p: chance of a difference at least as large, either way, if which is which made none.
        adjusted_p: the same, allowing for all comparisons made beside this one (Holm).
    """

    a: str
    b: str
    metric: str
    difference: Figure
    better: int
    worse: int
    p: float
    adjusted_p: float

    @property
    def differs(self) -> bool:
        """Whether the difference stands out from noise: by the test *and* by the interval."""
        apart = self.difference.low > 0 or self.difference.high < 0
        return apart and self.adjusted_p < SIGNIFICANT

    @property
    def verdict(self) -> str:
        """One sentence for the report."""
        one = self.difference
        if not self.better and not self.worse:
            return f"{self.a} and {self.b} are equal on every query."
        if not self.differs:
            return (
                f"Inside noise: {self.a} - {self.b} = {one.value:+.3f} "
                f"[{one.low:+.3f}, {one.high:+.3f}], {_p(self.adjusted_p)}."
            )
        winner, loser = (self.a, self.b) if one.value > 0 else (self.b, self.a)
        ends = sorted((abs(one.low), abs(one.high)))
        return (
            f"{winner} is better than {loser} by {abs(one.value):.3f} "
            f"[{ends[0]:.3f}, {ends[1]:.3f}], {_p(self.adjusted_p)}."
        )


def compare(
    metric: str,
    a: str,
    b: str,
    values_a: Sequence[float | None],
    values_b: Sequence[float | None],
    needs: Sequence[str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison | None:
    """Compare two rankers by one metric. For several comparisons call `adjusted` on them all.

    Args:
        values_a, values_b: one for each query, in the same order; None where it is undefined,
            which depends on the grades alone and so holds for both or for neither.
        needs: what each query is for. Left out, or where empty: for something of its own.

    Returns:
        None where the metric is defined for no query.

    Raises:
        EvaluationError: the values are not of the same queries and grades.
    """
    if len(values_a) != len(values_b):
        raise EvaluationError(f"{a} has {len(values_a)} queries and {b} {len(values_b)}.")
    apart = told_apart(needs, len(values_a))
    differences, of_need = [], []
    for one, other, need in zip(values_a, values_b, apart, strict=True):
        if (one is None) != (other is None):
            raise EvaluationError(
                f"{metric} is defined for {a} or {b} alone on some query: they were measured by "
                "different grades. Run both on the same gold file."
            )
        if one is not None and other is not None:
            differences.append(one - other)
            of_need.append(need)
    if not differences:
        return None
    low, high = difference_interval(differences, of_need, draws, seed)
    mean = math.fsum(differences) / len(differences)
    p = permutation_test(differences, of_need, draws, seed)
    return Comparison(
        a=a,
        b=b,
        metric=metric,
        difference=Figure(mean, low, high, len(differences), len(values_a) - len(differences)),
        better=sum(difference > 0 for difference in differences),
        worse=sum(difference < 0 for difference in differences),
        p=p,
        adjusted_p=p,
    )


def permutation_test(
    differences: Sequence[float],
    needs: Sequence[Need] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> float:
    """Two-sided p-value of a mean paired difference, by swapping which ranker is which.

    If the two were alike, each need's differences could as well have the other sign. All choices of
    signs are tried where at most 14 needs differ, else `draws` random ones, with the one that was
    seen among them, so that p is never 0 (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585). For
    retrieval: Smucker, Allan and Carterette 2007, doi:10.1145/1321440.1321528.

    Args:
        differences: one for each query.
        needs: what each query is for; the signs of one need turn together.

    Raises:
        EvaluationError: none, one that is no finite number, or more or fewer needs.
    """
    values = np.asarray(differences, dtype=np.float64)
    if not len(values) or not np.isfinite(values).all():
        raise EvaluationError("A test needs at least one difference, and every one finite.")
    sums, _ = by_need(differences, told_apart(needs, len(values)))
    # The number of queries doesn't change with the signs, so sums serve as well as means.
    # Turning a need without a difference changes nothing: it halves no p-value.
    turning = sums[np.abs(sums) > 1e-12]
    if not len(turning):
        return 1.0
    # Sums that are equal in numbers differ by roundings; those count as at least as large.
    seen = abs(float(turning.sum())) * (1 - 1e-9) - 1e-12
    if len(turning) <= _EXACT:
        signs = 1.0 - 2.0 * ((np.arange(2 ** len(turning))[:, None] >> np.arange(len(turning))) & 1)
        return float(np.mean(np.abs(signs @ turning) >= seen))
    return (1 + _as_extreme(turning, seen, draws, seed)) / (1 + draws)


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p-value for yes-or-no outcomes of the same queries (McNemar 1947).

    Args:
        only_a: queries on which A alone succeeds.
        only_b: queries on which B alone does. Those on which both or neither do say nothing.
    """
    if only_a < 0 or only_b < 0:
        raise EvaluationError("A count of queries is at least 0.")
    differ = only_a + only_b
    # In whole numbers: the powers of two of a long run are beyond a float.
    tail = sum(math.comb(differ, count) for count in range(min(only_a, only_b) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**differ)))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values that allow for how many there are: the chance of even one false alarm stays 5 %.

    Holm 1979, "A simple sequentially rejective multiple test procedure": the smallest times n, the
    next times n - 1 and so on, none below the one before it, none above 1.
    """
    adjusted: dict[str, float] = {}
    before = 0.0
    for at, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        before = min(1.0, max(before, p * (len(p_values) - at)))
        adjusted[name] = before
    return {name: adjusted[name] for name in p_values}


def adjusted(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons, each with a p-value that allows for all of them."""
    corrected = holm({str(at): one.p for at, one in enumerate(comparisons)})
    return [replace(one, adjusted_p=corrected[str(at)]) for at, one in enumerate(comparisons)]


def _as_extreme(turning: Floats, seen: float, draws: int, seed: int) -> int:
    """How many of `draws` random choices of signs give a sum at least as far from 0."""
    rng = np.random.default_rng(seed)
    rows = max(1, _BLOCK // len(turning))
    count = 0
    for start in range(0, draws, rows):
        coins = rng.integers(2, size=(min(rows, draws - start), len(turning)), dtype=np.int8)
        count += int((np.abs((1.0 - 2.0 * coins) @ turning) >= seen).sum())
    return count


def _p(p: float) -> str:
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"
