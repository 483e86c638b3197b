"""Query by query: what each model showed first, and which right photos it left further down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from urllib.parse import quote

from sightline.evaluation.gold import RELEVANT
from sightline.evaluation.report_photos import Photos, Tile
from sightline.evaluation.results import HEADLINE, Missed, QueryResult, RankerResult

FIRST = 10
"""Photos of a strip: as many as the metrics' deepest cut."""
_MISSED = 10


def query_sections(models: Sequence[RankerResult], photos: Photos) -> Iterator[str]:
    """The controls, then an article for each query with a strip for each model."""
    queries = models[0].queries
    tags = sorted(Counter(tag for query in queries for tag in query.tags).items())
    yield _controls(tags, models, len(queries))
    numbers = {tag: at for at, (tag, _) in enumerate(tags)}
    others = [{query.id: query for query in model.queries} for model in models]
    for query in queries:
        shown = [
            (model.name, by_id[query.id])
            for model, by_id in zip(models, others, strict=True)
            if query.id in by_id
        ]
        yield _article(query, shown, [numbers[tag] for tag in query.tags], photos)


def link(query_id: str) -> str:
    """Where on the page a query is."""
    return f"#query-{quote(query_id)}"


def _controls(tags: Sequence[tuple[str, int]], models: Sequence[RankerResult], count: int) -> str:
    of_tag = "".join(
        f'<option value="{at}">{escape(tag)} ({number})</option>'
        for at, (tag, number) in enumerate(tags)
    )
    names = "".join(
        f'<option value="{at}">{escape(model.name)}</option>' for at, model in enumerate(models)
    )
    several = (
        (
            '<option value="apart">where the models differ most</option>',
            f'<label>open <select id="models">{names}<option value="all">all models</option>'
            "</select></label>",
        )
        if len(models) > 1
        else ("", "")
    )
    return (
        '<form id="controls" role="search" hidden>'
        '<label class="find">search <input id="find" type="search" '
        'placeholder="words of a query"></label>'
        f'<label>tag <select id="tag"><option value="">any</option>{of_tag}</select></label>'
        '<label>show <select id="outcome"><option value="">every query</option>'
        '<option value="failed">nothing right in the first five</option>'
        '<option value="found">something right in the first five</option>'
        '<option value="absent">nothing to be found</option></select></label>'
        '<label>order <select id="order"><option value="">as in the gold file</option>'
        f'<option value="worst">the worst first</option>{several[0]}</select></label>{several[1]}'
        f'<output id="count" aria-live="polite">{count} queries</output></form>'
        "<noscript><p>Searching and filtering need the page's script; all else works without."
        "</p></noscript>"
    )


def _article(
    query: QueryResult,
    shown: Sequence[tuple[str, QueryResult]],
    tags: Sequence[int],
    photos: Photos,
) -> str:
    values = [one.metrics.get(HEADLINE, 0.0) for _, one in shown]
    facts = (
        f"{query.relevant} right photo{'' if query.relevant == 1 else 's'}"
        if query.answerable
        else "the right answer is: nothing here"
    )
    chips = "".join(f"<span class='tag'>{escape(tag)}</span>" for tag in query.tags)
    strips = "".join(
        _strip(at, name, one, photos, opened=at == 0) for at, (name, one) in enumerate(shown)
    )
    return (
        f'<article class="query" id="query-{escape(query.id)}" data-outcome="{_outcome(query)}" '
        f'data-tags="{" ".join(map(str, tags))}" '
        f'data-value="{values[0] if query.answerable else 2:.4f}" '
        f'data-apart="{max(values) - min(values):.4f}">'
        f"<h3>{escape(query.text)}</h3><p class='quiet'><code>{escape(query.id)}</code> · {facts} "
        f"{chips}</p>{strips}</article>\n"
    )


def _outcome(query: QueryResult) -> str:
    if not query.answerable:
        return "absent"
    return "found" if query.metrics.get("hit@5") else "failed"


def _strip(at: int, name: str, query: QueryResult, photos: Photos, *, opened: bool) -> str:
    first = query.shown[:FIRST]
    tiles = [
        Tile(one.file, rank, one.grade, f", score {one.score:.3f}")
        for rank, one in enumerate(first, 1)
    ]
    body = photos.strip(tiles, f"First photos by {name}")
    hits = sum((one.grade or 0) >= RELEVANT for one in first)
    lower = [
        Missed(one.file, rank, one.grade)
        for rank, one in enumerate(query.shown[FIRST:], FIRST + 1)
        if (one.grade or 0) >= RELEVANT
    ]
    lower += query.missed
    if lower:
        rest = query.relevant - hits - len(lower[:_MISSED])
        more = f" The first {_MISSED} of them; {rest} more." if rest > 0 else ""
        body += f"<p class='quiet'>Right photos further down, with their ranks.{more}</p>"
        body += photos.further_down(lower[:_MISSED], f"Right photos that {name} ranks lower")
    return (
        f'<details data-model="{at}"{" open" if opened else ""}><summary><b>{escape(name)}</b> '
        f"{_figures(query, hits)}</summary>{body}</details>"
    )


def _figures(query: QueryResult, hits: int) -> str:
    if not query.answerable:
        return f"best score {query.best_score:.3f}"
    parts = [f"{hits} of the first ten right"]
    parts += [
        f"{metric} {query.metrics[metric]:.2f}"
        for metric in (HEADLINE, "ndcg@10")
        if metric in query.metrics
    ]
    if query.first_relevant is not None:
        parts.append(f"first right photo at {query.first_relevant:,}")
    return " · ".join(parts)
