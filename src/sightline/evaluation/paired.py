"""Which rankers of a run are really different: every one against the first model."""

from __future__ import annotations

from collections.abc import Sequence

from sightline.evaluation.comparison import Comparison as Paired
from sightline.evaluation.comparison import adjusted, compare
from sightline.evaluation.results import Comparison, QueryResult, RankerResult

COMPARED = ("precision@5", "ndcg@10", "hit@1")


def compare_rankers(rankers: Sequence[RankerResult], seed: int) -> tuple[Comparison, ...]:
    """The first ranker against each other one; p-values allow for all of these together."""
    if not rankers:
        return ()
    first, *others = rankers
    return compare_pairs(
        [(first.name, first.queries, other.name, other.queries) for other in others], seed
    )


def compare_pairs(
    pairs: Sequence[tuple[str, Sequence[QueryResult], str, Sequence[QueryResult]]], seed: int
) -> tuple[Comparison, ...]:
    """Each pair of results on the same queries, by each metric of `COMPARED`.

    Queries that only one of a pair has are left out.
    """
    found: list[Paired] = []
    for metric in COMPARED:
        for a, of_a, b, of_b in pairs:
            by_id = {query.id: query for query in of_b}
            both = [(query, by_id[query.id]) for query in of_a if query.id in by_id]
            one = compare(
                metric,
                a,
                b,
                [_value(query, metric) for query, _ in both],
                [_value(query, metric) for _, query in both],
                [query.need for query, _ in both],
                seed=seed,
            )
            if one is not None:
                found.append(one)
    return tuple(
        Comparison(
            a=one.a,
            b=one.b,
            metric=one.metric,
            difference=one.difference,
            p=one.p,
            p_corrected=one.adjusted_p,
            sentence=one.verdict,
        )
        for one in adjusted(found)
    )


def _value(query: QueryResult, metric: str) -> float | None:
    return query.metrics.get(metric) if query.answerable else None
