"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="DIR",
        help="The library's folder. Default: $SIGHTLINE_LIBRARY, or your user data folder.",
    ),
]
