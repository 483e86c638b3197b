"""A sitting: what is left, and a grade that counts only when the disk has it."""

from pathlib import Path

import pytest

from sightline.errors import EvaluationError, GoldError
from sightline.evaluation.judging.draft import read_draft, write_draft
from sightline.evaluation.judging.journal import Journal
from sightline.evaluation.judging.standing import standing_of
from sightline.evaluation.pool import Pool, PooledNeed, PooledPhoto
from tests.evaluation.judging.making import draft_of, judged, query


def test_the_page_learns_searches_and_grades_but_no_file_or_ranker(tmp_path: Path) -> None:
    draft = draft_of(query("dog", grades={"b": 2}), query("cat"))
    with judged(draft, tmp_path / "gold.json") as session:
        view = session.view()
    assert [need.texts for need in view.needs] == [["dog"], ["cat"]]
    assert [pair.grade for pair in view.pairs] == [None, 2, None, None, None, None]
    assert set(view.pairs[0].__struct_fields__) == {"need", "grade"}


def test_a_grade_is_on_disk_when_it_is_taken(tmp_path: Path) -> None:
    draft, file = draft_of(query("dog")), tmp_path / "gold.json"
    write_draft(draft, file, whole_journal=True)
    with judged(draft, file) as session:
        session.grade(1, 2)
        session.mark(0, nothing=False)
        killed_now = read_draft(file)
    assert killed_now is not None
    assert killed_now.queries["dog"].grades == {"b": 2}


def test_a_grade_that_the_disk_refuses_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Journal, entry: object) -> None:
        raise EvaluationError("No space left on device")

    with judged(draft_of(query("dog")), tmp_path / "gold.json") as session:
        monkeypatch.setattr(Journal, "add", full)
        with pytest.raises(EvaluationError):
            session.grade(0, 2)
        assert session.view().pairs[0].grade is None


def test_positions_and_grades_from_outside_are_checked(tmp_path: Path) -> None:
    with judged(draft_of(query("dog")), tmp_path / "gold.json") as session:
        for at, grade in ((3, 0), (-1, 0), (0, 3), (0, -1)):
            with pytest.raises(GoldError):
                session.grade(at, grade)
        for need in (1, -1):
            with pytest.raises(GoldError):
                session.mark(need, nothing=True)
        assert all(pair.grade is None for pair in session.view().pairs)


def test_a_new_wording_without_a_grade_is_asked_for_again(tmp_path: Path) -> None:
    draft = draft_of(query("dog", need="dog", grades={"a": 1}), query("hound", need="dog"))
    with judged(draft, tmp_path / "gold.json") as session:
        assert session.view().pairs[0].grade is None
        session.grade(0, 2)
    assert draft.queries["dog"].grades == draft.queries["hound"].grades == {"a": 2}


def test_the_standing_counts_pool_grades_and_what_waits() -> None:
    draft = draft_of(
        query("dog", grades={"a": 2, "b": 0}), query("cat"), query("cow", tags=("no-answer",))
    )
    photos = tuple(PooledPhoto(file, {"random": 1}) for file in ("b", "c"))
    needs = tuple(PooledNeed(need, (need,), photos) for need in draft.queries)
    pool = Pool(gallery="", rankers=("random",), depth=2, seed=0, needs=needs)
    dog, cat, cow = standing_of(draft, pool)
    assert (dog.pooled, dog.judged, dog.grades, dog.answered) == (2, 1, (1, 0, 1), True)
    assert (cat.settled, cat.grades, cat.answered) == (0, (0, 0, 0), False)
    assert (cow.settled, cow.nothing, cow.answered) == (2, True, True)
