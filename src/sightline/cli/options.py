"""Options that several commands share."""

from typing import Annotated

import typer

# A string, because `Path("")` is the current folder: an unset variable in a script must not be.
LibraryOption = Annotated[
    str | None,
    typer.Option(
        "--library",
        metavar="DIR",
        help="The library's folder. Default: $SIGHTLINE_LIBRARY, or your user data folder.",
    ),
]
