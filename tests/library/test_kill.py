"""kill -9 at any moment: the library is sound, keeps what it had, and the next run goes on."""

import io
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import numpy as np
import pytest
from PIL import Image

from sightline import Library
from sightline.errors import LibraryNotFound
from sightline.library.place import Place
from sightline.library.reader import LibraryReader
from tests.making import COLOURS
from tests.shell import start

KILLS_AT_WORK = 36
KILLS_WHILE_STARTING = 4

# Imports almost everything once, then forks a process for each run: kills meet the walk, the lanes
# and the commits instead of Python's own start. It also commits so often that kills meet commits.
NURSERY = """
import json, os, signal, sys, time
import pathspec  # but not onnxruntime: its threads do not outlive a fork
import sightline.api, sightline.library.indexer as indexer
from sightline.cli.main import run
indexer._COMMIT_SECONDS = 0.02
for line in sys.stdin:
    seconds, arguments = json.loads(line)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        sys.argv = ["sightline", *arguments]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        run()
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print(json.dumps([status, time.monotonic() - began]), flush=True)
"""


class Nursery:
    """Runs `sightline index` in processes of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(self, arguments: list[str], kill_after: float | None = None) -> float:
        """Run to the end, or to the kill. Returns the seconds it took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([kill_after, arguments]).encode() + b"\n")
        self._process.stdin.flush()
        status, seconds = json.loads(self._process.stdout.readline())
        assert status == 0 or (status == 9 and kill_after is not None)
        return float(seconds)


@contextmanager
def nursery() -> Iterator[Nursery]:
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Nursery(process)


class Album:
    """Photos that take some milliseconds each, and change a little between runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._pictures = [_slow_picture(colour) for colour in COLOURS.values()]
        self._made = 0

    def add(self, count: int) -> None:
        for _ in range(count):
            self._write(self.folder / f"{self._made:04}.png")

    def change(self, chance: random.Random) -> None:
        """New photos, and some of the old ones renamed, edited or deleted."""
        renamed, edited, deleted = chance.sample(sorted(self.folder.iterdir()), 3)
        renamed.rename(self.folder / f"moved-{self._made:04}.png")
        self._write(edited)
        deleted.unlink()
        self.add(24)

    def _write(self, path: Path) -> None:
        # What follows a PNG's end is no part of the picture, but of the file and its hash.
        path.write_bytes(self._pictures[self._made % 8] + self._made.to_bytes(4))
        self._made += 1


def _slow_picture(colour: tuple[int, int, int]) -> bytes:
    noise = np.random.default_rng(0).integers(-2, 3, (300, 400, 3))
    picture = Image.fromarray(np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8))
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_nothing_is_lost_whenever_the_indexer_is_killed(tmp_path: Path, tiny_model: Path) -> None:
    chance = random.Random(20)
    album = Album(tmp_path / "photos")
    album.add(100)
    place = Place(tmp_path / "library")
    acknowledged: set[str] = set()
    stopped_half_way = 0

    def index(library: Path) -> list[str]:
        run = ["index", album.folder, "--library", library, "--model", tiny_model, "--lanes", "2"]
        return [str(word) for word in run]

    def inspect_after(kill: int) -> None:
        nonlocal acknowledged, stopped_half_way
        try:
            with Library.open(place.folder) as library:
                assert library.check() == [], f"after kill {kill}"
        except LibraryNotFound:
            assert not acknowledged, "the library has vanished"
            return
        held = set(_photos(place))
        assert acknowledged <= held, f"kill {kill} lost photos that were there"
        stopped_half_way += acknowledged < held and len(held) < len(list(album.folder.iterdir()))
        acknowledged = held

    with nursery() as runs:
        whole_life = runs.run(index(tmp_path / "undisturbed"))
        for kill in range(KILLS_AT_WORK):
            runs.run(index(place.folder), kill_after=chance.uniform(0, whole_life))
            inspect_after(kill)
            album.change(chance)
        for kill in range(KILLS_WHILE_STARTING):
            process = start(*index(place.folder))
            sleep(chance.uniform(0.05, 0.5))
            process.kill()
            process.communicate(timeout=60)
            inspect_after(KILLS_AT_WORK + kill)
        assert stopped_half_way > 3, "hardly any kill came between two commits: this tests nothing"

        runs.run(index(place.folder))
        runs.run(index(tmp_path / "new"))

    assert _present(place) == _present(Place(tmp_path / "new"))
    photos = _photos(place)
    for photo, vector in _photos(Place(tmp_path / "new")).items():
        np.testing.assert_allclose(photos[photo], vector, atol=1e-3)
    with Library.open(place.folder) as library:
        assert library.check() == []


def _present(place: Place) -> dict[object, object]:
    """What is there: path → hash."""
    with LibraryReader(place) as reader:
        rows = reader.query(
            "SELECT path, hash FROM paths JOIN photos ON photos.id = photo WHERE gone_in IS NULL"
        )
    return dict(rows)  # type: ignore[arg-type]


def _photos(place: Place) -> dict[str, np.ndarray]:
    """Everything the library has embedded: hash → vector."""
    with LibraryReader(place) as reader, reader.snapshot():
        (model,) = reader.models() or [None]
        hashes = [str(row[0]) for row in reader.query("SELECT hash FROM photos")]
        found = {hash_: reader.vector_of(model, hash_) for hash_ in hashes} if model else {}
    return {hash_: vector for hash_, vector in found.items() if vector is not None}
