"""Gold in the making: the file and its journal together are what was judged, at any moment."""

import copy
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sightline.errors import GoldError
from sightline.evaluation.gold import NO_ANSWER, read_gold
from sightline.evaluation.judging import draft as drafts
from sightline.evaluation.judging.draft import (
    Draft,
    Graded,
    Marked,
    Step,
    journal_beside,
    read_draft,
    write_draft,
)
from sightline.evaluation.judging.journal import Journal
from tests.evaluation.judging.making import draft_of, query


class Killed(BaseException):
    """What kill -9 is to a test."""


def fresh() -> Draft:
    return draft_of(
        query("dog"), query("cat", need="pet"), query("pet-2", text="a pet", need="pet")
    )


def state(draft: Draft | None) -> tuple[object, ...]:
    """What a draft says, whatever the order of its queries."""
    assert draft is not None
    queries = {key: (one.grades, set(one.tags)) for key, one in draft.queries.items()}
    return draft.name, draft.gallery, queries


def test_gold_holds_answered_queries_and_the_journal_the_others(tmp_path: Path) -> None:
    draft, file = fresh(), tmp_path / "gold.json"
    draft.apply(Graded("dog", "a", 2))
    draft.apply(Graded("pet", "b", 0))
    write_draft(draft, file, whole_journal=False)
    assert [one.id for one in read_gold(file).queries] == ["dog"]
    assert state(read_draft(file)) == state(draft)


def test_when_every_query_has_an_answer_the_gold_file_stands_alone(tmp_path: Path) -> None:
    draft, file = fresh(), tmp_path / "gold.json"
    draft.apply(Graded("dog", "a", 1))
    draft.apply(Marked("pet", True))
    write_draft(draft, file, whole_journal=False)
    assert not journal_beside(file).exists()
    assert read_gold(file).queries[1].tags == (NO_ANSWER,)
    assert state(read_draft(file)) == state(draft)


def test_before_the_first_answer_there_is_no_gold_file(tmp_path: Path) -> None:
    draft, file = fresh(), tmp_path / "gold.json"
    draft.apply(Graded("dog", "a", 0))
    write_draft(draft, file, whole_journal=False)
    assert not file.exists()
    assert state(read_draft(file)) == state(draft)


def test_when_the_last_answer_is_taken_back_no_gold_file_tells_of_it(tmp_path: Path) -> None:
    draft, file = fresh(), tmp_path / "gold.json"
    draft.apply(Graded("dog", "a", 2))
    write_draft(draft, file, whole_journal=True)
    draft.apply(Graded("dog", "a", 0))
    write_draft(draft, file, whole_journal=False)
    assert not file.exists()
    assert state(read_draft(file)) == state(draft)


def test_a_grade_is_for_every_wording_of_the_need() -> None:
    draft = fresh()
    draft.apply(Graded("pet", "c", 2))
    assert draft.queries["cat"].grades == draft.queries["pet-2"].grades == {"c": 2}
    assert not draft.queries["dog"].grades


def test_a_right_photo_takes_back_that_there_is_none() -> None:
    draft = fresh()
    draft.apply(Marked("dog", True))
    draft.apply(Graded("dog", "a", 0))
    assert not draft.queries["dog"].answerable
    draft.apply(Graded("dog", "a", 1))
    assert draft.queries["dog"].answerable


def test_nothing_here_is_refused_where_a_photo_is_right() -> None:
    draft = fresh()
    draft.apply(Graded("dog", "a", 1))
    with pytest.raises(GoldError, match="change these grades first"):
        draft.apply(Marked("dog", True))
    assert draft.queries["dog"].answerable


def test_other_tags_stay_through_it_all() -> None:
    draft = draft_of(query("dog", tags=("object", "short")))
    for nothing in (True, True, False, True):
        draft.apply(Marked("dog", nothing))
    assert draft.queries["dog"].tags == ("object", "short", NO_ANSWER)
    draft.apply(Marked("dog", False))
    assert draft.queries["dog"].tags == ("object", "short")


def test_a_journal_about_an_unknown_need_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "gold.json"
    write_draft(fresh(), file, whole_journal=True)
    with journal_beside(file).open("ab") as journal:
        journal.write(b'{"what":"grade","need":"cow","file":"a","grade":1}\n')
    with pytest.raises(GoldError, match=r"line 8: Nobody asked for 'cow'"):
        read_draft(file)


STEPS = st.lists(
    st.one_of(
        st.builds(
            Graded,
            need=st.sampled_from(["dog", "pet"]),
            file=st.sampled_from("abc"),
            grade=st.integers(0, 2),
        ),
        st.builds(Marked, need=st.sampled_from(["dog", "pet"]), nothing=st.booleans()),
    ),
    max_size=8,
)


@settings(max_examples=50)
@example(  # an answer is taken back, and the gold file without it is the last that was written
    before=[Graded("dog", "a", 2), Graded("pet", "a", 2)],
    steps=[Graded("dog", "a", 0)],
    dies_at=0,
    after_it=True,
)
@given(before=STEPS, steps=STEPS, dies_at=st.integers(0, 6), after_it=st.booleans())
def test_killed_at_any_write_nothing_is_lost_and_nothing_invented(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[Step],
    steps: list[Step],
    dies_at: int,
    after_it: bool,
) -> None:
    file = tmp_path_factory.mktemp("killed") / "gold.json"
    draft = fresh()
    take(draft, before)
    write_draft(draft, file, whole_journal=True)
    journal = Journal(journal_beside(file))
    take(draft, steps, journal)
    journal.close()
    expected = copy.deepcopy(state(draft))
    with pytest.MonkeyPatch.context() as patched:
        die_at_write(patched, dies_at, after_it)
        with suppress(Killed):
            write_draft(draft, file, whole_journal=False)
    assert state(read_draft(file)) == expected


def take(draft: Draft, steps: list[Step], journal: Journal | None = None) -> None:
    for step in steps:
        try:
            draft.apply(step)
        except GoldError:
            continue
        if journal is not None:
            journal.add(step)


def die_at_write(patched: pytest.MonkeyPatch, at: int, after_it: bool) -> None:
    """Have the process die before or after its write number `at`."""
    writes = iter(range(100))

    def dying(write):  # type: ignore[no-untyped-def]
        def wrapped(*arguments, **options):  # type: ignore[no-untyped-def]
            now = next(writes) == at
            if now and not after_it:
                raise Killed
            write(*arguments, **options)
            if now:
                raise Killed

        return wrapped

    for name in ("write_gold", "write_whole"):
        patched.setattr(drafts, name, dying(getattr(drafts, name)))
    patched.setattr(Path, "unlink", dying(Path.unlink))
