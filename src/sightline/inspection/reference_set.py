"""References and what differs among them, worked out once for as many photos as come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sightline.encoders.dual import DualEncoder
from sightline.errors import InspectionError
from sightline.inspection.pixels import Photo
from sightline.inspection.reference_copies import changed_copies
from sightline.inspection.reference_features import PatchFeatures
from sightline.inspection.reference_likeness import FOREIGN, TELLING, strangers
from sightline.inspection.reference_map import (
    Variation,
    nearness,
    score_of,
    usual_product,
    where_product_is,
)
from sightline.inspection.reference_photos import Reference, ReferencePhotos, pixels_of
from sightline.inspection.reference_remembered import Remembered
from sightline.inspection.reference_threshold import (
    ENOUGH_REFERENCES,
    Judgement,
    few_enough,
    judge_by_copies,
    judge_by_references,
    no_laxer_than,
    unlike_the_others,
)

MOST_REFERENCES = 48
"""More are thinned out evenly, in the order given: each two are compared, and each photo with all
of them. 48 take some 15 seconds of one core once, and a sixth of a second a photo."""
_REMEMBERED = 32

OnStage = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much is."""


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """References and how they differ from each other.

    Attributes:
        members: those that are used.
        dropped: those that look like no other, perhaps defective.
        blank: those on which nothing can be seen.
        strangers: members that show something else than most, too many to leave out.
        given: how many there were before they were thinned out.
        variation: what differs among faultless pieces, or, with one or two references, among
            slightly changed copies of each.
        scores: float64 (n,), each reference against the others; with one or two, the copies'.
        compared: whether `scores` are those of references.
        foreign: the score of a photo whose oddest places are like nothing in the references.
    """

    members: tuple[Reference, ...]
    dropped: tuple[Reference, ...]
    blank: tuple[Reference, ...]
    strangers: tuple[Reference, ...]
    given: int
    variation: Variation
    scores: npt.NDArray[np.float64]
    compared: bool
    foreign: float

    @property
    def telling(self) -> bool:
        """Whether they say what normal is: one product, and what is foreign would stand out."""
        return not self.strangers and (self.foreign >= TELLING or not self.compared)

    def judge(self, score: float) -> Judgement:
        """What a photo's score means."""
        return no_laxer_than(self._judged(self.foreign), self._judged(score))

    def _judged(self, score: float) -> Judgement:
        if self.compared:
            return judge_by_references(score, self.scores)
        return judge_by_copies(score, float(self.scores.mean()))


@dataclass(frozen=True, eq=False)
class _Differences:
    """What a set's members differ by: part of a `ReferenceSet`."""

    variation: Variation
    scores: npt.NDArray[np.float64]
    compared: bool


class References:
    """Makes reference sets; each photo, each pair and each set is worked out once.

    What is kept is bounded, the least recently used going first. Safe to share between threads.
    """

    def __init__(self, encoder: DualEncoder) -> None:
        self.photos = ReferencePhotos(encoder)
        self._sets: Remembered[ReferenceSet] = Remembered(_REMEMBERED)

    def prepare(self, paths: Sequence[Path], threads: int, on_stage: OnStage) -> None:
        """Look at references before the first photo comes, on several threads.

        Raises:
            PhotoError, InspectionError: as `of`.
        """
        paths = thinned(paths)
        with ThreadPoolExecutor(threads, thread_name_prefix="references") as workers:
            looked_at = []
            for one in workers.map(self.photos.at, paths):
                looked_at.append(one)
                on_stage("Looking at references", len(looked_at), len(paths))
            members = _distinct(looked_at)
            pairs = list(combinations(members, 2)) if len(members) >= ENOUGH_REFERENCES else []
            for done, _ in enumerate(workers.map(lambda two: self.photos.pair(*two), pairs), 1):
                on_stage("Comparing references", done, len(pairs))
        self.of(paths)

    def of(self, paths: Sequence[Path], but: Photo | None = None) -> ReferenceSet:
        """The set of these files; the photo `but` is left out, in whatever file it is.

        A photo among its own references would explain itself. Where it is the only one, it stays.

        Raises:
            PhotoError: a reference can't be read.
            InspectionError: there are none, or nothing can be seen on any.
        """
        if not paths:
            raise InspectionError(
                "The reference inspector compares with photos of faultless pieces: name some with "
                "--reference (files or a folder), or take them from a library with "
                "--reference auto."
            )
        looked_at = [self.photos.at(path) for path in thinned(paths)]
        usable = [one for one in looked_at if not one.fault]
        if not usable:
            first = looked_at[0]
            raise InspectionError(
                f"Nothing can be seen on the references: {first.path.name} {first.fault}. Give "
                "photos that show faultless pieces."
            )
        own = ("", "") if but is None else (but.hash, pixels_of(but.image))
        others = [one for one in usable if one.hash != own[0] and one.pixels != own[1]]
        members = _distinct(others or usable)
        blank = tuple(one for one in looked_at if one.fault)
        key = (*(one.key for one in members), "blank", *(one.key for one in blank), len(paths))
        return self._sets.get(key, lambda: self._made(members, blank, len(paths)))

    def _made(
        self, members: tuple[Reference, ...], blank: tuple[Reference, ...], given: int
    ) -> ReferenceSet:
        unlike = strangers([one.vector for one in members])
        dropped: tuple[Reference, ...] = ()
        if few_enough(unlike, len(members)):
            members, dropped = _without(members, unlike)
            unlike = []
        differences = self._differences(members)
        odd = unlike_the_others(differences.scores) if differences.compared else []
        if odd and not unlike:
            members, more = _without(members, odd)
            dropped += more
            differences = self._differences(members)
        return ReferenceSet(
            members=members,
            dropped=dropped,
            blank=blank,
            strangers=tuple(members[at] for at in unlike),
            given=given,
            variation=differences.variation,
            scores=differences.scores,
            compared=differences.compared,
            foreign=_score_of_foreign(differences.variation, [one.features for one in members]),
        )

    def _differences(self, members: tuple[Reference, ...]) -> _Differences:
        if len(members) < ENOUGH_REFERENCES:
            return self._among_copies(members)
        return self._among_references(members)

    def _among_references(self, members: tuple[Reference, ...]) -> _Differences:
        """Leave one out: each reference against the others, and scored by the others' variation."""
        near = [
            [self.photos.pair(one, other) for other in members if other is not one]
            for one in members
        ]
        distances = np.stack(
            [np.min([pair.distances for pair in of_one], axis=0) for of_one in near]
        )
        placed = float(np.median([pair.placed for of_one in near for pair in of_one]))
        features = [one.features for one in members]
        scores = [
            score_of(
                Variation.of(np.delete(distances, at, axis=0), placed).oddness(
                    distances[at], where_product_is(one.features, features)
                )
            )
            for at, one in enumerate(members)
        ]
        return _Differences(Variation.of(distances, placed), np.array(scores), compared=True)

    def _among_copies(self, members: tuple[Reference, ...]) -> _Differences:
        distances, where = [], []
        for one in members:
            for copy in changed_copies(one.small):
                features = self.photos.features(copy)
                distances.append(nearness(features, one.features).distances)
                where.append(where_product_is(features, [one.features]))
        variation = Variation.of(np.stack(distances), placed=0.0)
        scores = [
            score_of(variation.oddness(one, cells))
            for one, cells in zip(distances, where, strict=True)
        ]
        return _Differences(variation, np.array(scores), compared=False)


def thinned(paths: Sequence[Path]) -> tuple[Path, ...]:
    """At most `MOST_REFERENCES` of the paths, evenly from the first to the last."""
    if len(paths) <= MOST_REFERENCES:
        return tuple(paths)
    places = np.linspace(0, len(paths) - 1, MOST_REFERENCES).round().astype(int)
    return tuple(paths[at] for at in places)


def _score_of_foreign(variation: Variation, members: list[PatchFeatures]) -> float:
    """The score of something that the references show nowhere, at a usual place of the product."""
    product = usual_product(members)
    odd = variation.oddness(np.full_like(variation.mean, FOREIGN), product)
    return float(np.median(odd[product]))


def _distinct(photos: Sequence[Reference]) -> tuple[Reference, ...]:
    """Each picture once, however many files hold it, and those on which something can be seen."""
    return tuple({one.pixels: one for one in photos if not one.fault}.values())


def _without(
    members: tuple[Reference, ...], places: list[int]
) -> tuple[tuple[Reference, ...], tuple[Reference, ...]]:
    """Those that stay and those at `places`."""
    kept = tuple(one for at, one in enumerate(members) if at not in places)
    return kept, tuple(members[at] for at in places)
