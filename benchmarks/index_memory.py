"""Memory while indexing: does it stay flat, however many photos there are?

20,000 photos, small ones and a few of 12 megapixels shuffled among them, are indexed by a process
whose resident memory is read from /proc twenty times a second. What a run reached at its highest up
to the first 1,000 photos is held against the highest after.
"""

import random
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread

from common import Row, in_its_own_process, make_tiny_model, memory_mb, parser, report, workspace
from made_photos import CAMERA, SMALL, jpeg
from sightline import IndexOptions
from sightline.encoders import DEFAULT_MODEL, load_encoder
from sightline.library.indexer import Progress, index_folders
from sightline.library.place import Place

MARKS = (1_000, 2_000, 5_000, 10_000, 20_000)
SETTLED = 1_000
TARGET = 1.10
_EVERY_SECONDS = 0.05
# Sizes in pixels, and how many photos of a hundred have them.
_MIX = (((320, 240), 30), (SMALL, 40), ((1024, 768), 23), ((2048, 1536), 5), (CAMERA, 2))


@dataclass(frozen=True)
class Reading:
    """Resident memory at one moment, and how many photos were committed by then."""

    photos: int
    mb: float


def write_mixed_photos(folder: Path, count: int) -> None:
    """Write photos of mixed sizes in an order that mixes them from the first on."""
    folder.mkdir()
    pools = [[jpeg(size, seed) for seed in range(4)] for size, _ in _MIX]
    chosen = random.Random(0).choices(pools, [share for _, share in _MIX], k=count)
    for at, pool in enumerate(chosen):
        tail = at.to_bytes(8, "little")
        (folder / f"{at:06}.jpg").write_bytes(pool[at % len(pool)] + tail)


def watched_index(photos: Path, model: Path, folder: Path) -> list[Reading]:
    """Index in this process while a thread reads its memory."""
    readings: list[Reading] = []
    done, over = 0, Event()

    def watch() -> None:
        while not over.wait(_EVERY_SECONDS):
            readings.append(Reading(done, memory_mb()))

    def note(progress: Progress) -> None:
        nonlocal done
        done = progress.done if progress.stage == "reading" else 0

    watcher = Thread(target=watch)
    watcher.start()
    try:
        index_folders(
            Place(folder), [photos], load_encoder(model), str(model), IndexOptions(), note
        )
    finally:
        over.set()
        watcher.join()
    return readings


def _rows(name: str, count: int, readings: list[Reading]) -> list[Row]:
    begun = [reading for reading in readings if reading.photos]
    marks = sorted({mark for mark in MARKS if mark < count} | {count})
    rows = []
    before = 0
    for mark in marks:
        part = [reading.mb for reading in begun if before < reading.photos <= mark]
        if part:
            figure = f"highest {max(part):.0f} MB, at its end {part[-1]:.0f} MB"
            rows.append(Row(f"{name}: {before:,} to {mark:,} photos", figure))
        before = mark
    early = max(reading.mb for reading in begun if reading.photos <= SETTLED)
    late = max(reading.mb for reading in begun if reading.photos > SETTLED)
    return [
        *rows,
        Row(
            f"{name}: highest after the first {SETTLED:,}, to before",
            f"{late / early:.3f}",
            f"at most {TARGET:.2f}",
            round(late / early, 2) <= TARGET,
            {
                "photos": [reading.photos for reading in readings],
                "mb": [round(reading.mb, 1) for reading in readings],
            },
        ),
    ]


def main() -> None:
    """Make photos, index them with two models, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--photos", type=int, default=MARKS[-1])
    arguments.add_argument("--model", default=DEFAULT_MODEL, help="instead of the bundled one")
    arguments.add_argument("--only", choices=("tiny", "bundled"))
    given = arguments.parse_args()
    count = min(given.photos, 3_000) if given.quick else given.photos
    rows: list[Row] = []
    with workspace() as folder:
        write_mixed_photos(folder / "photos", count)
        models = {
            "tiny": make_tiny_model(folder / "tiny"),
            "bundled": load_encoder(given.model).folder,
        }
        for name, model in models.items():
            if given.only in (None, name):
                run = partial(watched_index, folder / "photos", model, folder / f"library-{name}")
                rows += _rows(name, count, in_its_own_process(run))
    report(f"Memory while indexing {count:,} photos", rows, given.json)


if __name__ == "__main__":
    main()
