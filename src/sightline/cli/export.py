"""`sightline export`: from a training run to a folder that every command takes."""

import gc
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from sightline.errors import UsageError


def export(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="`best.pt` or `last.pt` of a run.")
    ],
    dev: Annotated[
        list[Path],
        typer.Option(
            "--dev",
            metavar="FILE",
            help='Captioned photos that nothing was trained on, `{"file": …, "captions": […]}` a '
            "line: what the export is checked with. May be given several times.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="The folder to write. Default: the run's name."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The model's name. Default: the folder's.")
    ] = None,
    ranges: Annotated[
        Path | None,
        typer.Option(
            "--ranges",
            metavar="FILE",
            help="Captioned photos that the ranges of 8-bit numbers are measured on, best some "
            "that were trained on. Default: the first --dev file.",
        ),
    ] = None,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8/--float",
            help="Weights of 8 bits, a quarter of the size; refused where they cost more than a "
            "point of recall@10.",
        ),
    ] = True,
    licence: Annotated[
        str, typer.Option("--licence", help="What others may do with the weights.")
    ] = "not stated",
) -> None:
    """Write a trained model as ONNX, checked against what was trained.

    Use the folder as `--model DIR`. The graphs must agree with torch, and 8-bit weights may cost
    one point of recall@10 at most; otherwise nothing is written.
    """
    if find_spec("torch") is None:
        raise UsageError("Exporting needs torch: pip install 'sightline[train]'.")
    from sightline.cli.output import printable, write_text
    from sightline.training.export_run import export_run

    gc.enable()
    report = export_run(checkpoint, dev, out, ranges=ranges, name=name, int8=int8, licence=licence)
    lines = [
        f"{report.folder}: {report.bytes / 1e6:.1f} MB, "
        f"cosine to torch at least {report.lowest_cosine:.6f}"
    ]
    lines += [
        f"  {loss.name}: recall@1/5/10 {loss.in_float} in float, {loss.shipped} as written"
        for loss in report.losses
    ]
    lines.append(f"Use it: sightline index PATH --model {report.folder}")
    write_text("".join(f"{printable(line)}\n" for line in lines), sys.stdout)
