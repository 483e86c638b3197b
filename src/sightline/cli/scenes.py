"""`sightline scenes`: generated pictures whose contents are known exactly."""

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.index import IndexFormat
from sightline.errors import UsageError

if TYPE_CHECKING:
    from sightline.evaluation.scenes.folder import ScenesReport


def scenes(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="A new or empty folder, or one to go on with.")
    ],
    count: Annotated[int, typer.Option("--count", metavar="N", help="Scenes of each family.")] = 20,
    family: Annotated[
        list[str] | None,
        typer.Option(
            "--family",
            metavar="NAME",
            help="Only this one: object, colour, attribute, texture, size, count, position, "
            "negation, occlusion, tiny, rotation, clutter, text. Repeatable.",
        ),
    ] = None,
    size: Annotated[
        int, typer.Option("--size", metavar="PIXELS", help="Width and height of a picture.")
    ] = 256,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed, other scenes.")] = 0,
    output: Annotated[
        IndexFormat, typer.Option("--format", help="How to print the summary.")
    ] = IndexFormat.text,
) -> None:
    """Draw pictures to test a model with, and write down what is on them.

    A scene is a pair of pictures that differ in one thing, and a caption for each: "a red circle
    and a blue square", "a blue circle and a red square". DIR gets images/, scenes.jsonl with the
    exact truth, gold_queries.json for `sightline eval`, and pairs/ in SugarCrepe's format.

    Example:

      sightline scenes scenes/ --count 50

    The same seed gives the same pictures. Run it again to go on where it was stopped, or with a
    higher --count for more.
    """
    from sightline.cli.output import to_json, write_text
    from sightline.cli.work_progress import stage_progress
    from sightline.evaluation.scenes.folder import write_scenes

    if not folder:
        raise UsageError("The folder's name is empty; name one.")
    gc.enable()
    with stage_progress() as on_stage:
        report = write_scenes(
            Path(folder),
            count=count,
            families=family or (),
            size=size,
            seed=seed,
            on_progress=lambda done, total: on_stage("Drawing scenes", done, total),
        )
    text = to_json(_row(report)) if output is IndexFormat.json else _summary(report)
    write_text(text + "\n", sys.stdout)


def _row(report: "ScenesReport") -> dict[str, object]:
    return {
        "folder": str(report.folder),
        "scenes": report.scenes,
        "made": report.made,
        "kept": report.kept,
        "queries": report.queries,
        "seconds": round(report.seconds, 3),
    }


def _summary(report: "ScenesReport") -> str:
    from sightline.cli.output import printable

    families = ", ".join(f"{count:,} {name}" for name, count in report.scenes.items() if count)
    return "\n".join(
        [
            f"{report.made:,} made, {report.kept:,} kept ({report.seconds:.1f} s).",
            f"Scenes of two pictures in {printable(str(report.folder))}: {families}.",
            f"{report.queries:,} queries in gold_queries.json. Pairs: pairs/. Truth: scenes.jsonl.",
        ]
    )
