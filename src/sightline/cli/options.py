"""Options that several commands share."""

from enum import StrEnum
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

ProviderOption = Annotated[
    str,
    typer.Option(
        "--provider",
        metavar="NAME",
        help="Where the model runs: cpu, cuda, directml, coreml, openvino. "
        "auto takes a graphics card for photos if ONNX Runtime offers one.",
    ),
]

ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Encoder: a name of `sightline models`, or a model folder. Default: the bundled one.",
    ),
]

AdapterOption = Annotated[
    str | None,
    typer.Option(
        "--adapter",
        metavar="NAME|FILE",
        help="Use the words taught by `sightline adapt`: a name given there, or an adapter's file.",
    ),
]


class RowFormat(StrEnum):
    """How rows are printed: for people, or for scripts."""

    table = "table"
    jsonl = "jsonl"
    csv = "csv"
