"""How far a person agrees with themselves: the ceiling of what any figure on this gold can mean."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sightline.evaluation.intervals import wilson_interval

GRADES = 3
_RESAMPLES = 5000
_UNDEFINED_AT_MOST = 0.05

Interval = tuple[float, float]


@dataclass(frozen=True)
class Agreement:
    """First grades against second ones of the same pairs of need and photo.

    Attributes:
        table: how many pairs got first grade i and second grade j, as table[i][j].
        equal: share of pairs with the same grade twice.
        equal_interval: 95 % percentile bootstrap interval over pairs; Wilson's where resampling
            could only say the same again, because all are equal, or none.
        kappa: Cohen's kappa with linear weights, or None where chance alone would already give
            perfect agreement (all grades the same).
        kappa_interval: likewise by resampling; None where kappa is, where more than one resample
            in twenty leaves it undefined, or where all give the same: too few pairs, or too much of
            one grade or of agreement, to say.
    """

    table: tuple[tuple[int, ...], ...]
    equal: float
    equal_interval: Interval
    kappa: float | None
    kappa_interval: Interval | None

    @property
    def pairs(self) -> int:
        """Pairs graded twice."""
        return sum(map(sum, self.table))


def agreement(first: Sequence[int], second: Sequence[int], seed: int = 0) -> Agreement:
    """Compare two gradings, 0 to 2, of the same pairs, at least one.

    Weighted kappa (Cohen 1968, Psychological Bulletin 70) is 1 - observed / expected disagreement,
    where 0 against 2 counts as two steps of disagreement and 0 against 1 as one.
    """
    table = np.zeros((GRADES, GRADES), dtype=np.int64)
    np.add.at(table, (np.asarray(first, dtype=np.intp), np.asarray(second, dtype=np.intp)), 1)
    pairs = int(table.sum())
    # To draw pairs with replacement is to draw their cells of the table.
    draws = np.random.default_rng(seed).multinomial(pairs, table.ravel() / pairs, size=_RESAMPLES)
    resampled = draws.reshape(-1, GRADES, GRADES)
    kappas = weighted_kappa(resampled)
    defined = kappas[~np.isnan(kappas)]
    kappa = float(weighted_kappa(table[None])[0])
    equal = int(np.trace(table))
    enough = len(defined) >= (1 - _UNDEFINED_AT_MOST) * _RESAMPLES and np.ptp(defined) > 0
    return Agreement(
        table=tuple(tuple(map(int, row)) for row in table),
        equal=equal / pairs,
        equal_interval=wilson_interval(equal, pairs)
        if equal in (0, pairs)
        else _interval(np.trace(resampled, axis1=1, axis2=2) / pairs),
        kappa=None if np.isnan(kappa) else kappa,
        kappa_interval=None if np.isnan(kappa) or not enough else _interval(defined),
    )


def weighted_kappa(tables: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Linearly weighted kappa of each table, int64 (n, 3, 3) → float64 (n,); NaN if undefined."""
    steps = np.abs(np.subtract.outer(np.arange(GRADES), np.arange(GRADES)))
    pairs = tables.sum(axis=(1, 2))
    chance = tables.sum(axis=2)[:, :, None] * tables.sum(axis=1)[:, None, :]
    observed = (tables * steps).sum(axis=(1, 2)) * pairs
    expected = (chance * steps).sum(axis=(1, 2))
    ratio = np.full(len(tables), np.nan)
    np.divide(observed, expected, out=ratio, where=expected > 0)
    return 1 - ratio


def _interval(values: npt.NDArray[np.float64]) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
