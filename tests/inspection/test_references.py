"""Where references come from: named by the user, or found in a library."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightline.errors import InspectionError, PhotoError, UsageError
from sightline.inspection.references import named_references, nearest_references
from tests.making import Home


@pytest.fixture
def filled(home: Home) -> Home:
    for colour in ("red", "green"):
        for n in range(5):
            home.add(f"{colour}/{n}.jpg", colour)
    home.index()
    return home


def test_named_references_are_files_and_the_photos_in_folders(home: Home) -> None:
    paths = [home.add(f"good/{n}.jpg") for n in range(3)]
    assert named_references([str(paths[2]), str(home.photos / "good")]) == (paths[2], *paths[:2])


def test_a_name_that_is_not_there_is_told(home: Home) -> None:
    with pytest.raises(InspectionError, match="nowhere"):
        named_references([str(home.photos / "nowhere.jpg")])


def test_a_folder_without_photos_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InspectionError, match="faultless"):
        named_references([str(tmp_path / "empty")])
    with pytest.raises(UsageError):
        named_references([""])


def test_the_nearest_photos_of_the_library_are_found(filled: Home) -> None:
    asked = filled.add("elsewhere/new.jpg", "red")
    with filled.open() as library:
        found = nearest_references(library, asked, count=4)
    assert len(found) == 4
    assert {path.parent.name for path in found} == {"red"}


def test_a_photo_is_never_its_own_reference(filled: Home) -> None:
    own = filled.photos / "red" / "0.jpg"
    copy = filled.photos.parent / "copy.jpg"
    copy.write_bytes(own.read_bytes())
    with filled.open() as library:
        found = nearest_references(library, copy, count=10, least=-1.0)
    assert own not in found
    assert len(found) == 9


def test_a_library_without_this_product_is_refused_with_what_to_do(filled: Home) -> None:
    asked = filled.add("elsewhere/new.jpg", "blue")
    with filled.open() as library, pytest.raises(InspectionError, match="sightline index"):
        nearest_references(library, asked, least=0.9)


def test_a_library_of_nothing_else_is_refused(home: Home) -> None:
    only = home.add("only.jpg")
    home.index()
    with home.open() as library, pytest.raises(InspectionError, match="no other photo"):
        nearest_references(library, only)


def test_files_that_are_gone_are_not_taken(filled: Home) -> None:
    asked = filled.add("elsewhere/new.jpg", "red")
    (filled.photos / "red" / "1.jpg").unlink()
    with filled.open() as library:
        found = nearest_references(library, asked, count=12, least=0.9)
    assert found
    assert all(path.is_file() for path in found)


def test_product_words_that_find_none_of_them_are_told(
    filled: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.inspection.references._WORDS_REACH", 2)
    asked = filled.add("elsewhere/new.jpg", "red")
    with filled.open() as library:
        assert nearest_references(library, asked, "red", count=1)
        monkeypatch.setattr("sightline.inspection.references._CANDIDATES", 1)
        with pytest.raises(InspectionError, match="--product"):
            nearest_references(library, asked, "green", count=1, least=0.9)


def test_an_unreadable_photo_is_a_photo_error(filled: Home) -> None:
    with filled.open() as library, pytest.raises(PhotoError):
        nearest_references(library, filled.photos / "missing.jpg")
