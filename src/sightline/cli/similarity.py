"""`sightline similarity`: how near some sentences are to a picture."""

import csv
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.options import ModelOption, ProviderOption, RowFormat

if TYPE_CHECKING:
    from sightline import Similarity


def similarity(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="The picture.")],
    texts: Annotated[
        list[str], typer.Argument(metavar="TEXT...", help="Sentences; quote those with spaces.")
    ],
    output: Annotated[RowFormat, typer.Option("--format", help="How to print.")] = RowFormat.table,
    model: ModelOption = None,
    provider: ProviderOption = "auto",
) -> None:
    """Say how near each text is to a picture.

    Example:

      sightline similarity holiday.jpg "a dog on a beach" "a birthday cake"

    The cosine orders the texts for one picture. Where the model is calibrated, the probability that
    text and picture belong together stands beside it; where it isn't, there is none to give.
    """
    from sightline.api import similarity as compare
    from sightline.cli.output import Lines, to_json, write_text
    from sightline.encoders.providers import parse_provider

    found = compare(image, texts, model=model, provider=parse_provider(provider))
    if output is RowFormat.jsonl:
        write_text("".join(to_json(asdict(one)) + "\n" for one in found), sys.stdout)
    elif output is RowFormat.csv:
        rows = csv.writer(Lines(sys.stdout))
        rows.writerow(("text", "cosine", "probability"))
        rows.writerows((one.text, one.cosine, one.probability) for one in found)
    else:
        write_text("".join(_table_line(one) + "\n" for one in found), sys.stdout)


def _table_line(one: "Similarity") -> str:
    from sightline.cli.output import printable

    chance = "" if one.probability is None else f"  {one.probability:6.1%}"
    return f"{one.cosine:6.3f}{chance}  {printable(one.text)}"
