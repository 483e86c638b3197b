"""The tables of `report.html`."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sightline.evaluation.report_summary import differs
from sightline.evaluation.report_table import Cell, table
from sightline.evaluation.report_text import worst_slices
from sightline.evaluation.results import (
    HEADLINE,
    METRICS,
    ExperimentResult,
    Figures,
    Latency,
    RankerResult,
    Results,
)

_OF_SLICES = (HEADLINE, "hit@1", "recall@10", "ndcg@10")
_MEANINGS = {
    "precision@k": "Share of the first k photos that are right.",
    "recall@k": "Share of all right photos that are among the first k. Where there are more than "
    "k of them, it can't reach 1.",
    "hit@k": "Whether any right photo is among the first k. Papers on CLIP call this recall.",
    "ndcg@10": "How much of the best possible order the first ten have: grade 2 counts more than "
    "1, and a place near the top more than one below.",
    "mrr": "One over the rank of the first right photo.",
    "map": "Precision at each right photo, averaged: the area under precision by recall.",
    "judged@10": "Share of the first ten that somebody looked at. The others count as not right.",
    "[low, high]": "95 % interval by a bootstrap over needs: how far the mean would move with "
    "other queries of this kind. The wordings of one need are drawn together.",
    "p, Holm": "Chance of a difference this large if the two were alike, allowing for all "
    "comparisons of the table. Below 0.05, and with an interval that leaves out 0, a difference "
    "is beyond noise.",
    "AUROC": "Chance that a query with an answer has a higher best score than one without.",
    "hubness": "How often a photo stands in the first tens of other needs' queries, divided by how "
    "often a photo does on average. Above 1 it turns up too often.",
}


def ranker_table(results: Results) -> str:
    """Text→image, all metrics of all rankers."""
    rows = [(r.name, *_figures(r.figures, METRICS)) for r in results.rankers]
    return (
        "<p>Text → image, means over the queries that have an answer, with 95 % intervals.</p>"
        + table(("ranker", *METRICS), rows, "Rankers by metric")
    )


def comparison_tables(results: Results) -> str:
    """Which differences are beyond noise, metric by metric."""
    if not results.comparisons:
        return ""
    parts = [
        "<p>Paired by query: only what each query gains or loses counts, not how hard it is. "
        "<i>p, Holm</i> allows for all of these comparisons together.</p>"
    ]
    for metric in dict.fromkeys(one.metric for one in results.comparisons):
        rows: list[Sequence[Cell]] = [
            (
                f"{one.a} − {one.b}",
                f"{one.difference.value:+.3f} [{one.difference.low:+.3f}, "
                f"{one.difference.high:+.3f}]",
                f"{one.p:.4f}",
                f"{one.p_corrected:.4f}",
                "beyond noise" if differs(one) else "inside noise",
            )
            for one in results.comparisons
            if one.metric == metric
        ]
        head = ("difference", "mean, 95 %", "p", "p, Holm", "verdict")
        parts.append(f"<h3>{escape(metric)}</h3>{table(head, rows, f'Differences in {metric}')}")
    return "".join(parts)


def slice_tables(rankers: Sequence[RankerResult]) -> str:
    """Each ranker's slices, the worst first; the first one open."""
    parts = []
    for at, ranker in enumerate(rankers):
        rows = [
            (part.name, part.kind, str(part.queries), *_figures(part.figures, _OF_SLICES))
            for part in worst_slices(ranker)
        ]
        if rows:
            head = ("slice", "by", "queries", *_OF_SLICES)
            parts.append(
                f"<details{'' if at else ' open'}><summary>{escape(ranker.name)}, the worst first"
                f"</summary>{table(head, rows, f'Slices of {ranker.name}')}</details>"
            )
    return "".join(parts)


def no_answer_table(results: Results) -> str:
    """How well the best score tells that nothing matches."""
    rows = [
        (ranker.name, str(found.queries), found.auroc, found.kept, found.false_answers)
        for ranker in results.rankers
        if (found := ranker.no_answer) is not None
    ]
    if not rows:
        return ""
    head = ("ranker", "queries", "AUROC of the best score", "answered", "false answers")
    return (
        "<p>A query counts as answered where its best score reaches a threshold chosen on the "
        "other needs. <i>Answered</i>: share of the queries with an answer that still get one. "
        "<i>False answers</i>: share of those without that get one all the same.</p>"
        + table(head, rows, "Queries without an answer")
    )


def direction_tables(results: Results) -> str:
    """Image→text and image→image."""
    return _direction(
        "Image → text",
        "Photos look for their own captions.",
        [(ranker.name, ranker.image_to_text) for ranker in results.rankers],
    ) + _direction(
        "Image → image",
        "A right photo as the query looks for the other right ones.",
        [(ranker.name, ranker.image_to_image) for ranker in results.rankers],
    )


def cost_table(results: Results) -> str:
    """Latency, index time and bytes."""
    rows = []
    for ranker in results.rankers:
        index = ranker.index
        rows.append(
            (
                ranker.name,
                *_milliseconds(ranker.latency),
                None if index is None or index.seconds is None else f"{index.seconds:,.0f} s",
                None if index is None else f"{index.bytes_per_photo:,.0f}",
            )
        )
    head = ("ranker", "warm p50", "warm p95", "cold p50", "cold p95", "index", "bytes a photo")
    return table(head, rows, "Time and space by ranker")


def experiment_sections(results: Results) -> str:
    """Each question with its table and its answer."""
    return "".join(_experiment(one) for one in results.experiments)


def run_table(results: Results) -> str:
    """What another run must have alike to get the same numbers."""
    run = results.run
    rows = [
        ("gold file", f"{run.gold_name}, {run.gold_hash}"),
        ("gallery", run.gallery_hash),
        *((f"ranker {ranker.name}", ranker.id) for ranker in results.rankers),
        ("captions", run.captions or "none"),
        ("sightline", f"{run.version}, code {run.code}"),
        ("libraries", run.python),
        ("machine", run.machine),
        ("seed", str(run.seed)),
        ("answerable queries kept answered", f"{run.keep:.0%}"),
        ("photos missing", ", ".join(run.missing) or "none"),
    ]
    return f"<div class='run'>{table(('what', 'which'), rows, 'What the run rests on')}</div>"


def meanings() -> str:
    """What each number says."""
    terms = "".join(f"<dt>{name}</dt><dd>{means}</dd>" for name, means in _MEANINGS.items())
    return f"<dl>{terms}</dl>"


def _direction(title: str, about: str, chosen: Sequence[tuple[str, Figures]]) -> str:
    able = [(name, figures) for name, figures in chosen if figures]
    if not able:
        return ""
    metrics = list(able[0][1])
    rows = [(name, *_figures(figures, metrics)) for name, figures in able]
    return f"<h3>{title}</h3><p>{about}</p>{table(('ranker', *metrics), rows, title)}"


def _experiment(one: ExperimentResult) -> str:
    rows = table(one.head, one.rows, one.title) if one.rows else ""
    answer = (
        f"<p class='conclusion'>{escape(one.conclusion)}</p>"
        if one.conclusion
        else f"<p class='warning'><b>Not run:</b> {escape(one.not_run)}</p>"
    )
    return (
        f"<article><h3>{escape(one.title)}</h3><p>{escape(one.question)}</p>{answer}{rows}"
        "</article>"
    )


def _figures(figures: Figures, metrics: Sequence[str]) -> list[Cell]:
    return [figures.get(metric) for metric in metrics]


def _milliseconds(time: Latency) -> list[Cell]:
    seconds = (time.warm_p50, time.warm_p95, time.cold_p50, time.cold_p95)
    return [None if one is None else f"{one * 1e3:,.1f} ms" for one in seconds]
