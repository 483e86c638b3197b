"""`sightline train`: teach a dual encoder from photos with captions."""

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.errors import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from sightline.training.loop import Outcome, Progress
    from sightline.training.run_log import DevLine

_EXIT_INTERRUPTED = 130
_NAMED = 3  # unreadable photos that the summary names


def train(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG.toml", help="What to learn from, and how.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder for checkpoints, log and curve. Default: `runs/NAME`, the name being the "
            "config's.",
        ),
    ] = None,
    resume: Annotated[
        bool | None,
        typer.Option(
            "--resume/--fresh",
            help="Go on from the checkpoint in DIR, which must be there; or begin anew and replace "
            "it. Default: go on where there is one.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Train a dual encoder from photos with captions.

    Needs the extra `train` (`pip install 'sightline[train]'`). The folder gets `last.pt` (to go on
    from), `best.pt` (best in retrieval on the dev sets), `log.jsonl` and `curve.png`. Ctrl-C stops
    after the step in hand; the same command goes on from there. For several processes:
    `torchrun --nproc-per-node N -m sightline train CONFIG.toml`.
    """
    if find_spec("torch") is None:
        raise UsageError("Training needs torch: pip install 'sightline[train]'.")
    from sightline.training.loop import train as run_training
    from sightline.training.run_config import read_config

    settings = read_config(config)
    folder = out or Path("runs") / settings.name
    gc.enable()
    with _stop_requested() as stop, _progress() as watch:
        outcome = run_training(
            settings, config.parent, folder, resume=resume, stop=stop, watch=watch
        )
    if outcome.leads:
        _summarise(outcome, folder)
    if not outcome.finished:
        raise typer.Exit(_EXIT_INTERRUPTED)


@contextmanager
def _stop_requested() -> Iterator[Callable[[], bool]]:
    """Ctrl-C, or a polite kill, asks to stop; pressing it again stops at once."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.signal(number, signal.SIG_DFL)
        print("Stopping after this step.", file=sys.stderr, flush=True)  # noqa: T201

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress() -> "Iterator[Callable[[Progress], None]]":
    """Shows each evaluation as a line; in a terminal the steps as a bar below."""
    from sightline.training.run_log import DevLine

    def evaluated(line: "DevLine") -> None:
        from sightline.cli.output import printable

        figures = "; ".join(
            f"{printable(one.name)}: text→image {one.text_to_image}, image→text {one.image_to_text}"
            for one in line.sets
        )
        print(  # noqa: T201
            f"step {line.step:,}: {figures}{'  (best)' if line.best else ''}",
            file=sys.stderr,
            flush=True,
        )

    if not sys.stderr.isatty():
        yield (
            lambda progress: (
                evaluated(progress.line) if isinstance(progress.line, DevLine) else None
            )
        )
        return
    with _bar() as bar:
        task = bar.add_task("Training", total=None)

        def show(progress: "Progress") -> None:
            if isinstance(progress.line, DevLine):
                evaluated(progress.line)
            else:
                bar.update(
                    task,
                    total=progress.steps,
                    completed=progress.step,
                    description=f"loss {progress.line.loss:.3f}",
                )

        yield show


def _bar() -> "RichProgress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )  # fmt: skip

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _summarise(outcome: "Outcome", folder: Path) -> None:
    from sightline.cli.output import printable, write_text

    lines = [f"{outcome.step:,} of {outcome.steps:,} steps. Run: {printable(str(folder))}"]
    if outcome.best is not None:
        lines.append(
            f"Best retrieval after step {outcome.best.step:,}, kept in best.pt: "
            f"mean recall {outcome.best.score:.3f}"
        )
        lines += [
            f"  {printable(one.name)}: text→image R@1/5/10 {one.text_to_image}, "
            f"image→text {one.image_to_text}"
            for one in outcome.best.figures
        ]
    if outcome.unreadable:
        lines.append(
            f"{len(outcome.unreadable):,} of {outcome.photos:,} photos couldn't be read and were "
            "skipped:"
        )
        lines += [
            f"  {printable(name)}: {printable(why)}" for name, why in outcome.unreadable[:_NAMED]
        ]
        if len(outcome.unreadable) > _NAMED:
            lines.append(f"  … and {len(outcome.unreadable) - _NAMED:,} more")
    write_text("\n".join(lines) + "\n", sys.stdout)
