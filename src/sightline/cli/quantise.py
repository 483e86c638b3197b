"""`sightline models quantise`: photos through a large model in half the time or less."""

import gc
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.index import IndexFormat
from sightline.errors import UsageError

if TYPE_CHECKING:
    from sightline.training.int8_model import Int8Report


def quantise(
    model: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A model that is here, or a model folder."),
    ],
    photos: Annotated[
        list[Path],
        typer.Option(
            metavar="PATH",
            help="Some of your photos, 16 at least: the 8-bit model is compared with the original "
            "on up to 64 of them. May be given several times.",
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder to write. Default: NAME-int8 in your models folder, where --model "
            "finds it by name; any other is given as --model DIR.",
        ),
    ] = None,
    output: Annotated[
        IndexFormat, typer.Option("--format", help="How to print the summary.")
    ] = IndexFormat.text,
) -> None:
    """Put a transformer's image tower into 8 bits: photos are embedded in half the time or less.

      sightline models fetch datacomp-vit-b-32-256

      sightline models quantise datacomp-vit-b-32-256 --photos ~/Pictures

      sightline index ~/Pictures --model datacomp-vit-b-32-256-int8

    For ViTs, on a processor. It is another model from then on: vectors of the two don't mix, and
    a library indexed with one is indexed anew with the other. Says how close the two are; where 8
    bits would blur more than 5 % of what tells photos apart, nothing is written.
    """
    if find_spec("onnx") is None:
        raise UsageError("Putting a model into 8 bits needs onnx: pip install 'sightline[int8]'.")
    from sightline.cli.output import to_json, write_text
    from sightline.cli.work_progress import stage_progress
    from sightline.encoders import load_encoder
    from sightline.encoders.catalogue import models_folder
    from sightline.encoders.published import INT8_SUFFIX
    from sightline.training.int8_model import quantise_model

    gc.enable()
    missing = [path for path in photos if not path.exists()]
    if missing:
        raise UsageError(f"There is no folder or file {missing[0]}.")
    encoder = load_encoder(model, "cpu")
    name = f"{encoder.spec.name[: 64 - len(INT8_SUFFIX)]}{INT8_SUFFIX}"  # 64: a name's limit
    folder = (to if to is not None else models_folder() / name).absolute()
    with stage_progress() as on_stage:
        report = quantise_model(encoder, photos, folder, name, on_stage)
    if output is IndexFormat.json:
        write_text(to_json({**asdict(report), "folder": str(report.folder)}) + "\n", sys.stdout)
    else:
        write_text(_summary(report, name if to is None else str(folder)), sys.stdout)


def _summary(report: "Int8Report", way: str) -> str:
    from sightline.cli.output import printable

    slow = report.ms > 0.8 * report.before_ms
    lines = [
        f"{report.name}: {report.folder}",
        f"  {report.bytes / 1e6:,.1f} MB, {report.before_bytes / 1e6:,.1f} before",
        f"  {report.ms:.1f} ms of one core for a photo, {report.before_ms:.1f} before",
        f"  on {report.photos} of your photos: cosine to the original {report.cosine:.4f} "
        f"(lowest {report.lowest_cosine:.4f}),",
        f"  {report.drift:.1%} of what tells them apart blurred; of the first five for each of 24 "
        f"sentences {report.kept:.0%} stay",
        *(["  little is gained: the tower is small, or mostly convolutions"] if slow else []),
        f"Use it: sightline index PHOTOS --model {way}",
    ]
    return "".join(f"{printable(line)}\n" for line in lines)
