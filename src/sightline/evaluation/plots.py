"""Figures as pictures: inline SVG that is read on a phone, on paper, and by a screen reader.

Every plot is 360 units wide, so that its letters are still letters on a phone. Lines and colours
have classes (`plot`, `s0` … `s7`), which the page's style sheet gives their look by day and night.
What a plot shows is also its label, in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from sightline.evaluation.intervals import Figure
from sightline.evaluation.results import Histogram, Latency

_WIDTH = 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 10, 8, 34
_HEIGHT = 260
_STYLES = 8
# Lines of one colour are told apart by their dashes.
_DASHES = ("none", "7 3", "2 3", "9 3 2 3", "5 2", "1 2", "12 4", "4 2 1 2")
_LONGEST_NAME = 46

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Bar:
    """A figure to draw: `note` stands beside its value, `faint` marks one that says little."""

    name: str
    figure: Figure
    note: str = ""
    style: int = 0
    faint: bool = False


def interval_bars(bars: Sequence[Bar], metric: str, mean: float | None = None) -> str:
    """A bar from 0 to 1 for each figure, with its interval; `mean` draws a line through all."""
    row, end = 34, 20
    height = row * len(bars) + end
    x = _scale(0, 1, 4, _WIDTH - 14)
    drawn = [
        _line(x(v), 0, x(v), height - end, "grid") + _text(x(v), height - 5, f"{v:g}", "middle")
        for v in (0, 0.25, 0.5, 0.75, 1)
    ]
    if mean is not None:
        drawn.append(_line(x(mean), 0, x(mean), height - end, "mean"))
    for at, bar in enumerate(bars):
        top, figure = row * at, bar.figure
        middle = top + 24.5
        drawn.append(
            f"<g><title>{escape(f'{bar.name}: {figure}')}</title>"
            f"{_text(4, top + 13, _cut(bar.name), 'start')}"
            f"{_text(_WIDTH - 4, top + 13, f'{figure.value:.2f}{bar.note}', 'end')}"
            f'<rect class="{"faint " if bar.faint else ""}s{bar.style % _STYLES}" x="{x(0):.1f}" '
            f'y="{top + 18}" width="{x(figure.value) - x(0):.1f}" height="13"/>'
            f"{_line(x(figure.low), middle, x(figure.high), middle, 'whisker')}"
            f"{_line(x(figure.low), middle - 4, x(figure.low), middle + 4, 'whisker')}"
            f"{_line(x(figure.high), middle - 4, x(figure.high), middle + 4, 'whisker')}</g>"
        )
    said = "; ".join(f"{bar.name} {bar.figure}" for bar in bars)
    return _svg(f"{metric}, with 95 % intervals: {said}", height, drawn)


def precision_recall(curves: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Precision (up) by recall (across): a line for each ranker, at equally spaced recalls."""
    x, y = _scale(0, 1, _LEFT, _WIDTH - _RIGHT), _scale(0, 1, _HEIGHT - _BOTTOM, _TOP)
    drawn = [_grid(x, y), _axes("recall", "precision")]
    for at, (name, curve) in enumerate(curves):
        points = " ".join(
            f"{x(step / max(1, len(curve) - 1)):.1f},{y(value):.1f}"
            for step, value in enumerate(curve)
        )
        drawn.append(
            f'<polyline class="s{at % _STYLES}" points="{points}" '
            f'stroke-dasharray="{_dash(at)}"><title>{escape(name)}</title></polyline>'
        )
    said = "; ".join(f"{n} from {c[0]:.2f} to {c[-1]:.2f}" for n, c in curves if c)
    return _svg(f"Precision as recall goes from 0 to 1: {said}", _HEIGHT, drawn)


def score_histogram(histogram: Histogram, name: str) -> str:
    """Scores of relevant photos (up) and of the others (down), each as shares of their own."""
    bins = len(histogram.relevant)
    most = max(_shares(histogram.relevant) + _shares(histogram.irrelevant))
    x = _scale(0, bins, 8, _WIDTH - 8)
    middle, reach = _HEIGHT / 2 - 8, _HEIGHT / 2 - 30
    drawn = []
    for style, counts, up in (
        (0, histogram.relevant, True),
        (1, histogram.irrelevant, False),
    ):
        kind = "relevant" if up else "not relevant"
        for at, share in enumerate(_shares(counts)):
            tall = reach * share / most if most else 0.0
            where = histogram.low + (histogram.high - histogram.low) * (at + 0.5) / bins
            drawn.append(
                f'<rect class="s{style}" x="{x(at) + 0.5:.1f}" '
                f'y="{middle - tall if up else middle:.1f}" width="{x(1) - x(0) - 1:.1f}" '
                f'height="{tall:.1f}"><title>{counts[at]} {kind} near {where:.3g}</title></rect>'
            )
        label = f"{kind}: {sum(counts):,} photos"
        drawn.append(_text(8, 14 if up else _HEIGHT - 24, label, "start"))
    drawn.append(_line(8, middle, _WIDTH - 8, middle, "axis"))
    for share in (0, 0.5, 1):
        value = histogram.low + share * (histogram.high - histogram.low)
        anchor = ("start", "middle", "end")[round(2 * share)]
        drawn.append(_text(x(share * bins), _HEIGHT - 4, f"{value:.3g}", anchor))
    said = f"relevant typically {_typical(histogram, histogram.relevant):.3g}, others "
    said += f"{_typical(histogram, histogram.irrelevant):.3g}"
    return _svg(f"Scores by {name}: {said}", _HEIGHT, drawn)


def latency_plot(rows: Sequence[tuple[str, Latency]]) -> str:
    """Milliseconds on a logarithmic axis: a dot at the median, a line to the 95th percentile."""
    times = [
        (name, kind, max(p50, 1e-6) * 1e3, max(p95, 1e-6) * 1e3)
        for name, of in rows
        for kind, p50, p95 in (
            ("warm", of.warm_p50, of.warm_p95),
            ("cold", of.cold_p50, of.cold_p95),
        )
        if p50 is not None and p95 is not None
    ]
    low = math.floor(math.log10(min(p50 for _, _, p50, _ in times)))
    high = max(low + 1, math.ceil(math.log10(max(p95 for *_, p95 in times))))
    row, end = 34, 34
    height = row * len(times) + end
    x = _scale(low, high, 12, _WIDTH - 20)
    drawn = []
    for power in range(low, high + 1):
        drawn.append(_line(x(power), 0, x(power), height - end, "grid"))
        drawn.append(_text(x(power), height - 20, f"{10.0**power:g}", "middle"))
    drawn.append(_text(_WIDTH / 2, height - 4, "milliseconds a query", "middle"))
    for at, (name, kind, p50, p95) in enumerate(times):
        top, style = row * at, f"s{int(kind == 'cold')}"
        start, stop = x(math.log10(p50)), x(math.log10(p95))
        drawn.append(
            f"<g>{_text(4, top + 12, f'{_cut(name)}, {kind}', 'start')}"
            f"{_text(_WIDTH - 4, top + 12, f'{_ms(p50)} / {_ms(p95)}', 'end')}"
            f"{_line(start, top + 21, stop, top + 21, f'span {style}')}"
            f'<circle class="{style}" cx="{start:.1f}" cy="{top + 21}" r="4.5"/>'
            f"{_line(stop, top + 16, stop, top + 26, f'span {style}')}</g>"
        )
    said = "; ".join(f"{n} {kind} {_ms(p50)} and {_ms(p95)} ms" for n, kind, p50, p95 in times)
    return _svg(f"Median and 95th percentile of the time a query takes: {said}", height, drawn)


def legend(names: Sequence[str]) -> str:
    """The lines of `precision_recall`, as a list."""
    return "".join(
        f'<li><svg class="plot key" viewBox="0 0 30 8" aria-hidden="true"><polyline '
        f'class="s{at % _STYLES}" points="0,4 30,4" stroke-dasharray="{_dash(at)}"/></svg> '
        f"{escape(name)}</li>"
        for at, name in enumerate(names)
    )


def _svg(label: str, height: float, drawn: Iterable[str]) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {height:g}" role="img" '
        f'aria-label="{escape(label)}">{"".join(drawn)}</svg>'
    )


def _grid(x: Scale, y: Scale) -> str:
    return "".join(
        _line(x(v), y(0), x(v), y(1), "grid")
        + _line(x(0), y(v), x(1), y(v), "grid")
        + _text(x(v), y(0) + 14, f"{v:g}", "middle")
        + _text(x(0) - 5, y(v) + 4, f"{v:g}", "end")
        for v in (0, 0.25, 0.5, 0.75, 1)
    )


def _axes(across: str, up: str) -> str:
    middle = (_HEIGHT - _BOTTOM + _TOP) / 2
    turned = f'transform="rotate(-90 9 {middle:g})"'
    return _text((_LEFT + _WIDTH) / 2, _HEIGHT - 4, across, "middle") + _text(
        9, middle, up, "middle", turned
    )


def _scale(low: float, high: float, start: float, stop: float) -> Scale:
    return lambda value: start + (value - low) / (high - low) * (stop - start)


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    return f'<line class="{css}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(text)}</text>'


def _dash(at: int) -> str:
    """Another one each time that the colours begin anew, so that no two of 64 lines are alike."""
    return _DASHES[(at + at // _STYLES) % len(_DASHES)]


def _ms(milliseconds: float) -> str:
    """Three figures, and never as a power of ten."""
    return f"{milliseconds:,.0f}" if milliseconds >= 100 else f"{milliseconds:.3g}"


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _shares(counts: Sequence[int]) -> list[float]:
    return [count / max(1, sum(counts)) for count in counts]


def _typical(histogram: Histogram, counts: Sequence[int]) -> float:
    """The mean score, as far as bins tell."""
    width = (histogram.high - histogram.low) / len(counts)
    sums = sum((at + 0.5) * count for at, count in enumerate(counts))
    return histogram.low + width * sums / max(1, sum(counts))
