"""`sightline judge`: make gold for your own library, by looking."""

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.options import LibraryOption

if TYPE_CHECKING:
    from sightline.evaluation.judging.agreement import Agreement
    from sightline.evaluation.judging.asking import Wish
    from sightline.evaluation.judging.sitting import Sitting
    from sightline.evaluation.judging.standing import NeedStanding

_POOL = "Which photos are shown"
_PAGE = "The page"


def judge(
    gold: Annotated[
        Path,
        typer.Argument(metavar="GOLD", help="The gold file (.json) to make, or to go on with."),
    ],
    query: Annotated[
        list[str] | None,
        typer.Option("--query", metavar="TEXT", help="A search to judge photos for. Repeatable."),
    ] = None,
    queries: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help='A file with a search a line, or JSON lines {"text": …, "need": …, "tags": […]}: '
            "searches of one need are judged together.",
        ),
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="Only say how far it has come.")] = False,
    again: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Judge N graded pairs a second time, blind, and say how far you agree with "
            "yourself.",
        ),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            help="Pool the first K photos of each ranker. Default: 20.",
            rich_help_panel=_POOL,
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Pool this encoder. Repeatable. Default: all that the library was indexed with.",
            rich_help_panel=_POOL,
        ),
    ] = None,
    captions: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help='Pool a search in captions, too: JSON lines {"file": …, "captions": […]}. '
            "Repeatable.",
            rich_help_panel=_POOL,
        ),
    ] = None,
    add_photos: Annotated[
        bool,
        typer.Option(
            "--add-photos",
            help="Take in photos that came into the library since the gold file was begun.",
            rich_help_panel=_POOL,
        ),
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Which photos are drawn by lot, in which order. Default: 0.",
            rich_help_panel=_POOL,
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="N", help="Default: any free one.", rich_help_panel=_PAGE)
    ] = 0,
    no_browser: Annotated[
        bool,
        typer.Option("--no-browser", help="Only print the page's address.", rich_help_panel=_PAGE),
    ] = False,
    library: LibraryOption = None,
) -> None:
    """Grade your own photos for your own searches, so that `sightline eval` can measure.

    Examples:

      sightline judge my-gold.json --query "birthday cake" --query "dog in the snow"

      sightline judge my-gold.json                 (goes on where you stopped)

      sightline judge my-gold.json --again 100

    The photos that several rankers put first are shuffled and shown on a page in the browser, which
    only this machine can reach; you don't see who found which. Keys 2, 1 and 0 grade. Each grade is
    on disk before the next photo shows: stop whenever you like. The pool is kept beside the gold
    file and only grows: a new --query, --model or --depth adds to it.
    """
    from sightline.errors import UsageError
    from sightline.evaluation.judging.pooling import PoolOptions
    from sightline.evaluation.judging.sitting import judging, judging_again
    from sightline.library.place import library_place

    gc.enable()
    wishes = _wishes(query or [], queries)
    if wishes and (status or again is not None):
        raise UsageError(
            "--status and --again are about what has been judged; leave --query and --queries out."
        )
    if status:
        return _say_standing(gold, each=True)
    place = library_place(library)
    if again is not None:
        with judging_again(gold, place, again, seed or 0) as sitting:
            _sit(sitting, port, no_browser)
        return _say_agreement(gold)
    options = PoolOptions(depth, model or (), captions or (), seed)
    with judging(gold, place, wishes, options, add_photos=add_photos) as sitting:
        _sit(sitting, port, no_browser)
    return _say_standing(gold, each=False)


def _wishes(texts: list[str], file: Path | None) -> "list[Wish]":
    from sightline.evaluation.judging.asking import Wish, read_wishes

    return [*map(Wish, texts), *([] if file is None else read_wishes(file))]


def _sit(sitting: "Sitting", port: int, no_browser: bool) -> None:
    from sightline.cli.output import printable
    from sightline.evaluation.judging.server import serve

    for warning in sitting.warnings:
        print(printable(warning), file=sys.stderr)  # noqa: T201
    view = sitting.session.view()
    left = sum(pair.grade is None and not view.needs[pair.need].nothing for pair in view.pairs)
    pooled = f", pooled from {', '.join(sitting.rankers)}" if sitting.rankers else ""
    _say(f"{left:,} of {len(view.pairs):,} photos are left to judge{pooled}.")

    def on_ready(url: str) -> None:
        _say(f"The page: {url}\nCtrl-C ends; every grade is kept.")
        if not no_browser:
            _open_browser(url)

    serve(sitting.session, sitting.photos, port, on_ready)


def _open_browser(url: str) -> None:
    """In a thread: some browsers run in the terminal, and the page must answer meanwhile."""
    import webbrowser
    from threading import Thread

    Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _say_standing(gold: Path, *, each: bool) -> None:
    from sightline.evaluation.judging.again import (
        agreement_of,
        read_second_grades,
        second_grades_beside,
    )
    from sightline.evaluation.judging.kept_pool import read_pool_beside
    from sightline.evaluation.judging.sitting import require_draft
    from sightline.evaluation.judging.standing import standing_of

    needs = standing_of(require_draft(gold), read_pool_beside(gold))
    agreed = agreement_of(read_second_grades(second_grades_beside(gold)))
    lines = ["judged       0    1    2  search", *map(_need_line, needs)] if each else []
    lines.append(
        f"Grades: {sum(sum(need.grades) for need in needs):,}. Left to judge: "
        f"{sum(need.pooled - need.settled for need in needs):,} photos."
    )
    waiting = sum(not need.answered for need in needs)
    if waiting:
        lines.append(
            f"{waiting:,} of {len(needs):,} searches{' (marked *)' if each else ''} have no right "
            "photo yet and aren't marked as having none: they wait outside the gold file."
        )
    lines += [_agreement_line(agreed)] if agreed else []
    if gold.exists():
        lines.append(f"Gold file: {gold}")
    _say("\n".join(lines))


def _need_line(need: "NeedStanding") -> str:
    no, partly, yes = need.grades
    note = "  (nothing here)" if need.nothing else "" if need.answered else "  *"
    return (
        f"{f'{need.judged}/{need.pooled}':>8} {no:4} {partly:4} {yes:4}  "
        f"{' / '.join(need.texts)}{note}"
    )


def _say_agreement(gold: Path) -> None:
    from sightline.evaluation.judging.again import (
        agreement_of,
        read_second_grades,
        second_grades_beside,
    )

    agreed = agreement_of(read_second_grades(second_grades_beside(gold)))
    if agreed is None:
        return _say("Nothing has been judged a second time.")
    lines = [_agreement_line(agreed), "first \\ second    0    1    2"]
    lines += [
        f"{grade:>14} " + " ".join(f"{count:4}" for count in row)
        for grade, row in enumerate(agreed.table)
    ]
    return _say("\n".join(lines))


def _agreement_line(agreed: "Agreement") -> str:
    low, high = agreed.equal_interval
    equal = (
        f"{agreed.pairs:,} pairs judged twice: {100 * agreed.equal:.0f} % the same grade "
        f"(95 % interval {100 * low:.0f} to {100 * high:.0f})"
    )
    if agreed.kappa is None:
        return f"{equal}; weighted kappa says nothing, because all grades are the same."
    if agreed.kappa_interval is None:
        return (
            f"{equal}, weighted kappa {agreed.kappa:.2f} (too few pairs, or too alike, for an "
            "interval)."
        )
    low, high = agreed.kappa_interval
    return f"{equal}, weighted kappa {agreed.kappa:.2f} ({low:.2f} to {high:.2f})."


def _say(text: str) -> None:
    from sightline.cli.output import printable, write_text

    write_text("".join(f"{printable(line)}\n" for line in text.split("\n")), sys.stdout)
