"""Indexing again when nothing has changed: 100,000 files, `sightline index` as a whole process.

The files are small pictures, no two with the same bytes, in folders of 500. They are first indexed
with the tests' encoder, since a second run neither reads a photo nor runs a model.
"""

from io import BytesIO
from pathlib import Path
from time import perf_counter

from common import Row, make_tiny_model, parser, program, report, whole_process, workspace
from made_photos import scene

FILES = 100_000
TARGET_SECONDS = 10.0
_A_FOLDER = 500


def write_small_files(folder: Path, count: int) -> None:
    """One picture of 32 × 24 pixels, with another tail in every file."""
    buffer = BytesIO()
    scene((32, 24), seed=0).save(buffer, "JPEG", quality=90)
    for at in range(count):
        inside = folder / f"{at // _A_FOLDER:04}"
        if at % _A_FOLDER == 0:
            inside.mkdir(parents=True)
        tail = at.to_bytes(8, "little")
        (inside / f"IMG_{at:06}.jpg").write_bytes(buffer.getvalue() + tail)


def main() -> None:
    """Index twice and more, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--files", type=int, default=FILES)
    given = arguments.parse_args()
    files = min(given.files, 10_000) if given.quick else given.files
    target = TARGET_SECONDS * files / FILES
    with workspace() as folder:
        photos = folder / "photos"
        write_small_files(photos, files)
        command = [program(), "index", str(photos), "--library", str(folder / "library")]
        command += ["--model", str(make_tiny_model(folder / "tiny"))]
        began = perf_counter()
        whole_process(command, times=1)
        first = perf_counter() - began
        again, peak, _ = whole_process(command, times=1 if given.quick else 5)
    rows = [
        Row(f"{files:,} files, first time", f"{first:.1f} s", values={"seconds": first}),
        Row(
            f"{files:,} unchanged files, again",
            f"{again.show()} s, peak {peak.median:.0f} MB",
            f"at most {target:g} s",
            again.median <= target,
            {"seconds": list(again.values), "peak_mb": list(peak.values)},
        ),
    ]
    report("Re-indexing what has not changed", rows, given.json)


if __name__ == "__main__":
    main()
