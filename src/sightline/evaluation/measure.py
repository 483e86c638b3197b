"""Scores and grades → one ranker's figures with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from sightline.evaluation.abstention import answered_by_others, auroc
from sightline.evaluation.gallery import Gallery
from sightline.evaluation.gold import RELEVANT, Gold, GoldQuery
from sightline.evaluation.intervals import Figure, mean_figure, wilson_interval
from sightline.evaluation.metrics import QueryFigures, figures_of, precision_recall_curve, ranked
from sightline.evaluation.rankers.baselines import need_of
from sightline.evaluation.results import (
    Figures,
    Histogram,
    Latency,
    Missed,
    NoAnswer,
    QueryResult,
    Shown,
    SliceResult,
)
from sightline.evaluation.scoring import Scored
from sightline.evaluation.slices import Slice

Kind = Literal["tag", "measured"]

SHOWN = 20
"""Photos of each ranking that a report can show."""
_BINS = 30
_AUROC_DRAWS = 2_000
_FIELDS = {
    "precision@5": "precision_at_5",
    "precision@10": "precision_at_10",
    "recall@1": "recall_at_1",
    "recall@5": "recall_at_5",
    "recall@10": "recall_at_10",
    "hit@1": "hit_at_1",
    "hit@5": "hit_at_5",
    "hit@10": "hit_at_10",
    "ndcg@10": "ndcg_at_10",
    "mrr": "reciprocal_rank",
    "map": "average_precision",
    "judged@10": "judged_at_10",
}


def query_results(
    gold: Gold, gallery: Gallery, scored: Sequence[Scored]
) -> tuple[QueryResult, ...]:
    """What each query of the gold file got, in its order."""
    return tuple(
        _query_result(query, gallery.files, one)
        for query, one in zip(gold.queries, scored, strict=True)
    )


def mean_figures(queries: Sequence[QueryResult], seed: int) -> Figures:
    """The mean of each metric over the queries that have an answer.

    A no-answer query has no precision to speak of: its figures are those of `no_answer_figures`,
    and here it is counted as undefined.
    """
    needs = [query.need for query in queries]
    figures = {}
    for metric in _FIELDS:
        values = [q.metrics.get(metric) if q.answerable else None for q in queries]
        figure = mean_figure(values, needs, seed=seed)
        if figure is not None:
            figures[metric] = figure
    return figures


def slice_results(
    queries: Sequence[QueryResult], slices: Sequence[Slice], seed: int
) -> tuple[SliceResult, ...]:
    """The figures of each slice that holds a query."""
    results = []
    for part in slices:
        inside = [query for query in queries if query.id in part.ids]
        figures = mean_figures(inside, seed)
        if figures:
            kind: Kind = "measured" if part.measured else "tag"
            answerable = sum(query.answerable for query in inside)
            results.append(
                SliceResult(name=part.name, kind=kind, queries=answerable, figures=figures)
            )
    return tuple(results)


def no_answer_figures(queries: Sequence[QueryResult], keep: float, seed: int) -> NoAnswer | None:
    """How well the best score tells that nothing matches; None without no-answer queries."""
    absent = [query for query in queries if not query.answerable]
    needs = {query.need for query in queries if query.answerable}
    if not absent or len(needs) < 2:
        return None
    answered = answered_by_others(
        [query.best_score for query in queries],
        [query.answerable for query in queries],
        [query.need for query in queries],
        keep,
    )
    false_answers = _share(queries, answered, answerable=False, seed=seed)
    kept = _share(queries, answered, answerable=True, seed=seed)
    return NoAnswer(
        queries=len(absent),
        auroc=_auroc_figure(queries, seed),
        false_answers=false_answers,
        kept=kept,
    )


def mean_curve(gold: Gold, gallery: Gallery, scored: Sequence[Scored]) -> tuple[float, ...]:
    """Interpolated precision at recall 0, .1, … 1, averaged over queries that have an answer."""
    curves = [
        precision_recall_curve(ranked(one.scores, gallery.files, query.id), query.grades)
        for query, one in zip(gold.queries, scored, strict=True)
        if query.answerable
    ]
    known = [curve for curve in curves if curve is not None]
    return tuple(np.mean(known, axis=0).tolist()) if known else ()


def histogram(gold: Gold, gallery: Gallery, scored: Sequence[Scored]) -> Histogram | None:
    """Scores of the judged photos, those that fit against those that don't."""
    fitting: list[float] = []
    others: list[float] = []
    rows = {file: row for row, file in enumerate(gallery.files)}
    for query, one in zip(gold.queries, scored, strict=True):
        for file, grade in query.grades.items():
            if file in rows:
                (fitting if grade >= RELEVANT else others).append(float(one.scores[rows[file]]))
    if not fitting or not others:
        return None
    low, high = min(fitting + others), max(fitting + others)
    edges = np.linspace(low, max(high, low + 1e-6), _BINS + 1)
    relevant, irrelevant = (
        tuple(np.histogram(values, edges)[0].tolist()) for values in (fitting, others)
    )
    return Histogram(low, high, relevant, irrelevant)


def warm_latency(scored: Sequence[Scored]) -> Latency:
    """Median and 95th percentile of the seconds a query took in this process."""
    p50, p95 = np.percentile([one.seconds for one in scored], [50, 95])
    return Latency(warm_p50=float(p50), warm_p95=float(p95))


def _query_result(query: GoldQuery, files: Sequence[str], scored: Scored) -> QueryResult:
    ranking = ranked(scored.scores, files, query.id)
    figures = figures_of(ranking, query.grades)
    by_file = dict(zip(files, scored.scores.tolist(), strict=True))
    ranks = {file: rank for rank, file in enumerate(ranking, 1)}
    right = sorted(ranks[file] for file in query.relevant if file in ranks)
    return QueryResult(
        id=query.id,
        text=query.text,
        need=need_of(query),
        tags=query.tags,
        answerable=query.answerable,
        relevant=figures.relevant,
        metrics=_defined(figures),
        first_relevant=figures.first_relevant_rank,
        best_score=by_file[ranking[0]],
        seconds=scored.seconds,
        shown=tuple(Shown(file, by_file[file], query.grades.get(file)) for file in ranking[:SHOWN]),
        missed=tuple(
            Missed(file, rank, query.grades[file])
            for rank in right
            if rank > SHOWN
            for file in [ranking[rank - 1]]
        ),
    )


def _defined(figures: QueryFigures) -> dict[str, float]:
    values = {metric: getattr(figures, field) for metric, field in _FIELDS.items()}
    return {metric: float(value) for metric, value in values.items() if value is not None}


def _share(
    queries: Sequence[QueryResult], answered: Sequence[bool], *, answerable: bool, seed: int
) -> Figure:
    chosen = [
        (float(yes), query.need)
        for query, yes in zip(queries, answered, strict=True)
        if query.answerable == answerable
    ]
    figure = mean_figure([yes for yes, _ in chosen], [need for _, need in chosen], seed=seed)
    assert figure is not None, "both kinds of queries are there"
    return figure


def _auroc_figure(queries: Sequence[QueryResult], seed: int) -> Figure:
    """AUROC of the best score; its interval by drawing needs of both kinds with replacement.

    Where every draw parts them alike (such as an AUROC of 1), the interval is Wilson's for as many
    trials as the rarer kind has needs, and not a claim of certainty.
    """
    sides = [_best_scores(queries, answerable) for answerable in (True, False)]
    value = _auroc_of(*sides)
    draw = np.random.default_rng(seed)
    values = [
        _auroc_of(
            *([side[at] for at in draw.integers(len(side), size=len(side))] for side in sides)
        )
        for _ in range(_AUROC_DRAWS)
    ]
    low, high = map(float, np.percentile(values, [2.5, 97.5]))
    if low == high:
        few = min(map(len, sides))
        low, high = wilson_interval(value * few, few)
    return Figure(value, low, high, len(queries))


def _best_scores(queries: Sequence[QueryResult], answerable: bool) -> list[list[float]]:
    """The best scores of the queries of each need."""
    by_need: dict[str, list[float]] = {}
    for query in queries:
        if query.answerable == answerable:
            by_need.setdefault(query.need, []).append(query.best_score)
    return list(by_need.values())


def _auroc_of(positives: Sequence[Sequence[float]], negatives: Sequence[Sequence[float]]) -> float:
    area = auroc(np.concatenate(positives), np.concatenate(negatives))
    assert area is not None, "both kinds of queries are there"
    return area
