"""Forgetting: the library lets go of photos for good, and the files stay."""

import os
import shutil
from pathlib import Path

import pytest

from sightline.errors import LibraryNotFound, UsageError
from sightline.library import forget as forgetting
from tests.making import Home, make_model, tree


@pytest.fixture
def filled(home: Home) -> Home:
    home.add("a.jpg", "red")
    home.add("trip/b.jpg", "red")
    home.add("trip/deep/c.jpg", "blue")
    home.add("trip2/d.jpg", "blue")
    home.index()
    return home


def _forget(home: Home, *paths: Path | str) -> tuple[int, int]:
    with home.open() as library:
        return library.forget(paths)


def test_a_forgotten_file_is_not_found_and_stays_where_it_is(filled: Home) -> None:
    before = tree(filled.photos)
    assert _forget(filled, filled.photos / "a.jpg") == (1, 1)
    assert filled.find("red", k=1) == ["trip/b.jpg"]
    assert sorted(filled.known()) == ["trip/b.jpg", "trip/deep/c.jpg", "trip2/d.jpg"]
    assert tree(filled.photos) == before
    assert filled.problems() == []


def test_a_forgotten_folder_takes_all_below_it_and_no_neighbour(filled: Home) -> None:
    assert _forget(filled, filled.photos / "trip") == (2, 2)
    assert sorted(filled.known()) == ["a.jpg", "trip2/d.jpg"]


def test_paths_may_be_spelled_in_any_way(filled: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(filled.photos / "trip")
    assert _forget(filled, "../a.jpg") == (1, 1)
    assert _forget(filled, ".") == (2, 2)
    assert sorted(filled.known()) == ["trip2/d.jpg"]


def test_a_photo_with_another_path_stays(filled: Home) -> None:
    shutil.copy(filled.photos / "a.jpg", filled.photos / "copy.jpg")
    filled.index()
    assert _forget(filled, filled.photos / "a.jpg") == (1, 0)
    assert "copy.jpg" in filled.find("red")
    assert _forget(filled, filled.photos / "copy.jpg") == (1, 1)
    assert len(filled.find("red")) == 3


def test_forgotten_vectors_are_blank_on_disk_under_every_model(filled: Home) -> None:
    other = make_model(filled.photos.parent / "other", name="other", seed=1)
    with filled.open() as library:
        library.index([filled.photos], model=other)
        assert library.forget([filled.photos / "a.jpg"]) == (1, 1)
        assert library.check() == []
        for model in library.status().models:
            rows = _rows(filled, model.model_id)
            assert sorted(map(any, rows)) == [False, True, True, True]


def _rows(home: Home, model_id: str) -> list[bytes]:
    data = home.place.vectors(model_id).read_bytes()
    return [data[at : at + 128] for at in range(0, len(data), 128)]


def test_nothing_of_a_forgotten_photo_stays_in_the_record(home: Home) -> None:
    home.add("the-secret-name.jpg", "red")
    home.add("b.jpg", "red")
    (home.photos / "the-secret-failure.jpg").write_bytes(b"no")
    home.index()
    hash_ = home.known()["the-secret-name.jpg"]
    assert _mentions(home, b"the-secret-name", hash_.encode())

    _forget(home, home.photos / "the-secret-name.jpg", home.photos / "the-secret-failure.jpg")
    assert not _mentions(home, b"the-secret-name", b"the-secret-failure", hash_.encode())
    assert home.failures() == {}


def _mentions(home: Home, *words: bytes) -> bool:
    files = [path for path in home.place.folder.rglob("*") if path.is_file()]
    return any(word in path.read_bytes() for path in files for word in words)


def test_what_is_forgotten_stays_forgotten_until_its_folder_is_indexed_again(filled: Home) -> None:
    _forget(filled, filled.photos / "trip")
    for _ in range(2):
        assert sorted(filled.find("blue")) == ["a.jpg", "trip2/d.jpg"]
    filled.index(filled.photos / "trip2")
    assert "trip/b.jpg" not in filled.known()

    assert filled.index() == {"new": 2, "unchanged": 2}
    assert len(filled.find("red")) == 4
    assert filled.problems() == []


def test_a_photo_that_is_gone_can_be_forgotten_too(filled: Home) -> None:
    (filled.photos / "a.jpg").unlink()
    filled.index()
    assert _forget(filled, filled.photos / "a.jpg") == (1, 1)
    with filled.open() as library:
        assert library.status().absent_photos == 0


def test_a_forget_that_was_killed_is_said_by_the_check_and_ended_by_the_next(
    filled: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(writer: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(forgetting, "_blank_nameless", die)
    with pytest.raises(KeyboardInterrupt):
        _forget(filled, filled.photos / "a.jpg")
    monkeypatch.undo()
    assert "trip/b.jpg" in filled.find("red")
    assert "a.jpg" not in filled.find("red")
    assert ["forgotten vectors are not blanked" in line for line in filled.problems()] == [True]

    assert _forget(filled, filled.photos / "a.jpg") == (0, 0)
    assert filled.problems() == []


def test_forgetting_what_is_unknown_does_nothing(filled: Home) -> None:
    known = filled.known()
    assert _forget(filled, "/nowhere", filled.photos / "a", os.sep + "tri") == (0, 0)
    assert filled.known() == known
    with filled.open() as library, pytest.raises(UsageError, match="at least one"):
        library.forget([])


def test_forgetting_makes_no_library(home: Home) -> None:
    with pytest.raises(LibraryNotFound):
        _forget(home, home.photos)
    assert not home.place.folder.exists()


def test_new_photos_after_forgetting_get_vectors_of_their_own(filled: Home) -> None:
    _forget(filled, filled.photos)
    assert filled.find("red") == []
    filled.add("e.jpg", "yellow")
    assert filled.index() == {"new": 5}
    assert filled.find("yellow", k=1) == ["e.jpg"]
    assert filled.problems() == []


def test_earlier_versions_of_an_edited_photo_are_forgotten_with_it(home: Home) -> None:
    home.add("a.jpg", "red")
    home.index()
    home.add("a.jpg", "blue")
    assert home.index() == {"changed": 1}

    assert _forget(home, home.photos / "a.jpg") == (1, 2)
    with home.open() as library:
        (model,) = library.status().models
    assert model.photos == 0
    assert not any(map(any, _rows(home, model.model_id)))


def test_a_moved_photo_is_forgotten_under_its_new_name_and_its_old_one(home: Home) -> None:
    home.add("trip/a.jpg", "red")
    home.index()
    (home.photos / "trip").rename(home.photos / "secret")
    home.index()
    assert _forget(home, home.photos / "secret") == (1, 1)
    with home.open() as library:
        assert library.status().absent_photos == 0


def test_one_path_alone_is_not_taken_for_its_letters(filled: Home) -> None:
    with filled.open() as library:
        assert library.forget(str(filled.photos / "a.jpg")) == (1, 1)


def test_an_empty_name_forgets_nothing(filled: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(filled.photos)
    with pytest.raises(UsageError, match="empty name"):
        _forget(filled, "")
    assert len(filled.known()) == 4
