"""`sightline adapt`: teach a model the words of your own field."""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.index import IndexFormat
from sightline.cli.options import ModelOption, ProviderOption

if TYPE_CHECKING:
    from sightline import AdaptReport


class AdaptMethod(StrEnum):
    """How to learn."""

    auto = "auto"
    cache = "cache"
    residual = "residual"
    both = "both"


def adapt(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="A folder with a folder of photos for each label, or a JSONL file: "
            '{"file": "a.jpg", "label": "cat"} a line, or "caption" instead of "label".',
        ),
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="What --adapter will find it by.")],
    method: Annotated[
        AdaptMethod,
        typer.Option(
            help="A cache of what was shown, a learned residual, both, or whatever does best on "
            "photos held out."
        ),
    ] = AdaptMethod.auto,
    model: ModelOption = None,
    provider: ProviderOption = "auto",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the adapter here. Default: among your own, by its name."
        ),
    ] = None,
    shots: Annotated[
        int | None,
        typer.Option(metavar="N", help="Use at most N photos of each label. Default: all."),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Which photos are drawn and held out.")
    ] = 0,
    output: Annotated[
        IndexFormat, typer.Option("--format", help="How to print the summary.")
    ] = IndexFormat.text,
) -> None:
    """Teach a model your own words, from a few photos of each.

    Examples:

      sightline adapt plants/ --name plants

      sightline classify garden/ --adapter plants

      sightline search "japanese maple" --adapter plants

    Takes seconds to minutes on a CPU, most of it for looking at the photos, once. Photos are only
    ever read; libraries stay as they are and need no re-indexing.
    """
    from sightline.api import adapt as run_adapt
    from sightline.cli.output import to_json, write_text
    from sightline.encoders.providers import parse_provider

    gc.enable()
    with _progress() as on_progress:
        report = run_adapt(
            data,
            name,
            method=method.value,
            model=model,
            out=out,
            shots=shots,
            seed=seed,
            provider=parse_provider(provider),
            on_progress=on_progress,
        )
    text = to_json(_row(report)) if output is IndexFormat.json else _summary(report)
    write_text(text + "\n", sys.stdout)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    from sightline.cli.progress import index_progress
    from sightline.library.indexer import Progress

    with index_progress("Embedding") as show:
        yield lambda done, total: show(Progress("reading", done, total))


def _row(report: "AdaptReport") -> dict[str, object]:
    adapter = report.adapter
    figures = adapter.origin.figures
    return {
        "name": adapter.name,
        "file": str(report.file),
        "model": adapter.model,
        "method": adapter.method,
        "labels": dict(zip(adapter.labels, adapter.origin.shots, strict=True)),
        "held_out_photos": figures.photos,
        "words_alone": figures.words and asdict(figures.words),
        "top_1": {method: asdict(share) for method, share in figures.methods.items()},
        "failed": [
            {"path": str(failed.path), "reason": str(failed.error)} for failed in report.failed
        ],
        "embed_seconds": round(report.embed_seconds, 3),
        "learn_seconds": round(report.learn_seconds, 3),
    }


def _summary(report: "AdaptReport") -> str:
    from sightline.cli.output import printable

    adapter = report.adapter
    figures = adapter.origin.figures
    lines = [
        f"Learned {len(adapter.labels):,} labels from {sum(adapter.origin.shots):,} photos by the "
        f"method {adapter.method!r}: {report.embed_seconds:.1f} s to look at them, "
        f"{report.learn_seconds:.1f} s to learn."
    ]
    lines += [
        f"Can't be used: {printable(str(failed.path))}: {printable(str(failed.error))}"
        for failed in report.failed
    ]
    if figures.photos:
        lines.append(f"Named right, of {figures.photos:,} photos held out (95 % interval):")
        lines.append(f"  words alone  {figures.words}")
        lines += [
            f"  {method:<11}  {share}{'  (chosen)' if method == adapter.method else ''}"
            for method, share in figures.methods.items()
        ]
        lines.append("Photos of one scene in several folds make these figures too good.")
    else:
        lines.append(
            "No label has two photos, so nothing could be held out to measure how good it is."
        )
    lines.append(f"Adapter: {printable(str(report.file))}")
    return "\n".join(lines)
