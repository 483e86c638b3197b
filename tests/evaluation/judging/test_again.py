"""Judging again: blind, apart from the gold, the same pairs for the same seed."""

from pathlib import Path

import pytest

from sightline.errors import GoldError
from sightline.evaluation.judging.again import (
    Rejudging,
    SecondGrade,
    agreement_of,
    draw_again,
    read_second_grades,
    second_grades_beside,
)
from sightline.evaluation.judging.journal import Journal
from sightline.evaluation.judging.session import Pair
from sightline.evaluation.pool import by_need
from tests.evaluation.judging.making import query

FILES = [f"{at}.jpg" for at in range(20)]
QUERIES = [
    query("dog", grades={file: at % 3 for at, file in enumerate(FILES)}),
    query("cat", grades=dict.fromkeys(FILES[:10], 0)),
]


def test_the_same_seed_draws_the_same_pairs_and_another_others() -> None:
    drawn = draw_again(QUERIES, set(FILES), 10, seed=1)
    assert len(set(drawn)) == 10
    assert drawn == draw_again(QUERIES, set(FILES), 10, seed=1)
    assert set(drawn) != set(draw_again(QUERIES, set(FILES), 10, seed=2))


def test_more_grades_meanwhile_leave_most_of_the_draw_as_it_was() -> None:
    fewer = [query("dog", grades=dict(list(QUERIES[0].grades.items())[:18])), QUERIES[1]]
    before = set(draw_again(fewer, set(FILES), 10, seed=1))
    after = set(draw_again(QUERIES, set(FILES), 10, seed=1))
    assert len(before & after) >= 8  # two pairs came, so at most two went


def test_only_graded_photos_that_can_be_shown_are_drawn() -> None:
    drawn = draw_again(QUERIES, {"1.jpg", "2.jpg", "15.jpg"}, 100, seed=0)
    assert set(drawn) == {Pair("dog", f"{at}.jpg") for at in (1, 2, 15)} | {
        Pair("cat", f"{at}.jpg") for at in (1, 2)
    }


def test_the_photos_of_a_need_come_together() -> None:
    needs = [pair.need for pair in draw_again(QUERIES, set(FILES), 30, seed=4)]
    assert needs == sorted(needs, key=["dog", "cat"].index)


def test_where_nothing_was_judged_there_is_nothing_to_judge_again() -> None:
    with pytest.raises(GoldError, match="judge first"):
        draw_again([query("dog")], set(FILES), 10, seed=0)


def test_the_page_never_learns_the_first_grade_and_the_file_keeps_both(tmp_path: Path) -> None:
    path = second_grades_beside(tmp_path / "gold.json")
    journal = Journal(path)
    pairs = [Pair("dog", "1.jpg"), Pair("dog", "2.jpg")]
    session = Rejudging("mine", by_need(QUERIES), pairs, [], journal)
    assert [pair.grade for pair in session.view().pairs] == [None, None]
    session.grade(0, 0)
    session.grade(0, 2)
    assert [pair.grade for pair in session.view().pairs] == [2, None]
    journal.close()
    assert read_second_grades(path) == [SecondGrade("dog", "1.jpg", first=1, second=2)]
    assert QUERIES[0].grades["1.jpg"] == 1


def test_only_grades_are_asked_for(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "again.jsonl")
    session = Rejudging("mine", by_need(QUERIES), [Pair("dog", "1.jpg")], [], journal)
    with pytest.raises(GoldError):
        session.mark(0, nothing=True)
    for at, grade in ((1, 0), (-1, 0), (0, 3), (0, -1)):
        with pytest.raises(GoldError):
            session.grade(at, grade)
    journal.close()
    assert not read_second_grades(journal.path)


def test_agreement_is_that_of_first_and_second_grades() -> None:
    assert agreement_of([]) is None
    found = agreement_of([SecondGrade("dog", "1", 1, 2), SecondGrade("dog", "2", 0, 0)])
    assert found is not None
    assert found.table == ((1, 0, 0), (0, 0, 1), (0, 0, 0))
