"""The sketch in a library: made, extended, cut and blanked; and of no harm when it is damaged."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from sightline.errors import LibraryUnwritable
from sightline.library import health, scan, sketch, sketch_file
from sightline.library.place import Place
from sightline.library.sketch_file import SketchFile
from sightline.library.writer import open_writer
from tests.making import COLOURS, Home, make_model, tree

BLOCK, WORTH = 4, 10
COUNT = 15


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sketch for a dozen photos, trusted however many it singles out."""
    for module in (sketch, sketch_file, health):
        monkeypatch.setattr(module, "BLOCK_ROWS", BLOCK)
    monkeypatch.setattr(sketch_file, "WORTH_ROWS", WORTH)
    monkeypatch.setattr(scan, "_FEW", 1)


@pytest.fixture
def filled(home: Home) -> Home:
    """A library that has a sketch of three blocks, and three photos more."""
    _add(home, COUNT)
    home.index()
    assert _blocks(home) == 3
    return home


def _add(home: Home, count: int) -> None:
    for number in range(count):
        home.add(f"{number:02}-{home._seed}.jpg", sorted(COLOURS)[number % len(COLOURS)])


def _file(home: Home) -> SketchFile:
    return SketchFile(home.place, home.encoder.id, home.encoder.dimensions)


def _rows(home: Home) -> np.ndarray:
    rows = np.fromfile(home.place.vectors(home.encoder.id), np.float16)
    return rows.reshape(-1, home.encoder.dimensions)


def _blocks(home: Home) -> int:
    return _file(home).held(10**6).blocks


def _answers(home: Home) -> list[list[str]]:
    return [home.find(colour, k=k) for colour in COLOURS for k in (1, 3, 7)]


def _answers_without(home: Home) -> list[list[str]]:
    aside = home.place.folder / "aside"
    _file(home).path.rename(aside)
    try:
        return _answers(home)
    finally:
        aside.rename(_file(home).path)


def test_a_small_library_needs_no_sketch(home: Home) -> None:
    _add(home, WORTH - 1)
    home.index()
    assert not _file(home).path.exists()
    assert home.problems() == []


def test_searches_read_the_sketch_and_answer_as_without(
    filled: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    real = scan._sketched

    def sketched(blocks: sketch.Blocks, rows: np.ndarray, query: np.ndarray) -> object:
        used.append(len(blocks))
        return real(blocks, rows, query)

    monkeypatch.setattr(scan, "_sketched", sketched)
    assert _answers(filled) == _answers_without(filled)
    assert set(used) == {3}
    assert filled.problems() == []


def test_the_next_run_extends_the_sketch_and_keeps_what_it_has(
    filled: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _file(filled).path.read_bytes()
    made = []
    real = sketch.sketch_block
    monkeypatch.setattr(sketch_file, "sketch_block", lambda rows: made.append(1) or real(rows))
    _add(filled, 2 * BLOCK)
    with filled.open() as library:
        library.search("red")
        filled.index()
        assert _blocks(filled) == 5
        assert len(made) == 2
        assert len(library.search("red", k=100)) == COUNT + 2 * BLOCK
    assert _file(filled).path.read_bytes()[64 : len(before)] == before[64:]
    assert _answers(filled) == _answers_without(filled)
    assert filled.problems() == []


def test_a_run_that_finds_nothing_new_does_not_touch_it(filled: Home) -> None:
    before = _file(filled).path.stat().st_mtime_ns
    filled.index()
    assert _file(filled).path.stat().st_mtime_ns == before


@pytest.mark.parametrize("counted", [False, True])
def test_a_run_killed_at_the_sketch_loses_nothing_and_the_next_ends_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, counted: bool
) -> None:
    _add(home, COUNT)
    real = SketchFile._count_blocks

    def die(self: SketchFile, file: int, whole: int) -> None:
        if whole == 2 and not counted:
            raise KeyboardInterrupt
        real(self, file, whole)
        if whole == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SketchFile, "_count_blocks", die)
        with pytest.raises(KeyboardInterrupt):
            home.index()
    assert _blocks(home) == 1 + counted
    assert len(home.find("red")) == COUNT
    assert home.problems() == []

    assert home.index() == {"unchanged": COUNT}
    assert _blocks(home) == 3
    assert home.problems() == []


def _other_model(home: Home) -> bytes:
    other = SketchFile(Place(home.place.folder / "other"), "other", home.encoder.dimensions)
    other.place.vectors_folder.mkdir(parents=True)
    other.extend(np.eye(COUNT, home.encoder.dimensions, dtype=np.float16))
    try:
        return other.path.read_bytes()
    finally:
        shutil.rmtree(other.place.folder)


DAMAGES = {
    "cut short": lambda home, data: data[:-1],
    "only a header": lambda home, data: data[:64],
    "half a header": lambda home, data: data[:20],
    "garbage": lambda home, data: b"\xff" * len(data),
    "another model's": lambda home, data: _other_model(home),
    "one that counts beyond all files": lambda home, data: data[:32] + b"\xff" * 8 + data[40:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_sketch_is_ignored_named_and_made_again(filled: Home, damage: str) -> None:
    path = _file(filled).path
    whole, expected = path.read_bytes(), _answers(filled)
    path.write_bytes(DAMAGES[damage](filled, whole))

    assert len(_file(filled).map(_rows(filled))) == 0
    assert _answers(filled) == expected
    (problem,) = filled.problems()
    assert "is no sketch of these vectors" in problem
    filled.index()
    assert path.read_bytes() == whole
    assert filled.problems() == []


@pytest.mark.parametrize("spoil", ["blank", "of other vectors"])
def test_a_sketch_of_other_vectors_under_the_right_name_is_found_out(
    filled: Home, spoil: str
) -> None:
    path = _file(filled).path
    whole, expected = path.read_bytes(), _answers(filled)
    if spoil == "blank":
        path.write_bytes(whole[:64] + bytes(len(whole) - 64))
    else:
        path.unlink()
        _file(filled).extend(np.eye(COUNT, filled.encoder.dimensions, dtype=np.float16))
    (problem,) = filled.problems()
    assert "is no sketch of these vectors" in problem
    assert _answers(filled) == expected
    filled.index()
    assert path.read_bytes() == whole
    assert filled.problems() == []


def test_one_wrong_row_is_found_by_the_check_which_says_what_to_do(filled: Home) -> None:
    path = _file(filled).path
    whole = bytearray(path.read_bytes())
    row = 64 + filled.encoder.dimensions  # the second row of the first block
    whole[row : row + filled.encoder.dimensions] = bytes(filled.encoder.dimensions)
    path.write_bytes(whole)
    (problem,) = filled.problems()
    assert "is wrong on 1 vectors" in problem
    path.unlink()
    filled.index()
    assert filled.problems() == []


def test_an_older_record_put_back_beside_newer_vectors_cuts_the_sketch(filled: Home) -> None:
    record = filled.place.folder / "library.db"
    older = record.read_bytes()
    for path in sorted(filled.photos.iterdir())[:3]:
        path.unlink()
    _add(filled, 2 * BLOCK)
    filled.index()
    assert _blocks(filled) == 5
    record.write_bytes(older)
    for path in sorted(filled.photos.iterdir()):
        if path.name not in filled.known():
            path.unlink()
    _add(filled, 1)

    with open_writer(filled.place) as writer, writer.appender(1):
        assert _blocks(filled) == 3, "before a vector is written"
    filled.index()
    assert _blocks(filled) == 4
    assert _answers(filled) == _answers_without(filled)
    assert filled.problems() == []


def test_what_is_forgotten_is_blank_in_the_sketch_too(filled: Home) -> None:
    victim = filled.find("red")[0]
    before = _file(filled).map(_rows(filled))["wholes"].any(axis=-1).sum()
    with filled.open() as library:
        library.forget([filled.photos / victim])
    after = _file(filled).map(_rows(filled))
    assert after["wholes"].any(axis=-1).sum() in {before, before - 1}
    shown = after["wholes"].any(axis=-1).ravel()
    assert shown.tolist() == _rows(filled)[: 3 * BLOCK].any(axis=1).tolist()
    assert victim not in filled.find("red")
    assert _answers(filled) == _answers_without(filled)
    assert filled.problems() == []


def test_what_is_forgotten_is_blank_in_a_block_that_a_crash_left_uncounted(filled: Home) -> None:
    file = _file(filled)
    data = bytearray(file.path.read_bytes())
    data[32:40] = (1).to_bytes(8, "little")
    file.path.write_bytes(data)
    with filled.open() as library:
        library.forget([filled.photos])
    assert not any(file.path.read_bytes()[64:])
    assert filled.problems() == []


def test_a_sketch_in_which_nothing_can_be_found_goes_with_what_is_forgotten(filled: Home) -> None:
    path = _file(filled).path
    path.write_bytes(b"?" * 32 + path.read_bytes()[32:])
    with filled.open() as library:
        library.forget([filled.photos / filled.find("red")[0]])
    assert not path.exists()


def test_the_check_names_what_an_older_version_forgot_but_left_in_the_sketch(filled: Home) -> None:
    path = _file(filled).path
    before = path.read_bytes()
    with filled.open() as library:
        library.forget([filled.photos])
    path.write_bytes(before)
    (problem,) = filled.problems()
    assert "12 forgotten vectors are not blanked yet" in problem
    with filled.open() as library:
        library.forget([filled.photos])
    assert filled.problems() == []


def test_each_model_has_a_sketch_of_its_own(filled: Home, tmp_path: Path) -> None:
    other = make_model(tmp_path / "other", name="other", seed=1)
    with filled.open() as library:
        library.index([filled.photos], model=other)
        assert library.check() == []
    assert len(list(filled.place.vectors_folder.glob("*.sketch"))) == 2


def test_searching_writes_nothing_and_does_without_what_it_may_not_read(filled: Home) -> None:
    expected, before = _answers(filled), tree(filled.place.vectors_folder)
    path = _file(filled).path
    assert _answers(filled) == expected
    assert tree(filled.place.vectors_folder) == before
    path.unlink()
    path.mkdir()  # to read it is refused, to root too
    assert _answers(filled) == expected
    (problem,) = filled.problems()
    assert "no sketch" in problem
    with pytest.raises(LibraryUnwritable, match="only makes searches faster"):
        filled.index()
    path.rmdir()
    filled.index()
    assert filled.problems() == []


def test_a_reader_goes_on_while_the_sketch_is_thrown_away_and_made_again(filled: Home) -> None:
    with filled.open() as library:
        expected = library.search("red", k=5)
        _file(filled).path.unlink()
        assert library.search("red", k=5) == expected
        filled.index()
        assert library.search("red", k=5) == expected
        with open_writer(filled.place) as writer:
            writer.sketch_vectors(1)
            assert library.search("red", k=5) == expected
