"""The journal keeps every grade that it took, whatever happens to the process."""

import os
from pathlib import Path

import msgspec
import pytest

from sightline.errors import EvaluationError, GoldError
from sightline.evaluation.judging.draft import Graded
from sightline.evaluation.judging.journal import Journal, read_journal

DECODER = msgspec.json.Decoder(Graded)


def read(path: Path) -> list[Graded]:
    return read_journal(path, DECODER)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gold.json.journal.jsonl"


def grades(count: int) -> list[Graded]:
    return [Graded("dog", f"{at}.jpg", at % 3) for at in range(count)]


def test_what_was_added_is_read_back_without_closing(path: Path) -> None:
    journal = Journal(path)
    for grade in grades(3):
        journal.add(grade)
    assert read(path) == grades(3)
    journal.close()


def test_every_entry_is_synced_before_add_returns(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    journal = Journal(path)
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (fsync(fd), synced.append(path.stat().st_size)))
    journal.add(grades(1)[0])
    assert synced == [path.stat().st_size]
    journal.close()


def test_half_a_line_of_a_killed_run_costs_nothing_else(path: Path) -> None:
    whole = b"".join(msgspec.json.encode(grade) + b"\n" for grade in grades(3))
    last = len(msgspec.json.encode(grades(3)[2])) + 1
    for cut in range(len(whole) - last, len(whole)):
        path.write_bytes(whole[:cut])
        assert read(path) == grades(2)
        journal = Journal(path)
        journal.add(grades(3)[2])
        journal.close()
        assert read(path) == grades(3)


def test_a_full_disk_leaves_the_journal_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path)
    journal.add(grades(1)[0])
    before = path.read_bytes()

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(EvaluationError, match="No space left"):
            journal.add(grades(2)[1])
    assert path.read_bytes() == before
    journal.add(grades(2)[1])
    assert read(path) == grades(2)
    journal.close()


def test_a_damaged_line_is_named_and_nothing_is_dropped(path: Path) -> None:
    lines = [msgspec.json.encode(grade) for grade in grades(3)]
    for damage in (
        b"",
        b"{}",
        b'{"what":"grade","need":"dog","file":"a","grade":3}',
        b"\xff",
        b"[",
    ):
        path.write_bytes(b"\n".join([lines[0], damage, lines[2]]) + b"\n")
        with pytest.raises(GoldError, match="line 2"):
            read(path)


def test_nothing_is_taken_after_the_end(path: Path) -> None:
    journal = Journal(path)
    journal.close()
    with pytest.raises(EvaluationError, match="ended"):
        journal.add(grades(1)[0])


def test_no_journal_is_an_empty_one(path: Path) -> None:
    assert read(path) == []


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="nowhere"):
        Journal(tmp_path / "nowhere" / "journal.jsonl")
