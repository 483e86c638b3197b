"""Progress of work in stages, on stderr: a bar in a terminal, a line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

_PLAIN_LINE_SECONDS = 10.0

OnStage = Callable[[str, int, int], None]


@contextmanager
def stage_progress() -> Iterator[OnStage]:
    """Give a callback that shows how far the stage in hand is."""
    if not sys.stderr.isatty():
        yield _plain_lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Starting", total=None)
        stage = ""

        def show(doing: str, done: int, total: int) -> None:
            nonlocal stage
            if doing != stage:
                stage = doing
                bar.reset(task, description=doing, total=total, completed=done)
            bar.update(task, completed=done, total=total)

        yield show


def _plain_lines() -> OnStage:
    last = monotonic()

    def show(doing: str, done: int, total: int) -> None:
        nonlocal last
        if monotonic() - last < _PLAIN_LINE_SECONDS:
            return
        last = monotonic()
        with suppress(BrokenPipeError):  # whoever read this has gone; the work goes on
            print(f"{doing}: {done:,} of {total:,}", file=sys.stderr, flush=True)  # noqa: T201

    return show
