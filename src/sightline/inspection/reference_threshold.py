"""From a score to the chance of a defect, with nothing but faultless photos to go by.

Each reference was scored against the others; a photo's score is judged as the next draw from the
same population (Student's predictive distribution), so that few references make everything less
certain. Two things are not learned from the product at hand but once, from the selection half of
the project's own inspection photos, where defects are known (docs/understand/reference-inspection):
how much scores spread when the references don't say it yet, and how the distance from normal turns
into a chance (Platt's logistic, one for all products).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sightline.inspection.verdict import Decision

DEFECT_FROM = 0.7
NORMAL_TO = 0.3
"""Chances of a defect between these two are called uncertain, where doubt is allowed."""
ENOUGH_REFERENCES = 3
"""Fewer can't be compared with each other: how much normals vary is then a guess."""
PIXELS_EVEN = 1.7
"""Multiple of what is allowed at which a difference of pixels is as likely a defect as not."""
_MOST_SURE = 0.99  # no reference ever showed every defect there is

_PRIOR_SPREAD, _PRIOR_COUNT = 0.3, 4.0
_SLOPE, _OFFSET = 1.9, -4.3
_COPY_SLOPE, _COPY_EVEN, _COPY_LEAST = 2.0, 1.7, 1.5
_PIXEL_SLOPE = 6.0

_OUTLIER = 8.0
_OUTLIER_COUNT = 5
_OUTLIER_SHARE = 0.25


@dataclass(frozen=True)
class Judgement:
    """What a score means: the chance of a defect, and its log-odds, which order photos."""

    chance: float
    log_odds: float

    @classmethod
    def of(cls, log_odds: float) -> Judgement:
        """A judgement from log-odds, never surer than references can make it."""
        bounded = max(-60.0, min(60.0, log_odds))
        chance = 1 / (1 + math.exp(-bounded))
        return cls(min(_MOST_SURE, max(1 - _MOST_SURE, chance)), log_odds)

    def in_doubt(self) -> Judgement:
        """The same score, where it says nothing: uncertain, unless that is no allowed answer."""
        return Judgement(0.5, self.log_odds)

    def hardly(self) -> Judgement:
        """The same score, as the least sure normal: what was said of a photo, said again."""
        return Judgement(NORMAL_TO, self.log_odds)

    def decision(self, doubt: bool) -> Decision:
        """Defect, normal, or uncertain between; without doubt, the likelier one."""
        if not doubt:
            return "defect" if self.log_odds >= 0 else "normal"
        if self.chance >= DEFECT_FROM:
            return "defect"
        return "normal" if self.chance <= NORMAL_TO else "uncertain"

    @property
    def confidence(self) -> float:
        """The chance that the likelier of defect and normal is right."""
        return max(self.chance, 1 - self.chance)


def judge_by_references(score: float, of_references: npt.NDArray[np.float64]) -> Judgement:
    """Judge a score by those of the references, each scored against the others.

    Args:
        of_references: float64 (n,), n at least 2.
    """
    count = len(of_references)
    freedom = _PRIOR_COUNT + count - 1
    middle, deviation = _middle_and_deviation(of_references)
    own = (count - 1) * deviation**2
    spread = math.sqrt((_PRIOR_COUNT * _PRIOR_SPREAD**2 + own) / freedom)
    t = (score - middle) / (spread * math.sqrt(1 + 1 / count))
    return Judgement.of(_SLOPE * _normal_deviate(t, freedom) + _OFFSET)


def judge_by_copies(score: float, of_copies: float) -> Judgement:
    """Judge a score where one or two references are all there is.

    How faultless pieces differ is then unknown. What is known is how far a reference is from itself
    when it is turned, shifted, scaled and re-lit a little. Of the score of these copies, faultless
    pieces of the selection photos reached .8 to 2.2, defective ones 1.0 to 3.7: pieces that hardly
    differ and pieces that differ much can't be told apart, so only the extremes are decided. Copies
    of those photos never scored less than 1.5; of a smooth picture they do, and say nothing.
    """
    return Judgement.of(_COPY_SLOPE * math.log(max(score, 0.01) / even_beside_copies(of_copies)))


def even_beside_copies(of_copies: float) -> float:
    """The score at which, beside changed copies, a defect is as likely as none."""
    return _COPY_EVEN * max(of_copies, _COPY_LEAST)


def judge_by_pixels(excess: float) -> Judgement:
    """Judge the largest difference of a pixel comparison, in multiples of what is allowed."""
    return Judgement.of(_PIXEL_SLOPE * math.log(max(excess, 1e-6) / PIXELS_EVEN))


def no_laxer_than(foreign: Judgement, judgement: Judgement) -> Judgement:
    """A judgement that calls nothing normal by a threshold that lets pass something foreign.

    Where references differ much, or seem to because there are few, even a place that is like
    nothing in them may pass. What is called normal is then counted from a threshold that makes that
    a defect just so; no photo becomes a defect by it, and their order stays.

    Args:
        foreign: what such a place is judged by the references alone.
        judgement: of a photo, by the references alone.
    """
    lax = max(0.0, math.log(DEFECT_FROM / (1 - DEFECT_FROM)) - foreign.log_odds)
    odds = judgement.log_odds
    return Judgement(Judgement.of(min(odds + lax, max(odds, 0.0))).chance, odds)


def unlike_the_others(of_references: npt.NDArray[np.float64]) -> list[int]:
    """References that look like no other: defective pieces, or photos of something else.

    Far above the median in units of the median deviation; never among fewer than five, and never
    more than a quarter, because then nobody knows which ones are the odd ones.
    """
    count = len(of_references)
    if count < _OUTLIER_COUNT:
        return []
    middle, deviation = _middle_and_deviation(of_references)
    far = np.flatnonzero(of_references - middle > _OUTLIER * max(deviation, _PRIOR_SPREAD))
    ranked = sorted(far.tolist(), key=lambda at: -of_references[at])
    return ranked[: int(count * _OUTLIER_SHARE)]


def few_enough(odd: Sequence[int], count: int) -> bool:
    """Whether so few references of `count` are odd that it is clear which ones are."""
    return len(odd) <= count * _OUTLIER_SHARE


def _middle_and_deviation(scores: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Median and median absolute deviation, in terms of a normal distribution's: an odd piece among
    the references moves neither.
    """
    middle = float(np.median(scores))
    return middle, 1.4826 * float(np.median(np.abs(scores - middle)))


def _normal_deviate(t: float, freedom: float) -> float:
    """The normal deviate with about the same tail as Student's t (Wallace 1959,
    doi:10.1214/aoms/1177706086).
    """
    size = math.sqrt(freedom * math.log1p(t * t / freedom))
    return math.copysign((8 * freedom + 1) / (8 * freedom + 3) * size, t)
