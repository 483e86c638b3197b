"""`sightline search`: words or pictures in, matching photos out."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.options import AdapterOption, LibraryOption, ProviderOption

if TYPE_CHECKING:
    from sightline import Filters
    from sightline.encoders.providers import ProviderChoice


class SearchFormat(StrEnum):
    """How matches are printed."""

    table = "table"
    jsonl = "jsonl"
    json = "json"
    csv = "csv"
    paths = "paths"
    paths0 = "paths0"


class SearchSort(StrEnum):
    """In which order."""

    score = "score"
    date = "date"


_FILTERS = "Filters"
_QUERY = "More parts of the query"


def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORDS]", help="What to look for, in plain English."),
    ] = None,
    plus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[W:]TEXT",
            help="Also this, W times as much (default 1). Repeatable.",
            rich_help_panel=_QUERY,
        ),
    ] = None,
    minus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[W:]TEXT", help="Rather not this. Repeatable.", rich_help_panel=_QUERY
        ),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[W:]IMAGE",
            help="Like this picture, indexed or not. Repeatable.",
            rich_help_panel=_QUERY,
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", metavar="N", help="How many photos at most.")] = 12,
    folder: Annotated[
        str | None,
        typer.Option(
            "--in", metavar="FOLDER", help="Only under this folder.", rich_help_panel=_FILTERS
        ),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Taken then or later: 2021, 2021-07, 2021-07-04.",
            rich_help_panel=_FILTERS,
        ),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Taken earlier than that.", rich_help_panel=_FILTERS),
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="Camera or lens name holds this text.", rich_help_panel=_FILTERS
        ),
    ] = None,
    near: Annotated[
        str | None,
        typer.Option(
            metavar="LAT,LON,KM", help="Taken within KM of this place.", rich_help_panel=_FILTERS
        ),
    ] = None,
    extension: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="EXT",
            help="Only files with this ending, such as jpg or heic.",
            rich_help_panel=_FILTERS,
        ),
    ] = None,
    sort: Annotated[
        SearchSort, typer.Option(help="Best first, or the best ones by date taken.")
    ] = SearchSort.score,
    output: Annotated[
        SearchFormat,
        typer.Option("--format", help="paths0 separates by NUL bytes: safe for any file name."),
    ] = SearchFormat.table,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Also write a page with the matches' thumbnails."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Search with this encoder, if the library was indexed with "
            "several. Default: the last one used.",
        ),
    ] = None,
    provider: ProviderOption = "auto",
    adapter: AdapterOption = None,
    library: LibraryOption = None,
) -> None:
    """Find photos by words, by pictures, or by both.

    Examples:

      sightline search birthday cake

      sightline search dog on a beach --minus people --after 2023

      sightline search --like sofa.jpg --plus "0.5:in red" --format paths

    The number beside a photo is the cosine of query and photo: it orders the matches of one query,
    is no probability, and does not compare between queries.

    Exit status 0 with matches, 1 with none.
    """
    from sightline.api import Library
    from sightline.cli.output import printable, write_matches
    from sightline.retrieval.query import Query

    text = " ".join(words or ())
    query = Query.of(text, tuple(plus or ()), tuple(minus or ()), tuple(like or ()))
    filters = _filters(folder, after, before, camera, near, extension)
    if sheet is not None:
        from sightline.retrieval.sheet import Strip, require_page, write_sheet

        require_page(sheet)
    with Library.open(library, _provider(provider)) as opened:
        matches = opened.search(
            query, k=k, filters=filters, sort=sort.value, model=model, adapter=adapter
        )
    write_matches(matches, output.value, sys.stdout)
    if sheet is not None:
        write_sheet(sheet, [Strip(query.title, matches)])
        print(f"Contact sheet: {printable(str(sheet))}", file=sys.stderr)  # noqa: T201
    if not matches:
        print(_why_none(filters), file=sys.stderr)  # noqa: T201
        raise typer.Exit(1)


def _why_none(filters: "Filters") -> str:
    if filters.is_empty:
        return "The library holds no photo. Fill it with `sightline index PHOTOS`."
    return "No photo in the library passes these filters."


def _provider(name: str) -> "ProviderChoice":
    if name == "auto":
        return "auto"
    from sightline.encoders.providers import parse_provider

    return parse_provider(name)


def _filters(
    folder: str | None,
    after: str | None,
    before: str | None,
    camera: str | None,
    near: str | None,
    extension: str | None,
) -> "Filters":
    from sightline.library.filters import Filters
    from sightline.retrieval.dates import parse_date, require_order
    from sightline.retrieval.places import parse_near

    begin = parse_date(after) if after is not None else None
    end = parse_date(before) if before is not None else None
    require_order(begin, end)
    return Filters(
        folder=_folder(folder),
        after=begin,
        before=end,
        camera=camera,
        near=parse_near(near) if near is not None else None,
        extension=extension,
    )


def _folder(name: str | None) -> Path | None:
    from sightline.errors import QueryError

    if name is None:
        return None
    if not name:
        raise QueryError("--in needs a folder's name.")
    return Path(name)
