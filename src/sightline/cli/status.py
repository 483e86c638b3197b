"""`sightline status`: what the library holds, what failed, whether it is sound."""

import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.index import IndexFormat
from sightline.cli.options import LibraryOption

if TYPE_CHECKING:
    from sightline.library.health import Failure, Status

_EXIT_UNSOUND = 3


def status(
    failures: Annotated[
        bool, typer.Option("--failures", help="List each failed file with its reason.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Verify the library against itself; exit 3 if unsound.")
    ] = False,
    output: Annotated[
        IndexFormat, typer.Option("--format", help="How to print.")
    ] = IndexFormat.text,
    library: LibraryOption = None,
) -> None:
    """Say what the library holds."""
    from sightline.api import Library
    from sightline.cli.output import to_json, write_text

    with Library.open(library) as opened:
        if failures:
            rows = opened.failures()
            text = (
                to_json([_failure_row(row) for row in rows])
                if output is IndexFormat.json
                else "\n".join(_failure_line(row) for row in rows) or "No file failed."
            )
            write_text(text + "\n", sys.stdout)
        if check:
            problems = opened.check()
            text = (
                to_json({"sound": not problems, "problems": problems})
                if output is IndexFormat.json
                else "\n".join(problems) or "The library is sound."
            )
            write_text(text + "\n", sys.stdout)
            if problems:
                raise typer.Exit(_EXIT_UNSOUND)
        if failures or check:
            return
        found = opened.status()
    text = _status_json(found) if output is IndexFormat.json else _status_text(found)
    write_text(text + "\n", sys.stdout)


def _failure_row(failure: "Failure") -> dict[str, str]:
    return {
        "path": os.fsdecode(failure.path),
        "kind": failure.kind,
        "reason": failure.reason,
    }


def _failure_line(failure: "Failure") -> str:
    from sightline.cli.output import printable

    row = _failure_row(failure)
    return f"{printable(row['path'])}: {printable(row['reason'])}"


def _status_json(found: "Status") -> str:
    row = asdict(found) | {"folder": str(found.folder)}
    if found.last_run is not None:
        row["last_run"] |= {
            "roots": json.loads(found.last_run.roots),
            "counts": json.loads(found.last_run.counts or "null"),
        }
    return json.dumps(row)


def _status_text(found: "Status") -> str:
    from sightline.cli.output import printable

    lines = [
        f"Library  {printable(str(found.folder))}",
        f"Photos   {found.photos:,} at {found.paths:,} paths"
        + (f" ({found.absent_photos:,} more are kept but gone)" if found.absent_photos else ""),
        f"Failed   {found.failures:,} files"
        + (" (--failures lists them)" if found.failures else ""),
        f"Disk     {found.bytes_on_disk / 1e6:,.1f} MB",
    ]
    lines += [
        f"Model    {model.model_id}: {model.photos:,} photos, {model.dimensions} dimensions"
        for model in found.models
    ]
    if found.last_run is not None:
        run = found.last_run
        end = (
            f"finished {run.finished_at}"
            if run.finished_at
            else "not finished (running or stopped)"
        )
        roots = ", ".join(printable(root) for root in json.loads(run.roots))
        lines.append(f"Last run began {run.started_at}, {end}: {roots}")
    return "\n".join(lines)
