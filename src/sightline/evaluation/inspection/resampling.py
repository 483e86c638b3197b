"""The interval of any statistic of answers: a bootstrap over pieces, averaged over reference draws.

Photos of one piece are drawn together: five photos of one cookie say little more than one (cluster
bootstrap; Davison and Hinkley 1997, section 3.8). The interval is the percentile interval of the
statistic's mean over the draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from sightline.evaluation.inspection.answers import Answer
from sightline.evaluation.inspection.results import Measured
from sightline.evaluation.intervals import CONFIDENCE, Figure, wilson_interval

Statistic = Callable[[Sequence[Answer]], float | None]
Draws = Sequence[Sequence[Answer]]


def measured_statistics(
    statistics: Mapping[str, Statistic], draws: Draws, seed: int, resamples: int
) -> dict[str, Measured]:
    """Each statistic with its interval; all of them on the same resamples.

    Where a statistic is the same in every resample (such as an AUROC of 1), the bootstrap would
    claim certainty; the interval is then Wilson's for as many trials as there are pieces, which no
    statistic between 0 and 1 can vary more than. So it is where all photos are of one piece, which
    says nothing of others. Only where every answer is the same one, to photos of both kinds, is
    such a figure exact: a constant answer's balanced accuracy is .5 on any photos.
    """
    at = {name: tuple(statistic(draw) for draw in draws) for name, statistic in statistics.items()}
    found: dict[str, list[float]] = {name: [] for name in statistics}
    for resampled in _resamples(draws, seed, resamples):
        for name, statistic in statistics.items():
            value = _mean([statistic(draw) for draw in resampled])
            if value is not None:
                found[name].append(value)
    pieces = len({answer.photo.instance for answer in draws[0]}) if draws else 0
    photos = len(draws[0]) if draws else 0
    constant = _constant(draws)
    figures = {
        name: _figure(_mean(at[name]), found[name], pieces, photos, constant=constant)
        for name in statistics
    }
    return {name: Measured(figure=figures[name], draws=at[name]) for name in statistics}


def measured_share(marks: Sequence[Sequence[bool]]) -> Measured:
    """A share with Wilson's interval, from the marks of each draw.

    The value is the mean over the draws; the interval is that of one draw, since draws of other
    references add no photos.
    """
    shares = tuple(sum(draw) / len(draw) if draw else None for draw in marks)
    value = _mean(shares)
    if value is None:
        return Measured(figure=None, draws=shares)
    n = max(1, round(sum(map(len, marks)) / sum(share is not None for share in shares)))
    low, high = wilson_interval(value * n, n)
    return Measured(figure=Figure(value, low, high, n), draws=shares)


def _figure(
    value: float | None, resampled: Sequence[float], pieces: int, photos: int, *, constant: bool
) -> Figure | None:
    if value is None:
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled or [value], [tail, 1 - tail]).tolist()
    still = high - low < 1e-12
    if still and constant:
        low = high = value
    elif still or pieces == 1:
        low, high = wilson_interval(min(1.0, max(0.0, value)) * pieces, pieces)
    return Figure(value, min(low, value), max(high, value), photos)


def _constant(draws: Draws) -> bool:
    """Whether one answer was given to all photos, normal and defective ones."""
    answers = [answer for draw in draws for answer in draw]
    said = {(a.verdict.decision, a.verdict.confidence, a.verdict.score) for a in answers}
    return len(said) == 1 and {"defect", "normal"} <= {answer.photo.verdict for answer in answers}


def _resamples(draws: Draws, seed: int, resamples: int) -> Iterator[list[list[Answer]]]:
    """The same pieces, drawn with replacement, in every draw of references."""
    if not draws or not draws[0]:
        return
    of_piece: dict[str, list[int]] = {}
    for at, answer in enumerate(draws[0]):
        of_piece.setdefault(answer.photo.instance, []).append(at)
    pieces = list(of_piece.values())
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        chosen = [at for pick in rng.integers(len(pieces), size=len(pieces)) for at in pieces[pick]]
        yield [[draw[at] for at in chosen] for draw in draws]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
