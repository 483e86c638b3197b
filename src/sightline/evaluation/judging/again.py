"""Judging pairs a second time, blind: the first grades are neither shown nor changed."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock

import msgspec

from sightline.errors import GoldError
from sightline.evaluation.gold import GoldQuery, Grade
from sightline.evaluation.judging.agreement import Agreement, agreement
from sightline.evaluation.judging.journal import Journal, read_journal
from sightline.evaluation.judging.session import (
    NeedView,
    Pair,
    PairView,
    View,
    grade_of,
    item,
    require_grade,
)
from sightline.evaluation.pool import by_need


class SecondGrade(msgspec.Struct, frozen=True):
    """Both grades of one pair, so that the file means something by itself."""

    need: str
    file: str
    first: Grade
    second: Grade

    @property
    def pair(self) -> Pair:
        """What was graded twice."""
        return Pair(self.need, self.file)


_SECOND_GRADES: msgspec.json.Decoder[SecondGrade] = msgspec.json.Decoder(SecondGrade)


class Rejudging:
    """Second grades, written to a journal of their own."""

    def __init__(
        self,
        title: str,
        needs: Mapping[str, Sequence[GoldQuery]],
        pairs: Iterable[Pair],
        known: Iterable[SecondGrade],
        journal: Journal,
    ) -> None:
        """`pairs` have a first grade; `known` are the second grades that were given before."""
        self.pairs = tuple(pairs)
        self._title = title
        self._queries = needs
        self._needs = list(dict.fromkeys(pair.need for pair in self.pairs))
        self._second = {grade.pair: grade.second for grade in known}
        self._journal = journal
        self._lock = Lock()

    def view(self) -> View:
        """See `Session`."""
        position = {need: at for at, need in enumerate(self._needs)}
        with self._lock:
            return View(
                title=self._title,
                again=True,
                needs=[
                    NeedView([query.text for query in self._queries[need]], nothing=False)
                    for need in self._needs
                ],
                pairs=[
                    PairView(position[pair.need], self._second.get(pair)) for pair in self.pairs
                ],
            )

    def grade(self, at: int, grade: int) -> None:
        """See `Session`."""
        pair = item(self.pairs, at)
        first = grade_of(self._queries[pair.need], pair.file)
        if first is None:
            raise GoldError(f"{pair.file!r} has no first grade for {pair.need!r}.")
        with self._lock:
            self._journal.add(SecondGrade(pair.need, pair.file, first, require_grade(grade)))
            self._second[pair] = grade

    def mark(self, need: int, nothing: bool) -> None:
        """Only photos are judged twice.

        Raises:
            GoldError: always.
        """
        raise GoldError("Judging again asks for a grade of each photo and nothing else.")


def draw_again(
    queries: Iterable[GoldQuery], shown: Collection[str], count: int, seed: int
) -> list[Pair]:
    """`count` graded pairs at random, or all there are, those of one need together.

    Each pair has its own lot, so the same pairs come again when others were graded meanwhile.

    Args:
        shown: files that can be shown.

    Raises:
        GoldError: nothing has been graded yet.
    """
    needs = by_need(queries)
    graded = [
        Pair(need, file)
        for need, asking in needs.items()
        for file in asking[0].grades
        if file in shown and grade_of(asking, file) is not None
    ]
    if not graded:
        raise GoldError("No photo of this library has a grade yet: judge first, then judge again.")
    drawn = sorted(graded, key=lambda pair: _lot(pair, seed))[:count]
    order = {need: at for at, need in enumerate(needs)}
    return sorted(drawn, key=lambda pair: order[pair.need])


def read_second_grades(path: Path) -> list[SecondGrade]:
    """The last second grade of each pair that has one.

    Raises:
        GoldError: the file is damaged.
    """
    return list({grade.pair: grade for grade in read_journal(path, _SECOND_GRADES)}.values())


def agreement_of(grades: Sequence[SecondGrade]) -> Agreement | None:
    """How far first and second grades agree; None where nothing was graded twice."""
    if not grades:
        return None
    return agreement([grade.first for grade in grades], [grade.second for grade in grades])


def second_grades_beside(gold_file: Path) -> Path:
    """Where second grades stand."""
    return gold_file.with_name(f"{gold_file.name}.again.jsonl")


def _lot(pair: Pair, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{pair.need}\0{pair.file}".encode()).digest()
