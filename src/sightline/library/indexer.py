"""Folders → library: look, compare, read what is new, write, sweep.

1. *Survey*: walk the folders and compare them with the record; nothing is written yet.
2. *Lanes*: read, decode and embed what is new or changed; commit about once a second.
3. *Sweep*: only when all is done, mark as gone what the walk did not meet.
4. *Sketch*: in a large library, bring up to date what makes searches faster.

Killed at any moment, the library holds what was committed, and the next run goes on from there.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from time import monotonic
from typing import Literal

from sightline.encoders import DualEncoder
from sightline.errors import LibraryNotFound, UsageError
from sightline.library.cores import usable_cores
from sightline.library.database import connect_to_read, plain_errors
from sightline.library.lanes import Lanes
from sightline.library.place import Place, absolute_path, require_outside
from sightline.library.spans import path_span
from sightline.library.survey import Survey, Surveyor
from sightline.library.vectors import VectorAppender
from sightline.library.writer import Embedded, Failed, LibraryWriter, open_writer
from sightline.photos.read import DEFAULT_MAX_MEGAPIXELS
from sightline.photos.walk import WalkRules, walk

_COMMIT_SECONDS = 1.0
_COMMIT_PHOTOS = 256
_MOST_LANES = 256


@dataclass(frozen=True)
class IndexOptions:
    """What to look at, and how hard to work."""

    exclude: tuple[str, ...] = ()
    include_hidden: bool = False
    follow_links: bool = False
    lanes: int = field(default_factory=usable_cores)
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS

    def __post_init__(self) -> None:
        if not 1 <= self.lanes <= _MOST_LANES:
            raise UsageError(f"--lanes must be from 1 to {_MOST_LANES}, not {self.lanes}.")
        if not self.max_megapixels > 0:
            raise UsageError(f"--max-megapixels must be above 0, not {self.max_megapixels:g}.")

    @property
    def walk_rules(self) -> WalkRules:
        """The part that the walk wants."""
        return WalkRules(self.exclude, self.include_hidden, self.follow_links)


@dataclass(frozen=True)
class Progress:
    """Where a run stands. `total` is unknown while the folders are being looked through."""

    stage: Literal["looking", "reading"]
    done: int
    total: int | None
    failed: int = 0


@dataclass(frozen=True)
class IndexReport:
    """What an index run found and did, in files (a dry run: what it would do).

    A dry run reads no file, so it can't tell new from moved, duplicate or broken: it counts all
    of these as new.
    """

    new: int
    changed: int
    moved: int
    unchanged: int
    gone: int
    duplicate: int
    failed: int
    seconds: float
    model: str
    dry_run: bool = False


OnProgress = Callable[[Progress], None]


def index_folders(
    place: Place,
    roots: Sequence[Path],
    encoder: DualEncoder,
    source: str,
    options: IndexOptions,
    on_progress: OnProgress,
) -> IndexReport:
    """Bring the library up to date with everything under `roots`.

    Args:
        source: what `load_encoder` needs to load this encoder again: a name or a folder.

    Raises:
        UsageError: a root doesn't exist, or the library would stand inside it.
        ModelError: the encoder can't embed any photo.
        LibraryError: the library can't be written; what was committed stays.
    """
    began = monotonic()
    absolute = _checked_roots(place, roots)
    with open_writer(place) as writer:
        model_row = writer.model_row(encoder.id, source, encoder.dimensions)
        surveyor = Surveyor(writer.connection)
        survey = _look(surveyor, absolute, model_row, options, on_progress)
        if survey.to_read:
            encoder.require_images()
        run = writer.begin_run(encoder.id, absolute)
        with writer.appender(model_row) as appender:
            lanes = Lanes(place, model_row, encoder, options.lanes, options.max_megapixels)
            with closing(lanes.run(surveyor.todo())) as results:  # stops the lanes on any error
                counts = _write_all(writer, run, model_row, appender, results, survey, on_progress)
        counts["unchanged"] += survey.unchanged
        writer.require_place()
        counts = writer.finish_run(run, model_row, surveyor.unreadable(), counts)
        writer.sketch_vectors(model_row)
    return _report(counts, monotonic() - began, encoder.id)


def preview_index(
    place: Place,
    roots: Sequence[Path],
    encoder: DualEncoder,
    options: IndexOptions,
    on_progress: OnProgress,
) -> IndexReport:
    """Say what `index_folders` would find, without reading a photo or writing anything."""
    began = monotonic()
    absolute = _checked_roots(place, roots)
    with closing(_record_or_empty(place)) as connection, plain_errors(place):
        row = connection.execute(
            "SELECT id FROM models WHERE model_id = ?", (encoder.id,)
        ).fetchone()
        surveyor = Surveyor(connection)
        survey = _look(surveyor, absolute, row[0] if row else 0, options, on_progress)
        unreadable = len(surveyor.unreadable())
    counts = Counter(
        new=survey.to_read - survey.known_to_read,
        changed=survey.known_to_read,
        unchanged=survey.unchanged,
        gone=survey.gone,
        failed=unreadable,
    )
    return _report(counts, monotonic() - began, encoder.id, dry_run=True)


def _checked_roots(place: Place, roots: Sequence[Path]) -> list[Path]:
    if not roots:
        raise UsageError("Name at least one folder or photo to index.")
    absolute = [absolute_path(root) for root in roots]
    for root in absolute:
        # `lexists`, unlike `Path.exists`, never raises
        if not os.path.lexists(root) and not _is_known(place, root):
            raise UsageError(f"There is no folder or file {root}.")
    require_outside(place, absolute)
    return absolute


def _is_known(place: Place, root: Path) -> bool:
    """Whether the library has photos there: a folder that was removed or renamed is gone, too."""
    try:
        connection = connect_to_read(place)
    except LibraryNotFound:
        return False
    with closing(connection), plain_errors(place):
        return any(
            connection.execute(
                "SELECT 1 FROM paths WHERE path >= ? AND path < ? AND gone_in IS NULL LIMIT 1",
                path_span(os.fsencode(root), folder),
            ).fetchone()
            for folder in (True, False)
        )


def _look(
    surveyor: Surveyor,
    roots: list[Path],
    model_row: int,
    options: IndexOptions,
    on_progress: OnProgress,
) -> Survey:
    surveyor.add_roots(roots)
    there = [root for root in roots if os.path.lexists(root)]
    files = walk(there, options.walk_rules, surveyor.add_unreadable)
    for count in surveyor.add_found(files):
        on_progress(Progress("looking", count, None))
    return surveyor.compare(model_row)


def _write_all(
    writer: LibraryWriter,
    run: int,
    model_row: int,
    appender: VectorAppender,
    results: Iterator[Embedded | Failed],
    survey: Survey,
    on_progress: OnProgress,
) -> Counter[str]:
    counts: Counter[str] = Counter()
    done = 0
    for batch in _timely_batches(results):
        counts += writer.record(run, model_row, appender, batch)
        done += len(batch)
        on_progress(Progress("reading", done, survey.to_read, counts["failed"]))
    return counts


def _timely_batches(results: Iterator[Embedded | Failed]) -> Iterator[list[Embedded | Failed]]:
    """Group results so that about a second's work, and no more, can be lost.

    On Ctrl-C what is done already is handed on and then the interrupt goes its way.
    """
    batch: list[Embedded | Failed] = []
    deadline = monotonic() + _COMMIT_SECONDS
    try:
        for result in results:
            batch.append(result)
            if len(batch) >= _COMMIT_PHOTOS or monotonic() >= deadline:
                yield batch
                batch = []
                deadline = monotonic() + _COMMIT_SECONDS
    except KeyboardInterrupt:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _record_or_empty(place: Place) -> sqlite3.Connection:
    """The library's record to compare with; where there is none yet, an empty one in memory."""
    try:
        return connect_to_read(place)
    except LibraryNotFound:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        schema = resources.files("sightline.library").joinpath("schema.sql").read_text("utf-8")
        connection.executescript(schema)
        return connection


def _report(counts: Counter[str], seconds: float, model: str, dry_run: bool = False) -> IndexReport:
    kinds = ("new", "changed", "moved", "unchanged", "gone", "duplicate", "failed")
    return IndexReport(
        **{kind: counts[kind] for kind in kinds},
        seconds=seconds,
        model=model,
        dry_run=dry_run,
    )
