"""`sightline forget`: drop files or folders from the library, and from nowhere else."""

import sys
from typing import Annotated

import typer

from sightline.cli.options import LibraryOption


def forget(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Files or folders to drop from the library."),
    ],
    library: LibraryOption = None,
) -> None:
    """Forget files or whole folders: the library drops them and blanks their vectors.

    The photos themselves are not touched. The next `sightline index` of their folder brings them
    back, unless a .sightlineignore there names them.
    """
    from sightline.api import Library
    from sightline.cli.output import write_text

    with Library.open(library) as opened:
        dropped, photos = opened.forget(paths)
    write_text(
        f"Forgot {dropped:,} paths and {photos:,} photos. No file was touched.\n", sys.stdout
    )
    if not dropped:
        raise typer.Exit(1)
