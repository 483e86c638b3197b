"""The store against a model of it: whatever is done in whatever order, both agree.

Files come, change, move and go; runs end, or crash between the vectors and the record; photos are
forgotten. The sketch beside the vectors is lost, cut, blanked, or swapped for an older one. Two
dictionaries say what the library should hold, and after every step it must.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from sightline.library import health, indexer, scan, sketch, sketch_file
from sightline.library.sketch_file import SketchFile
from sightline.library.writer import LibraryWriter
from tests.making import COLOURS, Home

NAMES = ("a/1.jpg", "a/2.jpg", "a/b/3.jpg", "ab/1.jpg", "4.jpg", os.fsdecode(b"\xff 5.jpg"))
names = st.sampled_from(NAMES)
scopes = st.sampled_from(("", "a", "a/b", "ab", "a/1.jpg", "4.jpg"))


class Crash(BaseException):
    """The process dies here."""


class Store(RuleBasedStateMachine):
    """Steps on files and on the library, and what must hold after each."""

    model: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.home = Home(self.folder, self.model)
        self.home.index()
        self.reader = self.home.open()
        self.times = 0
        self.rows: dict[str, str] = {}
        """Every path that the library remembers, there or not → hash."""
        self.there: set[str] = set()
        """Those that are there."""
        self.photos: set[str] = set()
        """Hashes of all photos that must have a vector."""
        self.sketch_spoiled = False
        self.older_sketch = b""

    def teardown(self) -> None:
        self.reader.close()
        shutil.rmtree(self.folder)

    # Files

    @initialize(colours=st.lists(st.sampled_from(sorted(COLOURS)), min_size=3, max_size=5))
    def begin(self, colours: list[str]) -> None:
        """Enough for a sketch: left to chance, most libraries would stay empty."""
        for name, colour in zip(NAMES, colours, strict=False):
            self.write(name, colour)
        self.index("")

    @rule(name=names, colour=st.sampled_from(sorted(COLOURS)))
    def write(self, name: str, colour: str) -> None:
        """A new photo, or new content under an old name."""
        self._stamp(self.home.add(name, colour))

    @rule(name=names)
    def spoil(self, name: str) -> None:
        path = self._place_for(name)
        path.write_bytes(b"no photo")
        self._stamp(path)

    @rule(name=names, copy=names)
    def copy(self, name: str, copy: str) -> None:
        if self._file(name).exists() and name != copy:
            self._stamp(shutil.copy(self._file(name), self._place_for(copy)))

    @rule(name=names, to=names)
    def move(self, name: str, to: str) -> None:
        if self._file(name).exists():
            self._file(name).replace(self._place_for(to))

    @rule(name=names)
    def delete(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    @rule(name=names)
    def touch(self, name: str) -> None:
        if self._file(name).exists():
            self._stamp(self._file(name))

    # The library

    @rule(scope=scopes | st.just(""))
    def index(self, scope: str) -> None:
        if not self._file(scope).exists():
            return
        found = self._on_disk(scope)
        unknown = {name for name, hash_ in found.items() if hash_ and hash_ not in self.photos}
        before = self.home.encoder.embedded

        try:
            counts = self.home.index(self._file(scope))
        except Crash:
            pass  # at the sketch, which comes last
        else:
            self.sketch_spoiled = False
            assert sum(counts.values()) - counts.get("gone", 0) == len(found)
            assert counts.get("failed", 0) == list(found.values()).count(None)
        assert self.home.encoder.embedded - before <= len(unknown)
        for name in NAMES:
            if _is_under(name, scope):
                self._note(name, found.get(name))

    @rule(scope=scopes, after=st.integers(0, 4))
    def crash(self, scope: str, after: int) -> None:
        """Die in the midst of a commit: its vectors are written, its rows are not."""
        if not self._file(scope).exists():
            return None
        found = self._on_disk(scope)
        with _crash_after(after, LibraryWriter, "_note_photo"):
            try:
                self.home.index(self._file(scope))
            except Crash:
                pass
            else:
                return self.index(scope)  # there was too little to do
        now = self.home.known()
        for name in NAMES:
            before = self.rows[name] if name in self.there else None
            if now.get(name) != before:
                assert _is_under(name, scope)
                assert now.get(name) == found[name]
                self._note(name, found[name])
        return None

    @rule(scope=scopes)
    def forget(self, scope: str) -> None:
        gone = {name for name in self.rows if _is_under(name, scope)}
        seen = {self.rows[name] for name in self.there - gone}
        homeless = {self.rows[name] for name in gone} - seen  # where these were before goes, too
        self.rows = {
            name: hash_
            for name, hash_ in self.rows.items()
            if name not in gone and hash_ not in homeless
        }
        dropped = len(self.photos - set(self.rows.values()))
        assert self.reader.forget([self._file(scope)]) == (len(gone), dropped)
        self.photos = set(self.rows.values())
        self.there -= gone
        self.older_sketch = b""  # it would bring back what was forgotten

    @rule(scope=scopes, after=st.integers(0, 3))
    def crash_at_the_sketch(self, scope: str, after: int) -> None:
        """Die between two blocks: all else that the run had to do is done."""
        with _crash_after(after, SketchFile, "_count_blocks"):
            self.index(scope)

    @rule(spoil=st.sampled_from(("lose", "cut", "blank", "older", "another's")))
    def spoil_sketch(self, spoil: str) -> None:
        """Whatever happens to the sketch, no answer changes, and the next run mends it."""
        path = self.home.place.sketch(self.home.encoder.id)
        if not path.exists():
            return
        data = path.read_bytes()
        spoilt = {
            "lose": b"",
            "cut": data[:-1],
            "blank": data[:64] + bytes(len(data[64:])),
            "older": self.older_sketch,
            "another's": b"?" + data[1:],
        }
        self.older_sketch = data
        path.write_bytes(spoilt[spoil])
        self.sketch_spoiled = True

    @rule()
    def reopen(self) -> None:
        self.reader.close()
        self.reader = self.home.open()

    # What must hold

    @invariant()
    def the_library_is_sound(self) -> None:
        problems = self.reader.check()
        if self.sketch_spoiled:
            problems = [problem for problem in problems if "no sketch of these" not in problem]
        assert problems == []

    @invariant()
    def it_says_what_is_there(self) -> None:
        assert self.home.known() == {name: self.rows[name] for name in self.there}

    @invariant()
    def it_keeps_every_vector(self) -> None:
        (model,) = self.reader.status().models
        assert model.photos == len(self.photos)

    @invariant()
    def a_search_finds_all_that_is_there_and_nothing_else(self) -> None:
        matches = self.reader.search("red", k=100)
        paths = [
            os.path.relpath(path, self.home.photos) for match in matches for path in match.paths
        ]
        assert sorted(paths) == sorted(self.there)
        assert len({match.photo for match in matches}) == len(matches)
        for k in (1, 2, 5):  # few enough for the sketch to choose them
            assert self.reader.search("red", k=k) == matches[:k]

    # Helpers

    def _file(self, name: str) -> Path:
        return self.home.photos / name

    def _place_for(self, name: str) -> Path:
        self._file(name).parent.mkdir(parents=True, exist_ok=True)
        return self._file(name)

    def _stamp(self, path: Path) -> None:
        """A time of its own for every change: clocks may be too coarse for a test's haste."""
        self.times += 1
        os.utime(path, ns=(self.times, self.times))

    def _on_disk(self, scope: str) -> dict[str, str | None]:
        """Files under `scope` → hash, or None for those that are no photos."""
        found = {}
        for name in NAMES:
            if _is_under(name, scope) and self._file(name).exists():
                data = self._file(name).read_bytes()
                found[name] = None if data == b"no photo" else hashlib.sha256(data).hexdigest()
        return found

    def _note(self, name: str, hash_: str | None) -> None:
        if hash_ is None:
            self.there.discard(name)
            return
        self.rows[name] = hash_
        self.there.add(name)
        self.photos.add(hash_)


def _is_under(name: str, scope: str) -> bool:
    return scope in {"", name} or name.startswith(scope + "/")


@contextmanager
def _crash_after(calls: int, of: type, method: str) -> Iterator[None]:
    left = calls

    def call(self: object, *arguments: object) -> object:
        nonlocal left
        result = real(self, *arguments)
        left -= 1
        if left < 0:
            raise Crash
        return result

    real = getattr(of, method)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of, method, call)
        yield


def test_the_store_does_what_its_model_says(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "model", tiny_model, raising=False)
    monkeypatch.setattr(indexer, "_COMMIT_PHOTOS", 2)
    for module in (sketch, sketch_file, health):
        monkeypatch.setattr(module, "BLOCK_ROWS", 2)
    monkeypatch.setattr(sketch_file, "WORTH_ROWS", 3)
    monkeypatch.setattr(scan, "_FEW", 1)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # nobody pulls the plug here
    run_state_machine_as_test(
        Store,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
