"""`sightline classify`: photos in, labels out."""

import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightline.cli.options import AdapterOption, ModelOption, ProviderOption, RowFormat

if TYPE_CHECKING:
    from sightline import Classified


def classify(
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE...", help="Photos, or folders of them.")
    ],
    labels: Annotated[
        str | None,
        typer.Option(
            metavar='FILE|"A,B"',
            help="What to choose from: a file with one label a line (`name`, or `name: a sentence "
            "| another`), or a list with commas. Default: all that the adapter was taught.",
        ),
    ] = None,
    templates: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Sentences for labels that bring none, one a line; {} is where the label goes.",
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", metavar="N", help="Labels a photo.")] = 3,
    temperature: Annotated[
        float | None,
        typer.Option(
            metavar="T",
            help="Below the default, shares are sharper; above it, flatter. The order stays. "
            "Default: 1 / the model's own scale (0.01 where it has none), with an adapter 1.",
        ),
    ] = None,
    output: Annotated[RowFormat, typer.Option("--format", help="How to print.")] = RowFormat.table,
    model: ModelOption = None,
    provider: ProviderOption = "auto",
    adapter: AdapterOption = None,
) -> None:
    """Sort photos into labels, by words alone or with what you have taught.

    Examples:

      sightline classify ~/Pictures --labels "a dog,a cat,people,food"

      sightline classify shelf.jpg --adapter grocery -k 5 --format jsonl

    The shares of a photo's labels sum to 1: they say how the labels compare, as if one of them had
    to be right. A file that can't be used becomes a row with the reason.

    Exit status 0 if a photo was classified, 1 if none was.
    """
    from sightline.api import classify as run_classify
    from sightline.cli.output import write_text
    from sightline.encoders.providers import parse_provider

    given = _given_labels(labels)
    sentences = _given_templates(templates)
    results = run_classify(
        images,
        given,
        templates=sentences,
        k=k,
        temperature=temperature,
        model=model,
        adapter=adapter,
        provider=parse_provider(provider),
    )
    done = 0
    for text, good in _rows(results, output):
        write_text(text, sys.stdout)
        done += good
    if not done:
        print("No photo was classified.", file=sys.stderr)  # noqa: T201
        raise typer.Exit(1)


def _given_labels(labels: str | None) -> Any:
    if labels is None:
        return None
    from sightline.retrieval.labels import parse_labels

    return parse_labels(labels)


def _given_templates(path: Path | None) -> tuple[str, ...] | None:
    if path is None:
        return None
    from sightline.retrieval.labels import read_templates

    return read_templates(path)


def _rows(results: "Iterable[Classified]", output: RowFormat) -> Iterator[tuple[str, bool]]:
    """Each photo as text, as soon as it is done, and whether it could be used."""
    shape: dict[RowFormat, Callable[[Classified], str]] = {
        RowFormat.jsonl: _json_line,
        RowFormat.csv: _csv_lines,
        RowFormat.table: _table_lines,
    }
    if output is RowFormat.csv:
        yield "path,rank,label,share,cosine,error\r\n", False
    for result in results:
        yield shape[output](result), result.error is None


def _json_line(result: "Classified") -> str:
    from sightline.cli.output import to_json

    row = {
        "path": str(result.path),
        "labels": [
            {"label": one.label, "share": round(one.share, 6), "cosine": round(one.cosine, 6)}
            for one in result.labels
        ],
        "error": result.error,
    }
    return to_json(row) + "\n"


def _csv_lines(result: "Classified") -> str:
    from io import StringIO

    text = StringIO(newline="")
    rows = csv.writer(text)
    for rank, one in enumerate(result.labels, 1):
        rows.writerow((result.path, rank, one.label, round(one.share, 6), round(one.cosine, 6), ""))
    if result.error is not None:
        rows.writerow((result.path, "", "", "", "", result.error))
    return text.getvalue()


def _table_lines(result: "Classified") -> str:
    from sightline.cli.output import printable

    path = printable(os.fspath(result.path or ""))
    if result.error is not None:
        return f"{path}: can't be used. {printable(result.error)}\n"
    labels = ", ".join(f"{printable(one.label)} {one.share:.1%}" for one in result.labels)
    return f"{path}: {labels}\n"
