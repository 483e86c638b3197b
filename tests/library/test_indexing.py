"""What an index run does with photos that came, went, moved and changed."""

import os
import shutil

import pytest

from sightline.errors import UsageError
from tests.making import Home, make_model, make_photo, tree


def test_a_first_run_takes_in_every_photo(home: Home) -> None:
    home.add("a.jpg", "red")
    home.add("trips/b.png", "blue")
    (home.photos / "notes.txt").write_text("no photo")

    assert home.index() == {"new": 2}
    assert home.find("red")[0] == "a.jpg"
    assert home.find("blue")[0] == "trips/b.png"
    assert home.problems() == []


def test_a_second_run_reads_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(20):
        home.add(f"{n}.jpg")
    home.index()

    monkeypatch.setattr("sightline.library.lanes.read_bytes", _never)
    assert home.index() == {"unchanged": 20}


def _never(*arguments: object, **options: object) -> bytes:
    raise AssertionError("a file was read")


def test_a_renamed_photo_costs_no_embedding(home: Home) -> None:
    home.add("old/a.jpg", "red")
    home.index()
    (home.photos / "new").mkdir()
    (home.photos / "old/a.jpg").rename(home.photos / "new/b.jpg")

    assert home.index() == {"moved": 1}
    assert home.encoder.embedded == 1
    assert home.find("red") == ["new/b.jpg"]


def test_a_renamed_folder_moves_its_photos_copies_included(home: Home) -> None:
    for n in range(3):
        home.add(f"old/{n}.jpg")
    shutil.copy(home.photos / "old/0.jpg", home.photos / "old/copy.jpg")
    assert home.index() == {"new": 3, "duplicate": 1}
    embedded = home.encoder.embedded
    (home.photos / "old").rename(home.photos / "new")

    assert home.index() == {"moved": 4}
    assert home.encoder.embedded == embedded
    assert sorted(home.known()) == ["new/0.jpg", "new/1.jpg", "new/2.jpg", "new/copy.jpg"]


def test_a_touched_photo_is_unchanged_and_costs_no_embedding(home: Home) -> None:
    photo = home.add("a.jpg")
    home.index()
    os.utime(photo, ns=(1, 1))

    assert home.index() == {"unchanged": 1}
    assert home.encoder.embedded == 1


def test_an_edited_photo_is_found_as_it_looks_now(home: Home) -> None:
    home.add("a.jpg", "red")
    home.add("b.jpg", "yellow")
    home.index()
    make_photo(home.photos / "a.jpg", "blue", seed=99)

    assert home.index() == {"changed": 1, "unchanged": 1}
    assert home.find("blue")[0] == "a.jpg"
    assert home.find("red", k=1) == ["b.jpg"]
    assert home.problems() == []


def test_a_copy_is_one_photo_with_two_paths(home: Home) -> None:
    home.add("a.jpg")
    shutil.copy(home.photos / "a.jpg", home.photos / "b.jpg")

    assert home.index() == {"new": 1, "duplicate": 1}
    with home.open() as library:
        (match,) = library.search("red")
        assert [path.name for path in match.paths] == ["a.jpg", "b.jpg"]
        assert library.status().photos == 1
        assert library.status().models[0].photos == 1


def test_a_later_copy_costs_no_embedding(home: Home) -> None:
    home.add("a.jpg")
    home.index()
    shutil.copy(home.photos / "a.jpg", home.photos / "b.jpg")

    assert home.index() == {"duplicate": 1, "unchanged": 1}
    assert home.encoder.embedded == 1


def test_a_photo_stays_while_one_of_its_copies_does(home: Home) -> None:
    home.add("a.jpg")
    shutil.copy(home.photos / "a.jpg", home.photos / "b.jpg")
    home.index()
    (home.photos / "a.jpg").unlink()

    assert home.index() == {"gone": 1, "unchanged": 1}
    assert home.find("red") == ["b.jpg"]


def test_a_deleted_photo_is_not_found_any_more(home: Home) -> None:
    home.add("a.jpg")
    home.add("b.jpg")
    home.index()
    (home.photos / "a.jpg").unlink()

    assert home.index() == {"gone": 1, "unchanged": 1}
    assert home.find("red") == ["b.jpg"]
    assert home.index() == {"unchanged": 1}  # said once


def test_a_folder_that_comes_back_is_not_read_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add("disk/a.jpg")
    home.add("b.jpg")
    home.index()
    (home.photos / "disk").rename(home.photos.parent / "unplugged")
    assert home.index() == {"gone": 1, "unchanged": 1}
    (home.photos.parent / "unplugged").rename(home.photos / "disk")

    monkeypatch.setattr("sightline.library.lanes.read_bytes", _never)
    assert home.index() == {"unchanged": 2}
    assert sorted(home.find("red")) == ["b.jpg", "disk/a.jpg"]


def test_a_photo_that_comes_back_touched_costs_no_embedding(home: Home) -> None:
    photo = home.add("a.jpg")
    home.index()
    photo.rename(home.photos.parent / "aside")
    home.index()
    (home.photos.parent / "aside").rename(photo)
    os.utime(photo, ns=(1, 1))

    assert home.index() == {"unchanged": 1}
    assert home.encoder.embedded == 1
    assert home.find("red") == ["a.jpg"]


def test_what_is_excluded_later_is_gone(home: Home) -> None:
    home.add("a.jpg")
    home.add("private/b.jpg")
    home.index()

    assert home.index(exclude=("private/",)) == {"gone": 1, "unchanged": 1}
    assert home.find("red") == ["a.jpg"]


def test_an_ignore_file_written_later_counts_too(home: Home) -> None:
    home.add("a.jpg")
    home.add("private/b.jpg")
    home.index()
    (home.photos / ".sightlineignore").write_text("private/\n")

    assert home.index() == {"gone": 1, "unchanged": 1}


def test_photos_are_never_written(home: Home) -> None:
    home.add("a.jpg")
    home.add("b.png")
    (home.photos / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    before = tree(home.photos)

    home.index()
    home.find("red")
    home.index()
    assert tree(home.photos) == before


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(home: Home) -> None:
    home.add("a.jpg")
    home.add("b.jpg")
    home.add("c.jpg")
    home.index()
    make_photo(home.photos / "a.jpg", "blue", seed=99)
    (home.photos / "b.jpg").unlink()
    home.add("d.jpg")
    before = tree(home.place.folder)

    with home.open() as library:
        report = library.index([home.photos], dry_run=True)
    assert (report.new, report.changed, report.gone, report.unchanged) == (1, 1, 1, 1)
    assert report.dry_run
    after = tree(home.place.folder)
    # SQLite lends its readers an empty log and a table of locks; neither holds anything.
    assert after.pop("library.db-wal", (0, b""))[1] == b""
    after.pop("library.db-shm", None)
    assert after == before


def test_a_dry_run_without_a_library_makes_none(home: Home, tiny_model: object) -> None:
    from sightline.api import index

    home.add("a.jpg")
    report = index(home.place, [home.photos], home.model, None, True, None)
    assert (report.new, report.dry_run) == (1, True)
    assert not home.place.folder.exists()


def test_a_second_model_is_built_beside_the_first(home: Home) -> None:
    home.add("a.jpg", "red")
    home.add("b.jpg", "blue")
    home.index()
    other = make_model(home.photos.parent / "other", name="other", seed=1)

    with home.open() as library:
        report = library.index([home.photos], model=other)
        assert report.unchanged == 2
        assert [model.photos for model in library.status().models] == [2, 2]
        assert library.search("red", k=1)[0].path.name == "a.jpg"
        assert library.search("red", k=1, model=home.model)[0].path.name == "a.jpg"
        assert library.check() == []


def test_a_model_built_half_is_not_the_one_that_answers(home: Home) -> None:
    home.add("a.jpg", "red")
    home.index()
    other = make_model(home.photos.parent / "other", name="other", seed=1)
    with home.open() as library:
        first = library.search("red")[0].score
        with pytest.raises(KeyboardInterrupt):
            library.index([home.photos], model=other, on_progress=_interrupt)
        assert library.search("red")[0].score == first


def _interrupt(progress: object) -> None:
    raise KeyboardInterrupt


def test_indexing_nothing_is_refused(home: Home) -> None:
    home.index()
    with home.open() as library, pytest.raises(UsageError, match="at least one"):
        library.index([])
