"""The plots of `report.html`, each with what it shows in a sentence beneath."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from sightline.evaluation.plots import (
    Bar,
    interval_bars,
    latency_plot,
    legend,
    precision_recall,
    score_histogram,
)
from sightline.evaluation.report_text import worst_slices
from sightline.evaluation.results import HEADLINE, RankerResult, Results
from sightline.evaluation.slices import FEW


def rankers_plot(results: Results, metric: str) -> str:
    """All rankers by one metric, the best first; models in another colour than the rest."""
    able = [ranker for ranker in results.rankers if metric in ranker.figures]
    if not able:
        return ""
    able.sort(key=lambda ranker: -ranker.figures[metric].value)
    bars = [
        Bar(ranker.name, ranker.figures[metric], style=0 if ranker.index is not None else 1)
        for ranker in able
    ]
    return _figure(
        f"{metric} of all rankers",
        interval_bars(bars, metric),
        "With 95 % intervals, the best first: models blue, other rankers orange.",
    )


def plot_sections(results: Results) -> str:
    """Slices, precision by recall, scores and times."""
    models = [ranker for ranker in results.rankers if ranker.index is not None]
    drawn = [*_slices(models[:1] or results.rankers[:1]), *_curves(results.rankers)]
    drawn += [_histogram(model) for model in models if _has_histogram(model)]
    drawn += _latency(results.rankers)
    others = [r for r in results.rankers if r.index is None and _has_histogram(r)]
    more = [*_slices(models[1:]), *(_histogram(ranker) for ranker in others)]
    html = f"<div class='plots'>{''.join(drawn)}</div>"
    if more:
        html += (
            "<details><summary>The same of the other rankers</summary>"
            f"<div class='plots'>{''.join(more)}</div></details>"
        )
    return html


def _slices(rankers: Sequence[RankerResult]) -> Iterator[str]:
    for ranker in rankers:
        bars = [
            Bar(
                part.name,
                part.figures[HEADLINE],
                f" · {part.figures[HEADLINE].n}",
                style=1 if part.kind == "measured" else 0,
                faint=part.figures[HEADLINE].n < FEW,
            )
            for part in worst_slices(ranker)
        ]
        if bars:
            mean = ranker.figures[HEADLINE].value if HEADLINE in ranker.figures else None
            title = f"{HEADLINE} of {ranker.name} by slice"
            yield _figure(
                title,
                interval_bars(bars, title, mean),
                "The worst first, with the number of queries behind the value: blue by tag, orange "
                "by a measured fact, pale with too few queries to say. The dashed line is the mean "
                "of all.",
            )


def _curves(rankers: Sequence[RankerResult]) -> Iterator[str]:
    able = [(ranker.name, ranker.curve) for ranker in rankers if ranker.curve]
    if able:
        yield _figure(
            "Precision by recall",
            precision_recall(able),
            "How right the list stays as more of the right photos are found: interpolated "
            "precision, the mean over queries.",
            f"<ul class='lines'>{legend([name for name, _ in able])}</ul>",
        )


def _has_histogram(ranker: RankerResult) -> bool:
    return ranker.histogram is not None and ranker.histogram.high > ranker.histogram.low


def _histogram(ranker: RankerResult) -> str:
    assert ranker.histogram is not None, "only rankers that have one are drawn"
    return _figure(
        f"Scores by {ranker.name}",
        score_histogram(ranker.histogram, ranker.name),
        "Of the judged photos: relevant upwards, not relevant downwards, each as shares of its "
        "own number. Where they overlap, no threshold parts them.",
    )


def _latency(rankers: Sequence[RankerResult]) -> Iterator[str]:
    if rankers:
        yield _figure(
            "Time of a query",
            latency_plot([(ranker.name, ranker.latency) for ranker in rankers]),
            "From the median (dot) to the 95th percentile: warm in a running process, cold a whole "
            "command from the shell.",
        )


def _figure(title: str, svg: str, about: str, more: str = "") -> str:
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{svg}{more}<p class='quiet'>"
        f"{escape(about)}</p></figure>"
    )
