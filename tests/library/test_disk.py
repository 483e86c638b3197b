"""Disks that are read-only, full, or someone else's: one sentence, exit 3, nothing lost."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sightline import Library
from sightline.errors import LibraryError, LibraryNotFound, LibraryUnwritable
from sightline.library.database import FrozenConnection
from sightline.library.place import Place
from tests.making import Home, tree
from tests.shell import command, no_privileges, remount, sightline, small_disk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")


@pytest.fixture
def shared(home: Home) -> Iterator[Home]:
    """A home whose library everyone may read, and only its owner write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    home.place = Place(folder / "library")
    home.add("a.jpg", "red")
    home.add("b.jpg", "blue")
    home.index()
    with _reader(home) as library:  # imports all that is needed while we may read everything
        library.search("red")
        library.status()
        library.check()
    for log in ("library.db-shm", "library.db-wal"):
        (home.place.folder / log).unlink()
    _forbid_writing(home.place.folder)
    yield home
    _allow_writing(home.place.folder)
    shutil.rmtree(folder)


def _forbid_writing(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def _allow_writing(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


def _reader(home: Home) -> Library:
    library = home.open()
    library._encoders[home.encoder.id] = home.encoder  # the model is the owner's, too
    return library


def test_searching_needs_no_write_access(shared: Home) -> None:
    before = tree(shared.place.folder)
    with no_privileges(), _reader(shared) as library:
        assert isinstance(library._reading()._connection, FrozenConnection)
        assert library.search("red")[0].path.name == "a.jpg"
        assert library.status().photos == 2
        assert library.check() == []
    assert tree(shared.place.folder) == before


def test_a_reader_without_write_access_sees_what_the_owner_adds(shared: Home) -> None:
    with no_privileges(), _reader(shared) as library:
        assert len(library.search("red")) == 2
        os.seteuid(0) if os.getuid() == 0 else _allow_writing(shared.place.folder)
        shared.add("c.jpg", "red")
        shared.index()
        _forbid_writing(shared.place.folder)
        os.seteuid(65534) if os.getuid() == 0 else None
        assert len(library.search("red")) == 3


def test_writing_to_a_library_of_someone_else_is_refused_in_one_sentence(shared: Home) -> None:
    before = tree(shared.place.folder)
    with no_privileges(), _reader(shared) as library:
        with pytest.raises(LibraryUnwritable, match="Permission denied"):
            library.forget([shared.photos])
        assert len(library.search("red")) == 2
    assert tree(shared.place.folder) == before


def test_a_library_that_may_not_be_read_is_named(shared: Home) -> None:
    shared.place.folder.chmod(0o000)
    try:
        with no_privileges(), pytest.raises(LibraryUnwritable, match="can't be used"):
            shared.open()
    finally:
        shared.place.folder.chmod(0o755)
    shared.place.database.chmod(0o000)
    with no_privileges(), pytest.raises(LibraryUnwritable, match="can't be read"):
        shared.open()
    shared.place.database.chmod(0o444)
    (vectors,) = shared.place.vectors_folder.iterdir()
    vectors.chmod(0o000)
    with (
        no_privileges(),
        _reader(shared) as library,
        pytest.raises(LibraryError, match="Permission denied"),
    ):
        library.search("red")
    vectors.chmod(0o444)


def test_a_library_on_a_read_only_disk_can_be_searched_but_not_written(home: Home) -> None:
    home.add("a.jpg", "red")
    with small_disk(home.photos.parent / "disk", 8192) as disk:
        home.place = Place(disk / "library")
        home.index()
        remount(disk, "ro")

        found = sightline("search", "red", "--library", home.place.folder)
        assert found.returncode == 0
        assert b"a.jpg" in found.stdout
        checked = sightline("status", "--check", "--library", home.place.folder)
        assert checked.returncode == 0
        refused = sightline("index", home.photos, "--library", home.place.folder)
        assert refused.returncode == 3
        assert b"Read-only file system" in refused.stderr


def test_a_run_killed_before_the_disk_became_read_only_can_be_searched(home: Home) -> None:
    home.add("a.jpg", "red")
    with small_disk(home.photos.parent / "disk", 8192) as disk:
        home.place = Place(disk / "library")
        home.index()
        _leave_a_log_behind(home.place)
        assert (home.place.folder / "library.db-wal").stat().st_size
        remount(disk, "ro")
        with home.open() as library:
            last = library.status().last_run
            assert last is not None
            assert last.version == "killed"
            assert library.search("red")[0].path.name == "a.jpg"


def _leave_a_log_behind(place: Place) -> None:
    """Commit something and die before SQLite tidies up."""
    program = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        'c.execute("INSERT INTO runs (started_at, model, version, roots)'
        " VALUES ('2026', 'm', 'killed', '[]')\")\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", program, place.database], check=True)


def test_a_full_disk_loses_nothing_and_with_space_the_next_run_goes_on(home: Home) -> None:
    for n in range(1200):
        home.add(f"{n}.jpg")
    with small_disk(home.photos.parent / "disk", 700) as disk:
        library = disk / "library"
        arguments = ("index", home.photos, "--library", library, "--model", home.model)
        full = sightline(*arguments)
        assert full.returncode == 3
        (sentence,) = full.stderr.decode().splitlines()
        assert "space" in sentence
        _fill(disk / "filler")
        assert sightline("search", "red", "--library", library).returncode == 0
        remount(disk, "size=64m")
        home.place = Place(library)
        held = len(home.known())
        assert 0 < held < 1200
        assert home.problems() == []

        again = sightline(*arguments)
        assert again.returncode == 0
        assert f"{1200 - held:,} new".encode() in again.stdout
        assert len(home.known()) == 1200
        assert home.problems() == []


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 512):
            pass


@pytest.mark.parametrize("kilobytes", [4, 48, 140, 240])
def test_files_that_may_not_grow_are_a_full_disk_at_any_size(home: Home, kilobytes: int) -> None:
    for n in range(600):
        home.add(f"{n}.jpg")
    library = home.photos.parent / "library"
    resource = pytest.importorskip("resource")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, kilobytes * 1024))

    done = subprocess.run(
        command("index", home.photos, "--library", library, "--model", home.model),
        preexec_fn=limit, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    (sentence,) = done.stderr.decode().splitlines()
    assert "space" in sentence or "disk" in sentence
    try:
        held = len(home.known())
    except LibraryNotFound:
        held = 0
    counts = home.index()
    assert counts["new"] == 600 - held
    assert counts.get("unchanged", 0) == held
    assert home.problems() == []


def test_the_library_folder_may_not_be_a_file(home: Home) -> None:
    home.add("a.jpg")
    home.place.folder.write_text("mine")
    with pytest.raises(LibraryUnwritable, match="File exists"):
        home.index()
    assert home.place.folder.read_text() == "mine"
