"""What a run speaks for: the folders and files that it was given, and nothing else."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.library.place import Place, library_place
from tests.making import Home, make_photo, tree

HARD_NAMES = (
    b"with space.jpg",
    b'it\'s "quoted".jpg',
    b"two\nlines.jpg",
    b"tab\tand\rreturn.jpg",
    b"-k.jpg",
    b"caf\xc3\xa9.jpg",  # composed
    b"cafe\xcc\x81.jpg",  # decomposed: another file
    b"latin1-\xe9\xff.jpg",  # no UTF-8
    b"100%_[a]*?.jpg",
    b"back\\slash.jpg",
    b"\x1b[31mred.jpg",
    b"x" * 246 + b".jpg",  # 250 bytes
)
posix_names = pytest.mark.skipif(sys.platform != "linux", reason="names that only Linux allows")


def test_one_folder_of_several_is_no_word_on_the_others(home: Home) -> None:
    home.add("a/1.jpg")
    home.add("ab/2.jpg")
    home.index()
    (home.photos / "a/1.jpg").unlink()
    (home.photos / "ab/2.jpg").unlink()

    assert home.index(home.photos / "a") == {"gone": 1}
    assert sorted(home.known()) == ["ab/2.jpg"]


def test_single_files_can_be_indexed(home: Home) -> None:
    photo = home.add("a.jpg", "red")
    home.add("b.jpg", "red")

    assert home.index(photo) == {"new": 1}
    assert home.index(photo) == {"unchanged": 1}
    assert home.find("red") == ["a.jpg"]


def test_a_single_file_is_no_word_on_its_neighbours(home: Home) -> None:
    photo = home.add("a.jpg")
    home.add("a.jpg2.jpg")
    home.index()
    (home.photos / "a.jpg2.jpg").unlink()

    assert home.index(photo) == {"unchanged": 1}
    assert sorted(home.known()) == ["a.jpg", "a.jpg2.jpg"]


def test_overlapping_roots_count_each_photo_once(home: Home) -> None:
    inner = home.add("a/b/1.jpg")
    home.add("a/2.jpg")

    assert home.index(home.photos, home.photos / "a", home.photos / "a/b", inner) == {"new": 2}
    inner.unlink()
    assert home.index(home.photos / "a", home.photos) == {"gone": 1, "unchanged": 1}


def test_a_root_may_be_spelled_in_any_way(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.add("a/1.jpg")
    home.index()
    monkeypatch.chdir(home.photos)

    for spelling in (Path(), Path("a/.."), Path("a"), home.photos / "a" / ".." / "a"):
        assert home.index(spelling) == {"unchanged": 1}


def test_a_folder_that_became_a_file_is_gone_and_the_other_way_round(home: Home) -> None:
    home.add("x.jpg/1.jpg")
    root = home.photos / "x.jpg"
    home.index(root)
    (root / "1.jpg").unlink()
    root.rmdir()
    home.add("x.jpg")
    assert home.index(root) == {"new": 1, "gone": 1}

    root.unlink()
    home.add("x.jpg/2.jpg")
    assert home.index(root) == {"new": 1, "gone": 1}
    assert sorted(home.known()) == ["x.jpg/2.jpg"]
    assert home.problems() == []


def test_the_whole_disk_is_a_root_like_any_other(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add("a.jpg")
    home.index()
    monkeypatch.setattr("sightline.library.indexer.walk", lambda roots, rules, on_error: iter(()))
    monkeypatch.setattr("sightline.library.indexer.require_outside", lambda place, roots: None)

    assert home.index(Path("/")) == {"gone": 1}


@posix_names
def test_any_file_name_is_indexed_and_given_back_exactly(home: Home) -> None:
    folder = os.fsencode(home.photos)
    for seed, name in enumerate(HARD_NAMES):
        make_photo(Path(os.fsdecode(folder + b"/" + name)), "red", seed)

    assert home.index() == {"new": len(HARD_NAMES)}
    assert home.index() == {"unchanged": len(HARD_NAMES)}
    assert sorted(map(os.fsencode, home.find("red"))) == sorted(HARD_NAMES)
    assert home.problems() == []


def test_a_root_that_is_not_there_is_wrong_usage_and_touches_nothing(home: Home) -> None:
    home.add("a.jpg")
    home.index()
    before = home.known()
    for missing in ("nowhere", "~no-such-user-here/photos", "n" * 5000, "nul\0"):
        with pytest.raises(UsageError, match="no folder or file"):
            home.index(home.photos, Path(missing))
    assert home.known() == before


@pytest.mark.parametrize("inside", ["", "library", "deep/er/library", ".hidden/library"])
def test_a_library_among_the_photos_is_refused(home: Home, inside: str) -> None:
    home.add("a.jpg")
    home.place = Place(home.photos / inside)
    before = tree(home.photos)

    with pytest.raises(UsageError, match="inside the photo folder"):
        home.index()
    assert tree(home.photos) == before
    assert [path.name for path in home.photos.iterdir()] == ["a.jpg"]


def test_a_library_among_the_photos_is_seen_through_links(home: Home) -> None:
    home.add("a.jpg")
    link = home.photos.parent / "link"
    link.symlink_to(home.photos)
    home.place = Place(link / "library")

    with pytest.raises(UsageError, match="inside the photo folder"):
        home.index()


def test_a_library_around_the_photos_is_refused(home: Home) -> None:
    home.add("a.jpg")
    home.place = Place(home.photos.parent)
    with pytest.raises(UsageError, match="inside the library"):
        home.index()
    assert not home.place.database.exists()


def test_a_library_settles_in_no_folder_of_other_files(home: Home) -> None:
    photo = home.add("a.jpg")
    home.place = Place(home.photos.parent / "documents")
    home.place.folder.mkdir()
    (home.place.folder / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match=r"letter\.txt"):
        home.index(photo)
    assert [path.name for path in home.place.folder.iterdir()] == ["letter.txt"]


def test_a_root_that_was_removed_is_gone_like_all_below_it(home: Home) -> None:
    home.add("trip/a.jpg")
    home.add("b.jpg")
    home.index()
    shutil.rmtree(home.photos / "trip")
    assert home.index(home.photos / "trip") == {"gone": 1}
    assert sorted(home.known()) == ["b.jpg"]
    with pytest.raises(UsageError, match="no folder or file"):
        home.index(home.photos / "trip")


def test_a_relative_root_is_spelled_as_the_shell_spells_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add("trip/a.jpg")
    link = home.photos.parent / "link"
    link.symlink_to(home.photos / "trip")
    home.index(link)
    monkeypatch.chdir(link)
    monkeypatch.setenv("PWD", str(link))  # as a shell leaves it after `cd link`
    assert home.index(Path()) == {"unchanged": 1}
    monkeypatch.setenv("PWD", "/somewhere/else")  # stale: not believed
    assert home.index(Path()) == {"duplicate": 1}


def test_a_circle_of_links_is_no_place_for_a_library(home: Home) -> None:
    home.add("a.jpg")
    loop = home.photos.parent / "loop"
    loop.symlink_to(loop)
    home.place = Place(loop)

    from sightline.errors import LibraryUnwritable

    with pytest.raises(LibraryUnwritable):
        home.index()


def test_the_library_stands_where_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIGHTLINE_LIBRARY", str(tmp_path / "from-environment"))
    assert library_place().folder == tmp_path / "from-environment"
    assert library_place(tmp_path / "given").folder == tmp_path / "given"
    monkeypatch.setenv("SIGHTLINE_LIBRARY", "")
    with pytest.raises(UsageError, match="empty name"):
        library_place()
    monkeypatch.delenv("SIGHTLINE_LIBRARY")
    assert library_place().folder.is_absolute()
