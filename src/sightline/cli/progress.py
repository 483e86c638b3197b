"""Progress of long work, on stderr: a bar in a terminal, a plain line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sightline.library.indexer import Progress

_PLAIN_LINE_SECONDS = 10.0

OnProgress = Callable[["Progress"], None]


@contextmanager
def index_progress(doing: str = "Indexing") -> Iterator[OnProgress]:
    """Give a callback that shows how an index run goes."""
    if sys.stderr.isatty():
        with _bar(doing) as show:
            yield show
    else:
        yield _plain_lines()


@contextmanager
def _bar(doing: str) -> Iterator[OnProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Looking", total=None, pace="")
        began: float | None = None

        def show(progress: "Progress") -> None:
            nonlocal began
            if progress.stage == "looking":
                bar.update(task, completed=progress.done)
                return
            began = began or monotonic()
            failed = f"{progress.failed} failed" if progress.failed else ""
            bar.update(
                task,
                description=doing,
                total=progress.total,
                completed=progress.done,
                pace=f"{_pace(progress.done, began)} {failed}",
            )

        yield show


def _plain_lines() -> OnProgress:
    began = last = monotonic()

    def show(progress: "Progress") -> None:
        nonlocal last
        now = monotonic()
        if progress.stage == "looking" or now - last < _PLAIN_LINE_SECONDS:
            return
        last = now
        total = progress.total or 0
        left = (total - progress.done) * (now - began) / max(progress.done, 1)
        with suppress(BrokenPipeError):  # whoever read this has gone; the work goes on
            print(  # noqa: T201
                f"{progress.done:,} of {total:,} files, {_pace(progress.done, began)}, "
                f"about {left:,.0f} s left, {progress.failed} failed",
                file=sys.stderr,
                flush=True,
            )

    return show


def _pace(done: int, began: float) -> str:
    seconds = monotonic() - began
    return f"{done / seconds:,.0f} photos/s" if seconds > 0.5 else ""
