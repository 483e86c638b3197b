"""A model of the catalogue → a folder that loads, or nothing.

All is gathered in a folder beside the target, whose name begins with a dot and which no model name
leads to. Only when every file is there and has its hash, the lock file is written and the folder
takes its name, in one step. Killed at any moment, a fetch leaves that gathering place, and the
next one goes on from it.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sightline.encoders.hub.client import Hub, NotThere, Snapshot
from sightline.encoders.hub.promise import differs, sha256_of
from sightline.encoders.hub.scalars import read_calibration
from sightline.encoders.hub.wanted import Wanted, files_of, weights_of
from sightline.encoders.layouts import derive_spec
from sightline.encoders.lock import Lock, LockedFile, LockedSource, read_lock, write_lock
from sightline.encoders.published import PublishedModel
from sightline.encoders.spec import Calibration
from sightline.errors import FetchError, ModelError, UnknownModel

DEFAULT_REVISION = "main"
SPARE_BYTES = 64 << 20
"""What must be left on the disk besides the model."""


@dataclass(frozen=True)
class FetchProgress:
    """Where a fetch stands. `total` grows when a graph names files that hold its weights."""

    file: str
    done: int
    total: int


@dataclass(frozen=True)
class Fetched:
    """A model that is there. `fresh` if it was not before; `notes` is what its user should know."""

    folder: Path
    fresh: bool
    notes: tuple[str, ...] = ()


OnProgress = Callable[[FetchProgress], None]


def fetch_model(
    model: PublishedModel,
    folder: Path,
    revision: str | None = None,
    on_progress: OnProgress = lambda progress: None,
) -> Fetched:
    """Make sure that `folder` holds the model. What is there is not fetched again.

    Args:
        revision: branch, tag or commit of the model's first repository; by default what is there
            already, or else the repository's main branch at this moment.

    Raises:
        UnknownModel: no repository is known that holds it in a form that can be used.
        FetchError: offline, refused, damaged on the way, no room, or another fetch is at it.
    """
    if model.unavailable:
        raise UnknownModel(f"{model.name} can't be fetched: {model.unavailable}.")
    there = _there(folder)
    if there is not None and (revision is None or _is_at(there, revision)):
        return Fetched(folder, fresh=False)
    with _gathering(folder) as place:
        return _Fetch(model, place, revision, on_progress).into(folder)


def _there(folder: Path) -> Lock | None:
    lock = read_lock(folder)
    if lock is None and folder.exists() and any(folder.iterdir()):
        raise FetchError(f"{folder} holds something else. Move it away, or choose another folder.")
    return lock


def _is_at(lock: Lock, revision: str) -> bool:
    commit = lock.sources[0].revision
    return commit == revision or (len(revision) >= 7 and commit.startswith(revision))


@contextmanager
def _gathering(folder: Path) -> Iterator[Path]:
    """The gathering place, for one process at a time."""
    from filelock import FileLock, Timeout

    place = folder.parent / f".{folder.name}.fetching"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place.with_suffix(".lock"), timeout=0):
            yield place
    except Timeout:
        raise FetchError(f"Another process is fetching {folder.name} right now.") from None
    except OSError as error:
        raise FetchError(f"Can't write {error.filename or place}: {error.strerror}.") from None


@dataclass
class _Fetch:
    """One run of a fetch, from the plan to the finished folder."""

    model: PublishedModel
    place: Path
    revision: str | None
    on_progress: OnProgress
    hub: Hub = field(default_factory=Hub)
    done: int = 0
    total: int = 0

    def into(self, folder: Path) -> Fetched:
        gathered = self.place / "model"
        gathered.mkdir(exist_ok=True)
        snapshots = self._snapshots()
        wanted = [
            file
            for source, snapshot in zip(self.model.sources, snapshots, strict=True)
            for file in files_of(source, snapshot)
        ]
        for file in wanted:
            self._count(gathered, file)
        locked = {}
        while wanted:  # a graph may name further files
            file = wanted.pop(0)
            locked[file.local] = self._gather(gathered, file)
            for further in weights_of(gathered, file):
                self._count(gathered, further)
                wanted.insert(0, further)
        for name, content in self.model.writes.items():
            locked[name] = _write(gathered / name, content)
        calibration, notes = self._calibration(snapshots)
        self._finish(gathered, folder, snapshots, locked, calibration)
        return Fetched(folder, fresh=True, notes=notes)

    def _snapshots(self) -> list[Snapshot]:
        """The commits to fetch: those of a fetch that was cut short, if the same was asked."""
        asked = [self.revision or DEFAULT_REVISION, *[DEFAULT_REVISION] * len(self.model.sources)]
        plan = self.place / "plan.json"
        begun = _read_plan(plan)
        snapshots = []
        for source, revision in zip(self.model.sources, asked, strict=False):
            key = f"{source.repository}@{revision}"
            try:
                snapshot = self.hub.snapshot(source.repository, begun.get(key, revision))
            except NotThere:
                if key not in begun:
                    raise
                snapshot = self.hub.snapshot(source.repository, revision)
            if begun.get(key, snapshot.commit) != snapshot.commit:
                shutil.rmtree(self.place / "parts", ignore_errors=True)
                shutil.rmtree(self.place / "model")
                (self.place / "model").mkdir()
            begun[key] = snapshot.commit
            snapshots.append(snapshot)
        plan.write_text(json.dumps(begun))
        return snapshots

    def _count(self, gathered: Path, file: Wanted) -> None:
        """Add a file to what is to come, and see whether the disk has room for it."""
        here = sum(
            path.stat().st_size
            for path in (gathered / file.local, _part(gathered, file))
            if path.exists()
        )
        self.done += here
        self.total += file.file.size or 0
        free = shutil.disk_usage(gathered).free
        if self.total - self.done > free - SPARE_BYTES:
            raise FetchError(
                f"{self.model.name} needs {(self.total - self.done) / 1e6:,.0f} MB more, and "
                f"{gathered.parent.parent} has {free / 1e6:,.0f} MB free "
                f"({SPARE_BYTES / 1e6:,.0f} of them are left alone). "
                "Make room, or choose another disk with --to."
            )

    def _gather(self, gathered: Path, file: Wanted) -> LockedFile:
        """One file, whole and with the hash that the hub promised."""
        path, part = gathered / file.local, _part(gathered, file)
        if path.exists() and not differs(path, file.file):
            return _locked(path)

        def count(bytes_added: int) -> None:
            self.done += bytes_added
            self.on_progress(FetchProgress(file.local, self.done, self.total))

        for last in (False, True):
            self.hub.download(file.snapshot, file.remote, part, count)
            wrong = differs(part, file.file)
            if not wrong:
                break
            count(-part.stat().st_size)
            part.unlink()  # going on from wrong bytes would never end well
            if last:
                raise FetchError(
                    f"{self.hub.endpoint} sent {file.remote} of {file.snapshot.repository} twice "
                    f"with another {wrong} than it promises. Nothing of it was kept."
                )
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        part.replace(path)
        return _locked(path)

    def _calibration(self, snapshots: list[Snapshot]) -> tuple[Calibration | None, tuple[str, ...]]:
        source = self.model.calibration
        if source is None:
            return None, ()
        try:
            snapshot = self.hub.snapshot(source.repository, DEFAULT_REVISION)
            found = read_calibration(self.hub, snapshot, source.file)
        except FetchError as error:
            return None, (f"It will give cosines but no probabilities: {error}",)
        snapshots.append(snapshot)
        return found, ()

    def _finish(
        self,
        gathered: Path,
        folder: Path,
        snapshots: list[Snapshot],
        locked: dict[str, LockedFile],
        calibration: Calibration | None,
    ) -> None:
        """Write the lock, see that the model can be used, and give the folder its name."""
        lock = Lock(
            name=self.model.name,
            title=self.model.title,
            licence=self.model.licence,
            architecture=self.model.architecture,
            dimensions=self.model.dimensions,
            sources=[
                LockedSource(
                    snapshot.repository,
                    snapshot.commit,
                    (self.revision if at == 0 else None) or DEFAULT_REVISION,
                )
                for at, snapshot in enumerate(snapshots)
            ],
            files=locked,
            calibration=calibration,
        )
        write_lock(gathered, lock)
        try:
            derive_spec(gathered)
        except ModelError as error:
            raise FetchError(
                f"{self.model.name} came whole, but can't be used by this version: {error}"
            ) from None
        _take_place(gathered, folder)
        shutil.rmtree(self.place, ignore_errors=True)


def _read_plan(path: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def _part(gathered: Path, file: Wanted) -> Path:
    return gathered.parent / "parts" / file.local


def _locked(path: Path) -> LockedFile:
    return LockedFile(sha256_of(path), path.stat().st_size)


def _write(path: Path, content: object) -> LockedFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    return _locked(path)


def _take_place(gathered: Path, folder: Path) -> None:
    """Rename into place; an earlier revision goes only when the new one is whole."""
    if not folder.exists():
        gathered.rename(folder)
        return
    old = gathered.parent / "old"
    shutil.rmtree(old, ignore_errors=True)
    folder.rename(old)
    gathered.rename(folder)
