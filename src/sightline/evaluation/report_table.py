"""Tables of an HTML report."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sightline.evaluation.intervals import Figure

Cell = str | Figure | None


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]], about: str) -> str:
    """A table whose first column names its rows; `about` says to a screen reader what it is.

    A figure shows its interval beneath. The table scrolls where the screen is too narrow for it.
    """
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    lines = "".join(_row(row) for row in rows)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(about)}"><table>'
        f"<thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _row(row: Sequence[Cell]) -> str:
    name, *values = row
    return (
        f'<tr><th scope="row">{escape(str(name))}</th>{"".join(_cell(value) for value in values)}'
        "</tr>"
    )


def _cell(value: Cell) -> str:
    match value:
        case None:
            return "<td>–</td>"
        case Figure():
            return (
                f'<td class="figure" title="over {value.n} queries">{value.value:.3f}'
                f"<small>[{value.low:.3f}, {value.high:.3f}]</small></td>"
            )
        case _:
            number, bracket, interval = value.partition(" [")
            small = f"<small>[{escape(interval)}</small>" if bracket else ""
            return f"<td>{escape(number)}{small}</td>"
