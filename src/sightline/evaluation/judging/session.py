"""One sitting of one person: what is left to judge, and where a grade goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol, TypeVar

import msgspec

from sightline.errors import EvaluationError, GoldError
from sightline.evaluation.gold import GoldQuery, Grade
from sightline.evaluation.judging.draft import Draft, Graded, Marked, Step
from sightline.evaluation.judging.journal import Journal
from sightline.evaluation.pool import by_need

Item = TypeVar("Item")


@dataclass(frozen=True)
class Pair:
    """A photo to be graded for a need."""

    need: str
    file: str


class NeedView(msgspec.Struct, frozen=True):
    """What the page shows of a need: the searches that ask for it."""

    texts: list[str]
    nothing: bool


class PairView(msgspec.Struct, frozen=True):
    """What the page knows of a pair: which need (by position), and the grade it has by now."""

    need: int
    grade: Grade | None


class View(msgspec.Struct, frozen=True):
    """All that the page is told. No file name, no ranker, no rank: a grader must not see them."""

    title: str
    again: bool
    needs: list[NeedView]
    pairs: list[PairView]


class Session(Protocol):
    """What the page and its server work on."""

    @property
    def pairs(self) -> Sequence[Pair]:
        """The photos to be graded, needs one after another, in the order that the page shows."""

    def view(self) -> View:
        """The state of it all."""

    def grade(self, at: int, grade: int) -> None:
        """Grade the pair at this position; when this returns, the disk has it.

        Raises:
            GoldError: there is no such pair or grade.
            EvaluationError: the grade could not be kept.
        """

    def mark(self, need: int, nothing: bool) -> None:
        """Say that nothing in the gallery answers the need at this position, or take it back.

        Raises:
            GoldError: there is no such need, or photos of it are graded 1 or 2.
            EvaluationError: it could not be kept.
        """


class Judging:
    """First grades, written into a draft of the gold and the journal beside it."""

    def __init__(self, draft: Draft, pairs: Iterable[Pair], journal: Journal) -> None:
        self.pairs = tuple(pairs)
        self._draft = draft
        self._journal = journal
        self._needs = list(dict.fromkeys(pair.need for pair in self.pairs))
        self._lock = Lock()

    def view(self) -> View:
        """See `Session`."""
        with self._lock:
            queries = by_need(self._draft.queries.values())
            position = {need: at for at, need in enumerate(self._needs)}
            return View(
                title=self._draft.name,
                again=False,
                needs=[_need_view(queries[need]) for need in self._needs],
                pairs=[
                    PairView(position[pair.need], grade_of(queries[pair.need], pair.file))
                    for pair in self.pairs
                ],
            )

    def grade(self, at: int, grade: int) -> None:
        """See `Session`."""
        pair = item(self.pairs, at)
        self._take(Graded(pair.need, pair.file, require_grade(grade)))

    def mark(self, need: int, nothing: bool) -> None:
        """See `Session`."""
        self._take(Marked(item(self._needs, need), nothing))

    def _take(self, step: Step) -> None:
        with self._lock:
            before = dict(self._draft.queries)
            self._draft.apply(step)
            try:
                self._journal.add(step)
            except EvaluationError:
                self._draft.queries = before
                raise


def grade_of(queries: Sequence[GoldQuery], file: str) -> int | None:
    """The grade that all these queries of a need give a photo; None if one of them gives none."""
    grades = [query.grades.get(file) for query in queries]
    return None if None in grades else grades[0]


def item(items: Sequence[Item], at: int) -> Item:
    """The item at a position that came from outside.

    Raises:
        GoldError: there is none.
    """
    if not 0 <= at < len(items):
        raise GoldError(f"There is nothing at position {at} to judge. Load the page again.")
    return items[at]


def require_grade(grade: int) -> int:
    """A grade that came from outside.

    Raises:
        GoldError: it isn't 0, 1 or 2.
    """
    if grade not in (0, 1, 2):
        raise GoldError(f"A grade is 0, 1 or 2, not {grade}.")
    return grade


def _need_view(queries: Sequence[GoldQuery]) -> NeedView:
    return NeedView(
        texts=[query.text for query in queries],
        nothing=not any(query.answerable for query in queries),
    )
