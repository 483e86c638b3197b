"""One read of a file: its bytes whole and unchanged, its hash, and errors a person understands."""

import hashlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path

import numpy as np
import pytest

from sightline.errors import BrokenPhoto, NotAPhoto, PhotoTooLarge, UnreadablePhoto
from sightline.photos import read as read_module
from sightline.photos.read import decode, read_bytes, read_photo
from sightline.photos.walk import FoundFile
from tests.photos.images import CROP, SQUASH, encoded, scene

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX file system")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(scene(), "PNG"))
    return path


def seen(path: Path) -> FoundFile:
    status = path.stat()
    return FoundFile(os.fsencode(path), status.st_size, status.st_mtime_ns)


def test_a_photo_is_the_hash_of_all_its_bytes(photo: Path) -> None:
    data = photo.read_bytes()
    assert read_photo(photo, SQUASH).hash == hashlib.sha256(data).hexdigest()
    photo.write_bytes(data + b"\0")
    assert read_photo(photo, SQUASH).hash == hashlib.sha256(data + b"\0").hexdigest()


def test_hash_facts_and_pixels_come_from_one_read(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    os_open = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: opened.append(path) or os_open(path, *rest))
    read = read_photo(photo, SQUASH)
    assert opened == [photo]
    assert (read.facts.width, read.facts.height, read.facts.format) == (300, 200, "PNG")
    assert read.pixels.shape == (64, 64, 3)


def test_a_path_may_be_bytes_or_a_path(photo: Path) -> None:
    assert read_bytes(os.fsencode(photo)) == read_bytes(photo) == photo.read_bytes()


@posix_only
def test_a_name_that_is_not_utf8_can_be_read(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\n.png"
    Path(os.fsdecode(path)).write_bytes(encoded(scene(), "PNG"))
    assert read_photo(path, SQUASH).facts.width == 300


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto, match="isn't there"):
        read_bytes(tmp_path / "gone.jpg")


def test_a_folder_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto):
        read_bytes(tmp_path)


def test_a_file_without_permission_is_unreadable(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> int:  # the superuser, as whom tests may run, may read all
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnreadablePhoto, match="permission"):
        read_bytes(photo)


@posix_only
def test_a_pipe_is_unreadable_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    failure: list[Exception] = []

    def read() -> None:
        try:
            read_bytes(tmp_path / "pipe.jpg")
        except UnreadablePhoto as error:
            failure.append(error)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(timeout=30)
    assert not reader.is_alive()
    assert "pipe" in str(failure[0])


@posix_only
def test_a_device_without_end_is_unreadable() -> None:
    with pytest.raises(UnreadablePhoto, match="device"):
        read_bytes(Path("/dev/zero"))


def test_a_file_that_changed_since_it_was_found_is_unreadable(photo: Path) -> None:
    before = seen(photo)
    photo.write_bytes(photo.read_bytes() + b"more")
    with pytest.raises(UnreadablePhoto, match="changed"):
        read_photo(photo, SQUASH, expected=before)
    assert read_photo(photo, SQUASH, expected=seen(photo)).facts.width == 300


def test_a_file_written_anew_in_the_same_size_has_changed_too(photo: Path) -> None:
    before = seen(photo)
    os.utime(photo, ns=(0, before.mtime_ns + 1_000_000_000))
    with pytest.raises(UnreadablePhoto, match="changed"):
        read_photo(photo, SQUASH, expected=before)


@pytest.mark.parametrize("change", ["grows", "shrinks", "touched"])
def test_a_file_that_changes_while_it_is_read_is_unreadable(
    photo: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    chunks = read_module._chunks

    def change_and_read(file: FileIO, size: int) -> list[bytes]:
        if change == "touched":
            os.utime(photo, ns=(0, 1))
        else:
            os.truncate(photo, size + 10 if change == "grows" else size - 10)
            os.utime(photo, ns=(before.mtime_ns, before.mtime_ns))
        return list(chunks(file, size))

    before = seen(photo)
    monkeypatch.setattr(read_module, "_chunks", change_and_read)
    with pytest.raises(UnreadablePhoto, match="changed while"):
        read_bytes(photo)


def test_a_file_larger_than_any_photo_is_not_read(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_module, "MAX_FILE_BYTES", photo.stat().st_size - 1)
    with pytest.raises(PhotoTooLarge, match="GiB"):
        read_bytes(photo)


def test_reading_changes_nothing_about_the_file(photo: Path) -> None:
    before = photo.stat()
    content = photo.read_bytes()
    read_photo(photo, SQUASH)
    after = photo.stat()
    assert (before.st_size, before.st_mtime_ns, before.st_ino, before.st_mode) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ino,
        after.st_mode,
    )
    assert photo.read_bytes() == content


def test_an_empty_file_is_no_photo(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(NotAPhoto, match="empty"):
        read_photo(tmp_path / "a.jpg", SQUASH)


def test_photos_are_decoded_alike_in_many_threads_at_once() -> None:
    files = [
        encoded(scene(500, 400, seed), format)
        for seed in range(2)
        for format in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "BMP", "JPEG2000")
    ]
    files.append(files[1][:5000])
    files.append(b"no photo")

    def outcome(data: bytes) -> bytes | type[Exception]:
        try:
            return decode(data, CROP)[1].tobytes()
        except (NotAPhoto, BrokenPhoto) as error:
            return type(error)

    alone = [outcome(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(outcome, files * 3))
    assert together == alone * 3
    assert alone[-2:] == [BrokenPhoto, NotAPhoto]


def test_pixels_can_be_stacked_into_a_batch(photo: Path) -> None:
    batch = np.stack([read_photo(photo, SQUASH).pixels] * 2)
    assert batch.shape == (2, 64, 64, 3)
    assert batch.dtype == np.uint8


def test_importing_the_reader_imports_no_decoder() -> None:
    code = (
        "import sys, sightline.photos.read\n"
        "heavy = {'pillow_heif', 'rawpy', 'pathspec', 'torch', 'onnxruntime'}\n"
        "plugins = {n for n in sys.modules if n.startswith('PIL.') and n.endswith('Plugin')}\n"
        "print(sorted(heavy & set(sys.modules)), sorted(plugins))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"
