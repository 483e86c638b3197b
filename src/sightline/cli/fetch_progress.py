"""Progress of a download on stderr: a bar in a terminal, a plain line now and then elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sightline.encoders.hub.fetch import FetchProgress, OnProgress

_PLAIN_LINE_SECONDS = 10.0


@contextmanager
def fetch_progress() -> "Iterator[OnProgress]":
    """Give a callback that shows how a fetch goes."""
    if sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _plain_lines()


@contextmanager
def _bar() -> "Iterator[OnProgress]":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Fetching", total=None)

        def show(progress: "FetchProgress") -> None:
            bar.update(
                task, description=progress.file, completed=progress.done, total=progress.total
            )

        yield show


def _plain_lines() -> "OnProgress":
    began = last = monotonic()
    start: int | None = None

    def show(progress: "FetchProgress") -> None:
        nonlocal last, start
        start = progress.done if start is None else start
        now = monotonic()
        if now - last < _PLAIN_LINE_SECONDS:
            return
        last = now
        pace = (progress.done - start) / (now - began)
        left = (progress.total - progress.done) / pace if pace > 0 else float("inf")
        with suppress(BrokenPipeError):  # whoever read this has gone; the work goes on
            print(  # noqa: T201
                f"{progress.file}: {progress.done / 1e6:,.0f} of {progress.total / 1e6:,.0f} MB, "
                f"{pace / 1e6:,.1f} MB/s, about {left:,.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    return show
