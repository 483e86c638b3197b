"""Ctrl-C, a second run, and searches meanwhile: one run at work is no one else's trouble."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

from sightline import Library, Query
from sightline.errors import LibraryBusy, LibraryError
from sightline.library.lock import write_lock
from sightline.library.place import Place
from sightline.library.writer import LibraryWriter
from tests.library.test_kill import Album
from tests.making import Home
from tests.shell import COMMIT_OFTEN, sightline, start

# A run that is surely at work: it has committed photos, and has many more to read.
MANY = 400


@contextmanager
def run_at_work(home: Home, paused: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """`sightline index` in another process, in the midst of its work, or paused there."""
    home.photos.rmdir()
    Album(home.photos).add(MANY)
    process = start(
        "index", home.photos, "--library", home.place.folder, "--model", home.model, "--lanes", "1",
        program=COMMIT_OFTEN,
    )  # fmt: skip
    try:
        deadline = monotonic() + 60
        while _committed(home.place) == 0:
            assert process.poll() is None, process.communicate()
            assert monotonic() < deadline
            sleep(0.01)
        if paused:
            process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


def _committed(place: Place) -> int:
    try:
        with sqlite3.connect(f"{place.database.as_uri()}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM paths").fetchone()[0])
    except sqlite3.OperationalError:  # not yet there
        return 0


posix_signals = pytest.mark.skipif(sys.platform == "win32", reason="other signals there")


@posix_signals
def test_ctrl_c_keeps_what_was_done_and_the_next_run_goes_on(home: Home) -> None:
    with run_at_work(home) as process:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output == b""
    assert errors.strip() == b"sightline: Stopped."
    done = len(home.known())
    assert 0 < done < MANY
    assert home.problems() == []
    with home.open() as library:
        last = library.status().last_run
        assert last is not None
        assert last.finished_at is None

    assert home.index(lanes=2) == {"new": MANY - done, "unchanged": done}


@posix_signals
def test_a_second_run_says_who_holds_the_library(home: Home) -> None:
    with run_at_work(home, paused=True) as process:
        second = sightline("index", home.photos, "--library", home.place.folder)
        forget = sightline("forget", home.photos, "--library", home.place.folder)
    for refused in (second, forget):
        assert refused.returncode == 3
        assert f"process {process.pid} on ".encode() in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    assert _committed(home.place) > 0


@posix_signals
def test_searching_works_while_a_run_is_at_work(home: Home) -> None:
    with run_at_work(home, paused=True) as process:
        other = sightline("search", "red", "--library", home.place.folder, "--format", "jsonl")
        counts = [len(other.stdout.splitlines())]
        assert other.returncode == 0
        process.send_signal(signal.SIGCONT)
        with home.open() as library:
            while process.poll() is None:
                counts.append(len(library.search("red", k=MANY)))
                assert library.check() == []
            assert len(library.search("red", k=MANY)) == MANY
    assert process.returncode == 0
    assert counts == sorted(counts)


@posix_signals
def test_a_killed_run_holds_no_lock(home: Home) -> None:
    with run_at_work(home) as process:
        process.kill()
        process.wait()
        with write_lock(home.place):
            pass


def test_two_runs_in_one_process_take_turns(home: Home) -> None:
    home.add("a.jpg")
    with write_lock(home.place), pytest.raises(LibraryBusy, match=f"process {os.getpid()} "):
        home.index()
    assert home.index() == {"new": 1}


def test_an_error_lets_the_lock_go(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.add("a.jpg")

    def fail(*arguments: object) -> object:
        raise RuntimeError("a bug")

    monkeypatch.setattr("sightline.library.writer.LibraryWriter.record", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        home.index()
    monkeypatch.undo()
    assert home.index() == {"new": 1}


@pytest.mark.parametrize("holder", ["", "{}", "[1]", "no json", '{"pid": 1}'])
def test_a_holder_that_left_no_name_is_another_process(home: Home, holder: str) -> None:
    with write_lock(home.place):
        home.place.holder.write_text(holder)
        with pytest.raises(LibraryBusy, match="another process"), write_lock(home.place):
            pass


def test_a_library_may_be_searched_from_many_threads_while_it_is_filled(home: Home) -> None:
    for n in range(40):
        home.add(f"{n}.jpg")
    home.index()
    failures: list[BaseException] = []
    filled = threading.Event()

    def search(library: Library) -> None:
        try:
            while not filled.is_set():
                matches = library.search("red", k=1000)
                assert 40 <= len(matches) <= 120
                assert len({match.photo for match in matches}) == len(matches)
        except BaseException as error:
            failures.append(error)
            raise

    with home.open() as library:
        threads = [threading.Thread(target=search, args=(library,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for more in range(8):
                for n in range(10):
                    home.add(f"{more}-{n}.jpg")
                home.index()
        finally:
            filled.set()
            for thread in threads:
                thread.join()
        assert not failures
        assert len(library.search("red", k=1000)) == 120


def test_a_reader_sees_one_moment_however_much_is_written_meanwhile(home: Home) -> None:
    home.add("a.jpg")
    home.index()
    with home.open() as library:
        reader = library._reading()
        with reader.snapshot():
            assert library.status().photos == 1
            home.add("b.jpg")
            home.index()
            assert len(library.search("red")) == 1
            assert library.status().photos == 1
        assert len(library.search("red")) == 2
        vector = reader.vector_of(reader.models()[0], library.search("red")[0].photo)
        assert vector is not None
        assert np.isclose(np.linalg.norm(vector), 1, atol=1e-3)
        assert library.search(Query.of("red"))[0].rank == 1


def test_a_library_removed_under_a_run_is_not_called_done(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.add("a.jpg")
    real = LibraryWriter.record

    def record(self: LibraryWriter, *arguments: Any) -> Any:
        shutil.rmtree(home.place.folder)
        return real(self, *arguments)

    monkeypatch.setattr(LibraryWriter, "record", record)
    with pytest.raises(LibraryError):
        home.index()
    monkeypatch.undo()
    assert home.index() == {"new": 1}
