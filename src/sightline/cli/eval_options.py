"""The options of `sightline eval`; those of a vision-language model are `inspect`'s own."""

from pathlib import Path
from typing import Annotated

import typer

_SEARCH = "Measuring searches"
_INSPECTION = "Measuring inspectors (GOLD holds inspection labels)"

GoldArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[GOLD]",
        help="Right answers: a gold file of `sightline judge`, or inspection labels.",
        show_default=False,
    ),
]

PhotosOption = Annotated[
    Path | None,
    typer.Option(
        "--photos",
        "--images",
        metavar="DIR",
        help="Folder that the file names in GOLD start from; the run then indexes those photos "
        "itself, in its own folder.",
        show_default=False,
    ),
]

ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Encoder to measure, by name or folder; repeat it to compare several.",
        show_default=False,
    ),
]

RankerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ranker",
        metavar="NAME",
        help="A baseline or a further way to rank: random, popular, filenames; with --captions "
        "bm25, caption-embeddings, fusion; rerank. Default: the first three, and bm25 where "
        "captions are given. `none` for the models alone.",
        show_default=False,
        rich_help_panel=_SEARCH,
    ),
]

CaptionsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--captions",
        metavar="FILE.jsonl",
        help='Captions: {"file": …, "captions": […]} a line, files named from beside it.',
        show_default=False,
        rich_help_panel=_SEARCH,
    ),
]

PairsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--pairs",
        metavar="FILE.json",
        help="Instead of GOLD: minimal pairs in SugarCrepe's format; their pictures are under "
        "--photos.",
        show_default=False,
        rich_help_panel=_SEARCH,
    ),
]

ExperimentOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--experiment",
        metavar="FILE.toml",
        help="A question to answer in the report; what it needs joins the run.",
        show_default=False,
    ),
]

OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="The run folder, made or gone on with. Default: sightline-eval.",
    ),
]

CompareOption = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        "--compare",
        metavar="A B",
        help="Set two run folders side by side, query by query, instead of making one.",
        show_default=False,
        rich_help_panel=_SEARCH,
    ),
]

ColdOption = Annotated[
    int | None,
    typer.Option(
        "--cold",
        min=0,
        metavar="N",
        help="Time N whole `sightline search` processes as well. Default: 5.",
        rich_help_panel=_SEARCH,
    ),
]

SeedOption = Annotated[int, typer.Option(min=0, metavar="N", help="Of random draws and ties.")]

EvalFormatOption = Annotated[
    str, typer.Option("--format", metavar="table|json", help="What is printed.")
]

MeasuredInspectorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--inspector",
        metavar="NAME",
        help="Which inspector to measure: reference, words, vlm; repeat it to compare several. "
        "Default: the first two.",
        show_default=False,
        rich_help_panel=_INSPECTION,
    ),
]
