"""`sightline models`: which encoders there are."""

import sys
from typing import Annotated

import typer

from sightline.cli.index import IndexFormat


def models(
    output: Annotated[
        IndexFormat, typer.Option("--format", help="How to print.")
    ] = IndexFormat.text,
) -> None:
    """List the encoders that can be used: size, dimensions, licence, source."""
    from sightline.cli.output import printable, to_json, write_text
    from sightline.encoders import DEFAULT_MODEL, list_models

    entries = list_models()
    if output is IndexFormat.json:
        rows = [
            {
                "name": entry.spec.name,
                "id": entry.spec.id,
                "title": entry.spec.title,
                "default": entry.spec.name == DEFAULT_MODEL,
                "bytes": entry.bytes,
                "dimensions": entry.spec.dimensions,
                "licence": entry.spec.licence,
                "source": entry.spec.source,
                "where": entry.where,
                "folder": str(entry.folder),
            }
            for entry in entries
        ]
        write_text(to_json(rows) + "\n", sys.stdout)
        return
    for entry in entries:
        spec = entry.spec
        mark = " (default)" if spec.name == DEFAULT_MODEL and entry.where == "bundled" else ""
        write_text(
            f"{spec.name}{mark}: {printable(spec.title)}\n"
            f"  {entry.bytes / 1e6:.1f} MB, {spec.dimensions} dimensions, {spec.image.size} px, "
            f"licence {printable(spec.licence)}, {entry.where}\n"
            f"  {printable(spec.architecture)}\n"
            f"  from {printable(spec.source)}\n",
            sys.stdout,
        )
