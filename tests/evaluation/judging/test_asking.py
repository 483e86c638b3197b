"""Searches come in as people write them, and asking twice asks once."""

from pathlib import Path

import pytest

from sightline.errors import GoldError
from sightline.evaluation.gold import NO_ANSWER
from sightline.evaluation.judging.asking import Wish, ask, read_wishes
from sightline.evaluation.judging.draft import Graded, Marked
from tests.evaluation.judging.making import draft_of, query


def test_a_file_may_hold_plain_lines_and_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "queries.txt"
    file.write_text(
        "\ufeffbirthday cake\r\n\r\n"
        '{"text": "cake", "need": "cakes", "tags": ["short"]}\n  two dogs \n'
    )
    assert read_wishes(file) == [
        Wish("birthday cake"),
        Wish("cake", "cakes", ("short",)),
        Wish("two dogs"),
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no query"),
        (b"\n \n", "no query"),
        (b"\xff\xfe", "UTF-8"),
        (b'dog\n{"text": 3}', "line 2"),
        (b'{"text": "dog", "tags": ["Two Words"]}', "line 1"),
        (b'{"text": "dog", "tag": []}', "line 1"),
        (b"{" * 9, "line 1"),
    ],
)
def test_a_file_that_is_none_says_what_is_wrong(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "queries.txt"
    file.write_bytes(content)
    with pytest.raises(GoldError, match=why):
        read_wishes(file)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"nowhere\.txt"):
        read_wishes(tmp_path / "nowhere.txt")


def test_the_same_command_again_asks_nothing_new() -> None:
    draft = draft_of()
    for _ in range(2):
        ask(draft, [Wish("two  dogs"), Wish(" two dogs ")])
    assert [one.text for one in draft.queries.values()] == ["two dogs"]


def test_ids_can_be_read_and_never_meet() -> None:
    draft = draft_of()
    ask(draft, [Wish("Two dogs!"), Wish("two dogs?"), Wish("café"), Wish("狗"), Wish("犬")])
    assert list(draft.queries) == ["two-dogs", "two-dogs-2", "cafe", "query", "query-2"]


def test_no_new_query_slips_into_somebody_elses_need() -> None:
    draft = draft_of(query("q1", text="a hound", need="dog"))
    ask(draft, [Wish("dog")])
    assert draft.queries["dog-2"].need == "dog-2"


def test_a_new_wording_of_a_judged_need_has_its_grades() -> None:
    draft = draft_of(query("dog", need="dog", tags=("short",)), query("cow"))
    draft.apply(Graded("dog", "a", 2))
    draft.apply(Marked("cow", True))
    ask(draft, [Wish("a dog on the beach", "dog", ("long",)), Wish("a brown cow", "cow")])
    assert draft.queries["a-dog-on-the-beach"].grades == {"a": 2}
    assert draft.queries["a-dog-on-the-beach"].tags == ("long",)
    assert draft.queries["a-brown-cow"].tags == (NO_ANSWER,)


@pytest.mark.parametrize("text", ["", "  ", "\udcff"])
def test_words_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(GoldError):
        ask(draft_of(), [Wish(text)])
