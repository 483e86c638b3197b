"""A file that can't be used costs that file and no other."""

import os
from pathlib import Path

import numpy as np
import pytest

from sightline.errors import ModelError
from sightline.library import lanes
from sightline.photos.walk import FoundFile
from tests.making import COLOURS, Home, make_model, make_photo


def _is_white(picture: np.ndarray) -> bool:
    return bool(picture.mean() > 200)


def test_a_photo_that_the_model_chokes_on_costs_one_photo(home: Home) -> None:
    for n in range(12):
        home.add(f"{n:02}.jpg", "white" if n == 5 else "red")
    home.encoder.refuses = _is_white

    assert home.index() == {"new": 11, "failed": 1}
    assert home.failures() == {"05.jpg": "The model can't embed it: the graph failed on this batch"}
    assert "05.jpg" not in home.find("red")
    assert home.problems() == []


def test_a_photo_that_a_later_run_can_use_is_no_failure_any_more(home: Home) -> None:
    home.add("a.jpg", "white")
    home.encoder.refuses = _is_white
    assert home.index() == {"failed": 1}
    home.encoder.refuses = lambda picture: False

    assert home.index() == {"new": 1}
    assert home.failures() == {}


def test_a_model_that_can_embed_nothing_is_said_before_any_file_is_blamed(home: Home) -> None:
    home.add("a.jpg")
    home.index()
    home.add("b.jpg")
    home.encoder.refuses = lambda picture: True

    with pytest.raises(ModelError, match="failed on this batch"):
        home.index()
    assert home.failures() == {}
    assert home.find("red") == ["a.jpg"]


def test_a_second_model_that_fails_on_a_photo_does_not_lose_it_for_the_first(home: Home) -> None:
    home.add("a.jpg", "white")
    home.index()
    home.model = make_model(home.photos.parent / "other", name="other", seed=1)
    home.encoder = type(home.encoder)(home.model)
    home.encoder.refuses = _is_white

    assert home.index() == {"failed": 1}
    with home.open() as library:
        stored = {model.model_id: model.photos for model in library.status().models}
        assert sorted(stored.values()) == [0, 1]
        assert sorted(home.known()) == ["a.jpg"]


def test_a_smaller_limit_loses_no_photo_that_is_in_the_library(home: Home) -> None:
    home.add("a.jpg")
    home.index()
    home.encoder = type(home.encoder)(
        make_model(home.photos.parent / "other", name="other", seed=1)
    )

    assert home.index(max_megapixels=0.0001) == {"failed": 1}
    assert sorted(home.known()) == ["a.jpg"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xd8\xff\xe0 and nothing more", b"plain words", b"\x89PNG\r\n\x1a\n" + b"\0" * 40],
    ids=["empty", "cut short", "not an image", "broken"],
)
def test_a_broken_file_is_named_with_its_reason(home: Home, content: bytes) -> None:
    home.add("a.jpg")
    (home.photos / "b.jpg").write_bytes(content)

    assert home.index() == {"new": 1, "failed": 1}
    (reason,) = home.failures().values()
    assert reason.endswith(".")
    assert len(reason) > 10
    assert home.index() == {"unchanged": 1, "failed": 1}
    (home.photos / "b.jpg").unlink()
    assert home.index() == {"unchanged": 1}
    assert home.failures() == {}


def test_a_photo_that_was_broken_since_is_not_found_any_more(home: Home) -> None:
    photo = home.add("a.jpg")
    home.index()
    photo.write_bytes(photo.read_bytes()[:100])

    assert home.index() == {"failed": 1}
    assert home.find("red") == []
    assert home.problems() == []


def test_a_file_that_vanishes_before_it_is_read_is_a_failure_and_no_crash(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add("a.jpg")
    home.add("b.jpg")
    _before_reading(monkeypatch, lambda path: path.unlink() if path.name == "b.jpg" else None)

    assert home.index() == {"new": 1, "failed": 1}
    assert home.failures() == {"b.jpg": "It isn't there."}
    monkeypatch.undo()
    assert home.index() == {"unchanged": 1}
    assert home.failures() == {}


def test_a_file_that_changes_before_it_is_read_is_taken_by_the_next_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add("a.jpg")
    home.add("b.jpg")

    def overwrite(path: Path) -> None:
        if path.name == "b.jpg":
            make_photo(path, "blue", seed=99, quality=60)
            os.utime(path, ns=(7, 7))

    _before_reading(monkeypatch, overwrite)
    assert home.index() == {"new": 1, "failed": 1}
    assert "changed" in home.failures()["b.jpg"]
    monkeypatch.undo()
    assert home.index() == {"new": 1, "unchanged": 1}
    assert home.find("blue", k=1) == ["b.jpg"]


def _before_reading(monkeypatch: pytest.MonkeyPatch, act: object) -> None:
    """Let something happen to a file between the walk and the read."""
    read = lanes.read_bytes

    def read_late(path: bytes, expected: FoundFile) -> bytes:
        act(Path(os.fsdecode(path)))  # type: ignore[operator]
        return read(path, expected)

    monkeypatch.setattr(lanes, "read_bytes", read_late)


def test_a_folder_that_can_not_be_read_loses_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add("a.jpg")
    home.add("locked/b.jpg")
    home.add("locked/deep/c.jpg")
    home.add("locked2/d.jpg")
    home.index()
    (home.photos / "locked2/d.jpg").unlink()
    _lock(monkeypatch, home.photos / "locked")

    assert home.index() == {"unchanged": 1, "gone": 1, "failed": 1}
    assert home.failures() == {"locked": "No permission to read it."}
    assert sorted(home.known()) == ["a.jpg", "locked/b.jpg", "locked/deep/c.jpg"]
    monkeypatch.undo()
    assert home.index() == {"unchanged": 3}
    assert home.failures() == {}


def _lock(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Root may read everything, so a folder without permission has to be played."""
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)


def test_a_root_without_permission_is_named_as_failed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add("a.jpg")
    home.index()
    _lock(monkeypatch, home.photos)

    assert home.index() == {"failed": 1}
    assert sorted(home.known()) == ["a.jpg"]


def test_a_failure_elsewhere_is_left_alone(home: Home) -> None:
    home.add("a/1.jpg")
    (home.photos / "b").mkdir()
    (home.photos / "b/broken.jpg").write_bytes(b"no")
    home.index()

    home.index(home.photos / "a")
    assert list(home.failures()) == ["b/broken.jpg"]


def test_every_lane_does_its_share_and_nothing_is_lost(home: Home) -> None:
    for n in range(60):
        home.add(f"{n}.jpg", list(COLOURS)[n % 8])
    for n in range(5):
        (home.photos / f"broken{n}.jpg").write_bytes(b"no")

    assert home.index(lanes=4) == {"new": 60, "failed": 5}
    assert home.problems() == []


def test_an_error_that_is_no_files_fault_ends_the_run_and_its_lanes(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    for n in range(40):
        home.add(f"{n}.jpg")

    def fail(*arguments: object) -> object:
        raise RuntimeError("a bug")

    monkeypatch.setattr(lanes, "hash_of", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        home.index(lanes=3)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane-")]
    monkeypatch.undo()
    assert home.index(lanes=3) == {"new": 40}
