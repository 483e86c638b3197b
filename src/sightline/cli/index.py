"""`sightline index`: bring the library up to date with folders of photos."""

import gc
import signal
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.options import LibraryOption, ProviderOption

if TYPE_CHECKING:
    from sightline import IndexReport


class IndexFormat(StrEnum):
    """How the summary is printed."""

    text = "text"
    json = "json"


def index(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Folders (or single photos) to index.")
    ],
    library: LibraryOption = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Encoder: a name of `sightline models`, or a model folder. "
            "Default: the one this library was last indexed with, or the bundled one.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Leave out what matches, in gitignore syntax. Repeatable. "
            "A file named .sightlineignore in a folder does the same for good.",
        ),
    ] = None,
    include_hidden: Annotated[
        bool, typer.Option("--include-hidden", help="Look into hidden files and folders too.")
    ] = False,
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="Follow symbolic links to folders.")
    ] = False,
    lanes: Annotated[
        int | None,
        typer.Option(metavar="N", help="Photos worked on at once. Default: one per core."),
    ] = None,
    max_megapixels: Annotated[
        float | None,
        typer.Option(metavar="N", help="Refuse larger photos: they may be decompression bombs."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done; read and write nothing.")
    ] = False,
    adapter: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Keep these words, taught by `sightline adapt`, with the library: a search there "
            "finds them by name. Vectors don't depend on them, and nothing is embedded again.",
        ),
    ] = None,
    provider: ProviderOption = "auto",
    output: Annotated[
        IndexFormat, typer.Option("--format", help="How to print the summary.")
    ] = IndexFormat.text,
) -> None:
    """Index photos, so that they can be searched.

    Run it again whenever photos came, went or moved: only what is new, or changed, or
    failed before is read. It can be stopped or killed at any moment and goes on where it was.
    Photos are only ever read.
    """
    from sightline.api import index as run_index
    from sightline.cli.output import to_json, write_text
    from sightline.cli.progress import index_progress
    from sightline.encoders.providers import parse_provider
    from sightline.library.indexer import IndexOptions
    from sightline.library.place import library_place

    given = {"lanes": lanes, "max_megapixels": max_megapixels}
    options = IndexOptions(
        exclude=tuple(exclude or ()),
        include_hidden=include_hidden,
        follow_links=follow_links,
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )
    runs_on = parse_provider(provider)
    place = library_place(library)
    gc.enable()
    signal.signal(signal.SIGINT, _stop_once)
    with index_progress() as on_progress:
        report = run_index(
            place,
            paths,
            model,
            options,
            dry_run,
            on_progress,
            adapter=adapter,
            provider=runs_on,
        )
    if output is IndexFormat.json:
        text = to_json(asdict(report) | {"library": str(place.folder)})
    else:
        text = _summary(report, place.folder)
    write_text(text + "\n", sys.stdout)


def _stop_once(number: int, frame: FrameType | None) -> None:
    """Ctrl-C stops after the photos in hand; pressing it again must not cut that short."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _summary(report: "IndexReport", folder: Path) -> str:
    from sightline.cli.output import printable

    counts = {
        kind: getattr(report, kind)
        for kind in ("new", "changed", "moved", "unchanged", "gone", "duplicate", "failed")
    }
    read = report.new + report.changed + report.moved + report.duplicate + report.failed
    pace = f", {read / report.seconds:,.0f} files/s" if read and report.seconds > 0 else ""
    lines = [
        ", ".join(f"{count:,} {kind}" for kind, count in counts.items()),
        f"Dry run: nothing was read or written ({report.seconds:.1f} s)."
        if report.dry_run
        else f"Done in {report.seconds:.1f} s{pace}. Library: {printable(str(folder))}",
    ]
    if not any(counts.values()):
        lines.insert(0, "No photos were found there.")
    if report.failed and not report.dry_run:
        lines.append("`sightline status --failures` names each failed file with its reason.")
    return "\n".join(lines)
