"""Damaged libraries: what is wrong is said in a sentence, and nothing is made worse."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from sightline import Filters, Library, Near
from sightline.errors import (
    LibraryCorrupt,
    LibraryError,
    LibraryNotFound,
    LibraryTooNew,
    SightlineError,
)
from tests.making import Home, tree


@pytest.fixture
def filled(home: Home) -> Home:
    for n in range(40):
        home.add(f"{n:02}.jpg", "red" if n % 2 else "blue")
    (home.photos / "broken.jpg").write_bytes(b"no")
    home.index()
    return home


def _everything(home: Home) -> list[Callable[[], object]]:
    """All that can be asked of a library."""

    def asking(ask: Callable[[Library], object]) -> Callable[[], object]:
        def run() -> object:
            with home.open() as library:
                return ask(library)

        return run

    filters = Filters(folder=home.photos, near=Near(0, 0, 10), after="2000")
    return [
        asking(Library.status),
        asking(Library.failures),
        asking(Library.check),
        asking(lambda library: library.search("red")),
        asking(lambda library: library.search("red", filters=filters)),
        asking(lambda library: library.search("red", filters=Filters(extension="jpg"))),
        asking(lambda library: library.index([home.photos], dry_run=True)),
        asking(lambda library: library.forget([home.photos / "00.jpg"])),
        home.index,
    ]


def test_a_library_of_a_later_version_is_refused_untouched(filled: Home) -> None:
    with sqlite3.connect(filled.place.database) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = tree(filled.place.folder)

    for ask in _everything(filled):
        with pytest.raises(LibraryTooNew, match=r"later version.*Upgrade sightline"):
            ask()
    after = tree(filled.place.folder)
    assert after["library.db"][1] == before["library.db"][1]
    assert _vectors(after) == _vectors(before)


def _vectors(files: dict[str, tuple[int, bytes]]) -> dict[str, bytes]:
    return {name: data for name, (_, data) in files.items() if name.endswith(".f16")}


@pytest.mark.parametrize(
    "content",
    [b"these are words and no database\n" * 200, b"\0" * 5000, b"SQLite format 3\0" + b"x" * 84],
    ids=["a text file", "zeros", "only a header"],
)
def test_a_record_that_is_no_database_is_said_to_be_damaged(filled: Home, content: bytes) -> None:
    filled.place.database.write_bytes(content)
    before = tree(filled.place.folder)
    for ask in _everything(filled):
        with pytest.raises(LibraryCorrupt, match="Restore"):
            ask()
    after = tree(filled.place.folder)
    assert after["library.db"][1] == content
    assert _vectors(after) == _vectors(before)


@pytest.mark.parametrize("lost", ["emptied", "removed"])
def test_a_lost_record_does_not_pass_for_a_new_library(filled: Home, lost: str) -> None:
    if lost == "emptied":
        filled.place.database.write_bytes(b"")
        with pytest.raises(LibraryCorrupt, match="there are vectors"):
            filled.open()
    else:
        filled.place.database.unlink()
        with pytest.raises(LibraryNotFound):
            filled.open()
    before = _vectors(tree(filled.place.folder))

    with pytest.raises(LibraryCorrupt, match="Restore the record from a backup"):
        filled.index()
    assert _vectors(tree(filled.place.folder)) == before


def test_a_library_that_was_never_finished_is_none_yet(home: Home) -> None:
    home.add("a.jpg")
    home.place.folder.mkdir()
    home.place.database.write_bytes(b"")
    with pytest.raises(LibraryNotFound):
        home.open()
    assert home.index() == {"new": 1}


def test_another_programs_database_is_left_alone(home: Home) -> None:
    home.add("a.jpg")
    home.place.folder.mkdir()
    with sqlite3.connect(home.place.database) as connection:
        connection.execute("CREATE TABLE books (title TEXT)")
    connection.close()
    before = home.place.database.read_bytes()

    for use in (home.open, home.index):
        with pytest.raises(LibraryCorrupt, match="another program's"):
            use()
    assert home.place.database.read_bytes() == before


def test_a_record_cut_short_is_never_a_crash(filled: Home) -> None:
    whole = filled.place.database.read_bytes()
    for part in (0.97, 0.6, 0.3, 0.05):
        filled.place.database.write_bytes(whole[: int(len(whole) * part)])
        _only_plain_errors(filled)
    assert _only_plain_errors(filled) > 0


@pytest.mark.parametrize("seed", range(25))
def test_random_bytes_in_the_record_are_never_a_crash(filled: Home, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(filled.place.database.read_bytes())
    for _ in range(chance.choice([1, 4, 40, 400])):
        at = chance.randrange(len(data))
        data[at : at + 8] = chance.randbytes(8)
    filled.place.database.write_bytes(data[: len(data)])
    _only_plain_errors(filled)


def _only_plain_errors(home: Home) -> int:
    """Ask everything; whatever fails must fail on purpose. Returns how much failed."""
    reasons = []
    for ask in _everything(home):
        try:
            ask()
        except SightlineError as error:
            reasons.append(str(error))
    assert all(reason.endswith((".", "says more")) for reason in reasons), reasons
    return len(reasons)


def test_missing_vectors_are_named_and_never_taken_for_new_ones(filled: Home) -> None:
    (vectors,) = filled.place.vectors_folder.iterdir()
    vectors.unlink()
    _assert_vectors_missed(filled, "holds 0 vectors, but the record names 40")
    assert not vectors.exists() or vectors.stat().st_size == 0


def test_vectors_cut_short_are_named(filled: Home) -> None:
    (vectors,) = filled.place.vectors_folder.iterdir()
    whole = vectors.read_bytes()
    vectors.write_bytes(whole[:-1])
    _assert_vectors_missed(filled, "holds 39 vectors, but the record names 40")
    vectors.write_bytes(whole)
    assert filled.problems() == []


def _assert_vectors_missed(home: Home, words: str) -> None:
    home.add("new.jpg")
    (problem,) = home.problems()
    assert words in problem
    with pytest.raises(LibraryCorrupt, match=words):
        home.find("red")
    with pytest.raises(LibraryCorrupt, match=words):
        home.index()


def test_garbage_among_the_vectors_is_found_by_the_check(filled: Home) -> None:
    (vectors,) = filled.place.vectors_folder.iterdir()
    data = bytearray(vectors.read_bytes())
    row = len(data) // 40
    data[3 * row : 4 * row] = b"\xff" * row  # not a number
    data[5 * row : 6 * row] = bytes(row)  # nothing
    data[7 * row : 8 * row] = random.Random(0).randbytes(row)
    vectors.write_bytes(data)

    (problem,) = filled.problems()
    assert "3 vectors are no unit vectors (slots 3, 5, 7)" in problem
    with pytest.raises(LibraryCorrupt, match="no numbers"):
        filled.find("red", k=40)


def test_a_row_that_points_nowhere_is_found_by_the_check(filled: Home) -> None:
    with sqlite3.connect(filled.place.database) as connection:
        connection.execute("UPDATE vectors SET photo = 4000 WHERE slot = 3")
        connection.execute("UPDATE photos SET copies = 7 WHERE id = 9")
        connection.execute("DELETE FROM vectors WHERE slot = 5")
    connection.close()

    problems = "\n".join(filled.problems())
    for words in ("points at a row of photos", "miscount", "no vector under any", "are named"):
        assert words in problems


def test_a_hole_among_the_slots_answers_no_query(filled: Home) -> None:
    with sqlite3.connect(filled.place.database) as connection:
        connection.execute("DELETE FROM vectors WHERE slot = 5")
    connection.close()
    with pytest.raises(LibraryError, match="status --check"):
        filled.find("blue", k=40)


def test_a_backup_put_back_works_again(filled: Home) -> None:
    backup = filled.photos.parent / "backup"
    shutil.copytree(filled.place.folder, backup)
    before = filled.find("red")
    shutil.rmtree(filled.place.folder)
    with pytest.raises(LibraryNotFound):
        filled.open()
    shutil.copytree(backup, filled.place.folder)

    assert filled.find("red") == before
    assert filled.problems() == []
    assert Path(backup).is_dir()
