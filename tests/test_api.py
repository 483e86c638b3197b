"""The public Python API: what can be imported, what it says of itself, and how it is used."""

import inspect
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import sightline
from sightline import IndexOptions, Library, Query
from sightline.errors import (
    LibraryNotFound,
    LibraryUnwritable,
    SightlineError,
    UnknownModel,
    UsageError,
)
from tests.making import Home


@pytest.mark.parametrize("name", sightline.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(sightline, name)
    if name == "__version__":
        assert value.count(".") == 2
        return
    assert inspect.getdoc(value)
    if inspect.isclass(value):
        for method, function in vars(value).items():
            if callable(function) and not method.startswith("_"):
                assert inspect.getdoc(function), f"{name}.{method} says nothing of itself"


def test_what_is_not_public_is_not_there() -> None:
    assert dir(sightline) == sightline.__all__
    with pytest.raises(AttributeError, match="no attribute 'index'"):
        _ = sightline.index


def test_the_package_is_typed_for_its_users() -> None:
    assert (Path(sightline.__file__).parent / "py.typed").is_file()


def test_every_error_is_one_of_ours() -> None:
    from sightline import errors

    for name in errors.__all__:
        error = getattr(errors, name)
        assert issubclass(error, SightlineError)
        assert name in (errors.__doc__ or "")
        assert inspect.getdoc(error)


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, sightline; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "onnxruntime", "PIL", "sqlite3", "torch"} & set(loaded)


def test_a_library_is_made_filled_searched_and_opened_again(home: Home, tiny_model: Path) -> None:
    home.add("a.jpg", "red")
    home.add("b.jpg", "blue")
    with Library.create(home.place.folder) as library:
        assert library.folder == home.place.folder
        assert library.index([str(home.photos)], model=tiny_model).new == 2
    with Library.open(str(home.place.folder)) as library:
        match = library.search("blue", k=1)[0]
        assert match.path == home.photos / "b.jpg"
        assert (match.width, match.height, match.format) == (36, 24, "JPEG")
        assert library.status().photos == 2
        assert library.failures() == []
        assert library.check() == []
        assert library.forget([home.photos / "b.jpg"]) == (1, 1)
        assert library.index([home.photos]).new == 1


def test_the_default_library_is_the_environments(
    home: Home, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_LIBRARY", str(home.place.folder))
    home.add("a.jpg", "red")
    with Library.create() as library:
        library.index([home.photos], model=tiny_model)
    with Library.open() as library:
        assert len(library.search(Query.of("red"))) == 1


def test_progress_is_told_from_the_first_look_to_the_last_file(
    home: Home, tiny_model: Path
) -> None:
    for n in range(5):
        home.add(f"{n}.jpg")
    told: list[tuple[str, int, int | None]] = []
    with Library.create(home.place.folder) as library:
        library.index(
            [home.photos],
            model=tiny_model,
            on_progress=lambda progress: told.append(
                (progress.stage, progress.done, progress.total)
            ),
        )
    assert told[0] == ("looking", 5, None)
    assert told[-1] == ("reading", 5, 5)


def test_an_error_in_a_progress_callback_is_the_callers_own(home: Home, tiny_model: Path) -> None:
    home.add("a.jpg")

    def fail(progress: object) -> None:
        raise OSError("the caller's own")

    with Library.create(home.place.folder) as library:
        with pytest.raises(OSError, match="the caller's own"):
            library.index([home.photos], model=tiny_model, on_progress=fail)
        assert library.index([home.photos], model=tiny_model).failed == 0


def test_what_can_not_be_is_said_with_the_right_error(home: Home, tiny_model: Path) -> None:
    with pytest.raises(LibraryNotFound, match="sightline index"):
        Library.open(home.place.folder)
    assert not home.place.folder.exists()
    (home.photos.parent / "file").write_text("")
    with pytest.raises(LibraryUnwritable):
        Library.create(home.photos.parent / "file" / "library")
    with Library.create(home.place.folder) as library, pytest.raises(UnknownModel):
        library.index([home.photos], model="no-such-model")
    for wrong in ({"lanes": 0}, {"lanes": 10**6}, {"max_megapixels": 0}, {"max_megapixels": -1}):
        with pytest.raises(UsageError):
            IndexOptions(**wrong)  # type: ignore[arg-type]


def test_a_closed_library_opens_itself_again(home: Home) -> None:
    home.add("a.jpg")
    home.index()
    library = home.open()
    library.close()
    library.close()
    assert len(library.search("red")) == 1
    library.close()


def test_threads_may_share_a_library_from_its_first_search(home: Home) -> None:
    for n in range(20):
        home.add(f"{n}.jpg", "red" if n % 2 else "blue")
    home.index()
    answers: list[tuple[str, list[str]]] = []

    def ask(words: str) -> None:
        found = library.search(words, k=10)
        answers.append((words, [match.path.name for match in found]))

    with home.open() as library:
        threads = [threading.Thread(target=ask, args=(("red", "blue")[n % 2],)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 8
    for colour, odd in (("red", 1), ("blue", 0)):
        expected = [found for words, found in answers if words == colour]
        assert all(found == expected[0] for found in expected)
        assert {int(name[:-4]) % 2 for name in expected[0]} == {odd}
