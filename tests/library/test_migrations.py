"""Libraries of earlier versions: readers ask for an update, writers do it and lose nothing."""

import sqlite3

import pytest

from sightline import Library
from sightline.api import index
from sightline.errors import LibraryCorrupt, LibraryError
from sightline.library import database
from tests.making import Home, tree

ADD_A_COLUMN = "ALTER TABLE photos ADD COLUMN stars INTEGER"
ADD_A_TABLE = "CREATE TABLE albums (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT"


@pytest.fixture
def outdated(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A library of today, seen by a version that is two steps ahead."""
    home.add("a.jpg", "red")
    home.add("b.jpg", "blue")
    home.index()
    monkeypatch.setattr(database, "SCHEMA_VERSION", database.SCHEMA_VERSION + 2)
    steps = {1: ADD_A_COLUMN, 2: ADD_A_TABLE}
    monkeypatch.setattr(database, "_MIGRATIONS", database._MIGRATIONS | steps)
    return home


def test_an_older_library_asks_to_be_brought_up_to_date_and_is_left_alone(outdated: Home) -> None:
    before = tree(outdated.place.folder)
    with pytest.raises(LibraryError, match="earlier version; run `sightline index`"):
        outdated.open()
    with pytest.raises(LibraryError, match="earlier version"):
        index(outdated.place, [outdated.photos], None, None, True, None)
    assert tree(outdated.place.folder)["library.db"] == before["library.db"]


def test_indexing_brings_an_older_library_up_to_date(outdated: Home) -> None:
    report = index(outdated.place, [outdated.photos], None, None, False, None)
    assert report.unchanged == 2
    assert outdated.find("red", k=1) == ["a.jpg"]
    assert outdated.problems() == []
    with sqlite3.connect(outdated.place.database) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
        assert connection.execute("SELECT stars FROM photos").fetchall() == [(None,), (None,)]
        assert connection.execute("SELECT count(*) FROM albums").fetchone() == (0,)
    connection.close()


def test_opening_to_create_does_so_too(outdated: Home) -> None:
    with Library.create(outdated.place.folder) as library:
        assert library.status().photos == 2


def test_a_step_that_fails_leaves_the_library_as_it_was(
    outdated: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {1: ADD_A_COLUMN, 2: f"{ADD_A_TABLE}; INSERT INTO nowhere VALUES (1)"}
    monkeypatch.setattr(database, "_MIGRATIONS", steps)
    with pytest.raises(LibraryCorrupt, match="nowhere"):
        outdated.index()
    with sqlite3.connect(outdated.place.database) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE name = 'albums'")
        assert tables.fetchall() == []
    connection.close()

    monkeypatch.setattr(database, "_MIGRATIONS", {1: ADD_A_COLUMN, 2: ADD_A_TABLE})
    assert outdated.index() == {"unchanged": 2}


def test_every_step_to_todays_version_is_there() -> None:
    assert sorted(database._MIGRATIONS) == list(range(1, database.SCHEMA_VERSION))
