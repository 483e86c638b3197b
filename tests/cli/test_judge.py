"""`sightline judge` as a shell sees it: from searches to a gold file, through kills."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from sightline.evaluation.gold import Gold, read_gold
from sightline.evaluation.judging.draft import read_draft
from tests.cli.conftest import Cli
from tests.making import CountingEncoder, Home, make_model, tree
from tests.shell import start

ALL = {"red.png": "red", "rose.png": "red", "green.png": "green", "blue.png": "blue"}


class Person:
    """Somebody at the page, who grades as they were told and finishes."""

    def __init__(self, grade: Callable[[str], int] | None = None, nothing: str = "") -> None:
        self.grade = grade
        self.nothing = nothing
        self.seen: list[tuple[str, int | None]] = []

    def __call__(self, url: str) -> bool:
        view = json.load(urlopen(f"{url}session"))
        for at, pair in enumerate(view["pairs"]):
            text = view["needs"][pair["need"]]["texts"][0]
            self.seen.append((text, pair["grade"]))
            if text == self.nothing:
                post(url, "nothing", {"need": pair["need"], "nothing": True})
            elif self.grade is not None:
                post(url, "grade", {"pair": at, "grade": self.grade(text)})
        post(url, "finish", {})
        return True


def post(url: str, verb: str, body: dict[str, Any]) -> None:
    urlopen(Request(url + verb, json.dumps(body).encode(), {"Content-Type": "application/json"}))


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[[Person], Person]:
    """Have this person sit at the browser."""

    def sit(person: Person) -> Person:
        monkeypatch.setattr(webbrowser, "open", person)
        return person

    return sit


Sit = Callable[[Person], Person]


@pytest.fixture
def indexed(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name, colour in ALL.items():
        home.add(name, colour)
    home.index()
    monkeypatch.setenv("SIGHTLINE_LIBRARY", str(home.place.folder))
    return home


def index_with(home: Home, model: Path) -> None:
    """Embed the photos with another model, beside those that are there."""
    home.model, home.encoder = model, CountingEncoder(model)
    home.index()


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return tmp_path / "gold" / "mine.json"


def texts_of(gold: Gold) -> list[str]:
    return [query.text for query in gold.queries]


def test_from_searches_to_a_gold_file_that_names_every_photo(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    before = tree(indexed.photos)
    judged(Person(lambda text: 2, nothing="black"))
    done = cli("judge", gold, "--query", "red", "--query", "black")
    assert done.status == 0
    made = read_gold(gold)
    assert texts_of(made) == ["red", "black"]
    assert {photo.file: photo.photo for photo in made.gallery} == indexed.known()
    red, black = made.queries
    assert red.grades == dict.fromkeys(ALL, 2)  # four photos: every ranker's first twenty
    assert (black.answerable, black.grades) == (False, {})
    assert "tiny" in made.about
    assert b"mine.json" in done.output
    assert tree(indexed.photos) == before


def test_the_same_command_again_shows_the_grades_and_asks_nothing_twice(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    judged(Person(lambda text: 1))
    cli("judge", gold, "--query", "red")
    made = gold.read_bytes()
    person = judged(Person())
    assert b"0 of 4 photos are left" in cli("judge", gold, "--query", "red").output
    assert person.seen == [("red", 1)] * 4
    assert gold.read_bytes() == made


def test_a_search_without_an_answer_waits_beside_the_gold_file(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    judged(Person(lambda text: 2 if text == "red" else 0))
    done = cli("judge", gold, "--query", "red", "--query", "black")
    assert texts_of(read_gold(gold)) == ["red"]
    assert b"1 of 2 searches have no right photo yet" in done.output
    judged(Person(nothing="black"))
    assert b"no right photo" not in cli("judge", gold).output
    assert texts_of(read_gold(gold)) == ["red", "black"]
    assert read_gold(gold).queries[1].grades == dict.fromkeys(ALL, 0)


def test_wordings_of_one_need_are_judged_once(
    cli: Cli, indexed: Home, gold: Path, judged: Sit, tmp_path: Path
) -> None:
    wishes = tmp_path / "queries.jsonl"
    wishes.write_text(
        '{"text": "red", "need": "r", "tags": ["short"]}\n'
        '{"text": "a red picture", "need": "r", "tags": ["long"]}\n'
    )
    person = judged(Person(lambda text: 2))
    cli("judge", gold, "--queries", wishes)
    assert len(person.seen) == 4
    short, long = read_gold(gold).queries
    assert short.need == long.need == "r"
    assert short.grades == long.grades
    assert (short.tags, long.tags) == (("short",), ("long",))


def test_the_pool_is_kept_with_the_rankers_that_drew_it(
    cli: Cli, indexed: Home, gold: Path, judged: Sit, tmp_path: Path
) -> None:
    other = make_model(tmp_path / "models" / "other", "other", seed=1)
    index_with(indexed, other)
    captions = tmp_path / "captions.jsonl"
    captions.write_text(
        json.dumps({"file": str(indexed.photos / "blue.png"), "captions": ["a red herring"]})
    )
    judged(Person(lambda text: 1))
    cli("judge", gold, "--query", "red", "--depth", "1", "--captions", captions)
    pool = json.loads(gold.with_name("mine.json.pool.json").read_bytes())
    assert [re.sub(r"-[0-9a-f]+$", "", name) for name in pool["rankers"]] == [
        "other",
        "tiny",
        "filenames",
        "bm25",
        "random",
    ]
    drew = {name: photo["file"] for photo in pool["needs"][0]["photos"] for name in photo["ranks"]}
    assert drew["filenames"] == "red.png"
    assert drew["bm25"] == "blue.png"
    assert set(read_gold(gold).queries[0].grades) == set(drew.values())


def pooled(gold: Path) -> dict[str, dict[str, set[str]]]:
    """Of the kept pool: need → file → the rankers that drew it, without the models' digests."""
    pool = json.loads(gold.with_name("mine.json.pool.json").read_bytes())
    return {
        need["need"]: {
            photo["file"]: {re.sub(r"-[0-9a-f]+$", "", name) for name in photo["ranks"]}
            for photo in need["photos"]
        }
        for need in pool["needs"]
    }


def test_going_on_shows_the_same_pool_and_needs_no_model(
    cli: Cli, indexed: Home, gold: Path, judged: Sit, tmp_path: Path
) -> None:
    model = shutil.copytree(indexed.model, tmp_path / "models" / "tiny")
    index_with(indexed, model)
    captions = tmp_path / "captions.jsonl"
    blue = {"file": str(indexed.photos / "blue.png"), "captions": ["a red herring"]}
    captions.write_text(json.dumps(blue))
    asked = ("--query", "red", "--depth", "1", "--captions", captions, "--seed", "3")
    first = judged(Person())
    cli("judge", gold, *asked)
    drawn = gold.with_name("mine.json.pool.json").read_bytes()
    shutil.rmtree(model)
    again = judged(Person(lambda text: 1))
    assert cli("judge", gold).status == 0
    assert again.seen == first.seen
    assert gold.with_name("mine.json.pool.json").read_bytes() == drawn
    assert read_gold(gold).queries[0].grades["blue.png"] == 1


def test_a_new_search_adds_to_the_pool_and_leaves_the_rest(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    judged(Person(lambda text: 2))
    cli("judge", gold, "--query", "red", "--depth", "1")
    before = pooled(gold)
    cli("judge", gold, "--query", "blue")
    after = pooled(gold)
    assert after["red"] == before["red"]
    assert "blue.png" in after["blue"]
    assert sum("tiny" in rankers for rankers in after["blue"].values()) == 1  # as deep as before


def test_options_given_anew_add_to_every_search(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    judged(Person(lambda text: 2))
    cli("judge", gold, "--query", "red", "--depth", "1")
    before = pooled(gold)["red"]
    person = judged(Person(lambda text: 1))
    cli("judge", gold, "--depth", "4")
    after = pooled(gold)["red"]
    assert list(after)[: len(before)] == list(before)
    assert set(after) == set(ALL)
    assert [grade for _, grade in person.seen] == [2] * len(before) + [None] * (4 - len(before))


def test_file_names_that_tell_nothing_are_not_pooled(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    judged(Person(lambda text: 1))
    done = cli("judge", gold, "--query", "yellow", "--model", indexed.model)
    assert b"filenames" not in done.output
    assert b"random" in done.output


def test_a_model_that_is_gone_is_left_out_with_a_word(
    cli: Cli, indexed: Home, gold: Path, judged: Sit, tmp_path: Path
) -> None:
    first = shutil.copytree(indexed.model, tmp_path / "models" / "tiny")
    other = make_model(tmp_path / "models" / "other", "other", seed=1)
    index_with(indexed, first)
    index_with(indexed, other)
    (other / "model.json").unlink()
    judged(Person(lambda text: 2))
    done = cli("judge", gold, "--query", "red")
    assert done.status == 0
    assert "goes without other" in done.errors
    assert cli("judge", gold, "--model", other).status == 3
    (first / "model.json").rename(first / "moved.json")
    alone = cli("judge", gold, "--query", "blue")
    (first / "moved.json").rename(first / "model.json")
    assert alone.status == 3
    assert "No model can be asked" in alone.errors


def test_photos_that_came_later_are_taken_in_when_asked(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    judged(Person(lambda text: 2))
    cli("judge", gold, "--query", "red")
    indexed.add("new/late.png", "red")
    indexed.index()
    judged(Person())
    assert "1 photos of the library" in cli("judge", gold).errors
    assert set(read_gold(gold).files) == set(ALL)
    person = judged(Person(lambda text: 1))
    assert not cli("judge", gold, "--add-photos").errors
    assert sorted(str(grade) for _, grade in person.seen) == ["2", "2", "2", "2", "None"]
    assert set(read_gold(gold).files) == {*ALL, "new/late.png"}


def test_a_photo_that_left_the_library_keeps_its_grades(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    judged(Person(lambda text: 2))
    cli("judge", gold, "--query", "red")
    (indexed.photos / "blue.png").unlink()
    indexed.index()
    person = judged(Person(lambda text: 1))
    assert "1 of the gold file's photos" in cli("judge", gold).errors
    assert len(person.seen) == 3
    assert read_gold(gold).queries[0].grades == dict.fromkeys(ALL, 1) | {"blue.png": 2}


def test_judging_again_says_how_far_one_agrees_and_changes_no_gold(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    judged(Person(lambda text: 2 if text == "red" else 0, nothing="black"))
    cli("judge", gold, "--query", "red", "--query", "blue")
    judged(Person(lambda text: 2))
    cli("judge", gold, "--query", "white")
    made = gold.read_bytes()
    person = judged(Person(lambda text: 2 if text == "red" else 1))
    done = cli("judge", gold, "--again", "100")
    assert [grade for _, grade in person.seen] == [None] * 12
    assert b"12 pairs judged twice: 33 % the same grade" in done.output
    assert gold.read_bytes() == made
    assert b"12 pairs judged twice" in cli("judge", gold, "--status").output


def test_the_status_needs_neither_library_nor_model_and_writes_nothing(
    cli: Cli, indexed: Home, gold: Path, judged: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(Person(lambda text: 2 if text == "red" else 0))
    cli("judge", gold, "--query", "red", "--query", "black")
    monkeypatch.setenv("SIGHTLINE_LIBRARY", "/nowhere")
    before = tree(gold.parent)
    status = cli("judge", gold, "--status").output.decode()
    assert re.search(r"4/4 +0 +0 +4  red$", status, re.MULTILINE)
    assert re.search(r"4/4 +4 +0 +0  black  \*$", status, re.MULTILINE)
    assert "Grades: 8." in status
    assert tree(gold.parent) == before


def test_what_cannot_be_judged_says_what_to_do(
    cli: Cli, indexed: Home, gold: Path, tmp_path: Path
) -> None:
    assert "--query" in cli("judge", gold).errors
    assert not list(gold.parent.glob("*.json"))
    assert cli("judge", gold, "--status").status == 2
    assert cli("judge", gold, "--again", "5").status == 2
    for asked in (
        (gold, "--query", "red", "--again", "5"),
        (gold, "--query", "red", "--status"),
        (gold, "--query", "red", "--depth", "0"),
        (gold, "--query", "  "),
        (gold, "--queries", tmp_path / "nowhere.txt"),
        (tmp_path / "photo.jpg", "--query", "red"),
        (tmp_path, "--query", "red"),
        (gold, "--query", "red", "--model", "no-such-model"),
        (gold, "--query", "red", "--captions", tmp_path / "nowhere.jsonl"),
    ):
        assert cli("judge", *asked).status == 2, asked
    assert cli("judge", gold, "--query", "red", "--library", tmp_path / "none").status == 3


def test_a_gold_file_that_is_damaged_or_of_other_photos_is_left_as_it_is(
    cli: Cli, indexed: Home, gold: Path
) -> None:
    gold.parent.mkdir()
    stranger = {"file": "x.jpg", "photo": "0" * 64}
    asked = {"id": "q", "text": "red", "grades": {"x.jpg": 2}}
    for content in (
        "{",
        json.dumps({"format": "sightline-gold/2"}),
        json.dumps(
            {
                "format": "sightline-gold/1",
                "name": "other",
                "gallery": [stranger],
                "queries": [asked],
            }
        ),
    ):
        gold.write_text(content)
        assert cli("judge", gold, "--query", "red").status == 2
        assert gold.read_text() == content


# ---- in a process of its own ---------------------------------------------------------------------


def begin(gold: Path, *more: str | Path) -> "tuple[subprocess.Popen[bytes], str]":
    """Start judging, and say the page's address."""
    process = start("judge", gold, "--no-browser", *more)
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(rb"http://\S+", line):
            return process, found[0].decode()
    raise AssertionError(process.stderr and process.stderr.read())


def end(process: "subprocess.Popen[bytes]", how: signal.Signals) -> None:
    process.send_signal(how)
    process.communicate(timeout=30)


def test_killed_in_the_middle_it_has_every_grade_and_goes_on(indexed: Home, gold: Path) -> None:
    process, url = begin(gold, "--query", "red", "--query", "black")
    for at in range(3):
        post(url, "grade", {"pair": at, "grade": at})
    post(url, "nothing", {"need": 1, "nothing": True})
    end(process, signal.SIGKILL)
    assert not gold.exists()
    process, url = begin(gold)
    assert texts_of(read_gold(gold)) == ["red", "black"]  # folded at the start
    view = json.load(urlopen(f"{url}session"))
    assert [pair["grade"] for pair in view["pairs"]] == [0, 1, 2] + [None] * 5
    assert [need["nothing"] for need in view["needs"]] == [False, True]
    post(url, "grade", {"pair": 3, "grade": 0})
    end(process, signal.SIGINT)
    assert process.returncode == 0
    assert sorted(read_gold(gold).queries[0].grades.values()) == [0, 0, 1, 2]
    left = {path.name for path in gold.parent.iterdir()}
    assert left == {"mine.json", "mine.json.pool.json"}


def test_a_call_that_fails_leaves_nothing_behind(cli: Cli, indexed: Home, gold: Path) -> None:
    gold.parent.mkdir()
    assert cli("judge", gold).status == 2
    assert cli("judge", gold, "--again", "3").status == 2
    assert cli("judge", gold, "--query", "red", "--depth", "0").status == 2
    assert not list(gold.parent.iterdir())


def test_two_judges_at_once_are_refused_and_the_first_goes_on(
    cli: Cli, indexed: Home, gold: Path
) -> None:
    process, url = begin(gold, "--query", "red")
    for asked in (("--query", "blue"), ("--again", "3")):
        done = cli("judge", gold, *asked)
        assert done.status == 3
        assert "another process" in done.errors
    assert b"0/4" in cli("judge", gold, "--status").output  # looking is allowed
    post(url, "grade", {"pair": 0, "grade": 2})
    end(process, signal.SIGINT)
    assert texts_of(read_gold(gold)) == ["red"]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_a_full_disk_refuses_the_grade_and_keeps_the_others(indexed: Home, gold: Path) -> None:
    import resource

    process, url = begin(gold, "--query", "red")
    post(url, "grade", {"pair": 0, "grade": 2})
    journal = gold.with_name("mine.json.journal.jsonl")
    size = journal.stat().st_size
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size + 10, resource.RLIM_INFINITY))
    with pytest.raises(HTTPError) as refused:
        post(url, "grade", {"pair": 1, "grade": 2})
    assert refused.value.code == 507
    assert "is kept" in json.load(refused.value)["error"]
    assert journal.stat().st_size == size
    end(process, signal.SIGKILL)
    draft = read_draft(gold)
    assert draft is not None
    assert list(draft.queries["red"].grades.values()) == [2]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_a_disk_that_is_full_at_the_end_loses_no_grade_and_says_what_to_do(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    import resource

    process, url = begin(gold, "--query", "red")
    for at in range(4):
        post(url, "grade", {"pair": at, "grade": 2})
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
    post(url, "finish", {})
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    said = errors.decode()
    assert "mine.json: File too large. No grade is lost" in said
    assert "start the same command again" in said
    assert "Traceback" not in said
    judged(Person())
    assert cli("judge", gold).status == 0
    assert list(read_gold(gold).queries[0].grades.values()) == [2] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are no UTF-8")
def test_photos_whose_names_are_no_utf_8_can_be_measured_under_their_folder(
    cli: Cli, indexed: Home, gold: Path, judged: Sit
) -> None:
    indexed.add(os.fsdecode(b"caf\xe9.png"), "yellow")
    indexed.index()
    judged(Person(lambda text: 2))
    assert cli("judge", gold, "--query", "yellow").status == 0
    assert "caf\\udce9.png" in read_gold(gold).files
    done = cli(
        "eval", gold, "--photos", indexed.photos, "--model", indexed.model, "--cold", "0",
        "--ranker", "none", "--out", gold.parent / "run", "--format", "json",
    )  # fmt: skip
    assert json.loads(done.output)["run"]["missing"] == []
