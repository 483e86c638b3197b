"""`report.html`: what a run found, for people; one file that opens offline.

Pictures are inside it, and its own policy forbids it to load anything or to run any script but its
own. Names, queries and texts of whoever made them are text on it, never markup.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path

from sightline.evaluation.gold import write_whole
from sightline.evaluation.report_failures import failure_sections
from sightline.evaluation.report_photos import Photos
from sightline.evaluation.report_plots import plot_sections, rankers_plot
from sightline.evaluation.report_queries import query_sections
from sightline.evaluation.report_summary import cautions, summary
from sightline.evaluation.report_table import table
from sightline.evaluation.report_tables import (
    comparison_tables,
    cost_table,
    direction_tables,
    experiment_sections,
    meanings,
    no_answer_table,
    ranker_table,
    run_table,
    slice_tables,
)
from sightline.evaluation.results import HEADLINE, Results

_LEGEND = (
    ("fits", "✓", "fits (grade 2)"),
    ("partly", "½", "fits partly (1)"),
    ("wrong", "✗", "doesn't fit (0)"),
    ("unjudged", "?", "nobody judged it"),
    ("missed", "↓", "right, but further down"),
)
_SHOWN_NAMES = 5


def write_html(results: Results, paths: dict[str, Path], out: Path) -> None:
    """Write the page.

    Args:
        paths: where each photo of the gallery lies, by its name in the gold file. A photo that
            can't be read leaves a note in its place.

    Raises:
        EvaluationError: it can't be written.
    """
    photos = Photos(paths)
    body = "\n".join(_body(results, photos))
    script = _part("report.js")
    page = _HEAD.format(
        policy=(
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
            f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
        ),
        title=escape(_title(results)),
        style=_part("report.css"),
        photos=photos.style(),
    )
    page += f"{body}\n</main>\n<script>{script}</script>\n</body>\n</html>\n"
    write_whole(out, page.encode("utf-8", "backslashreplace"))


_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="sightline eval">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
<style>
{photos}
</style>
</head>
<body>
"""


def _title(results: Results) -> str:
    return f"How well “{results.run.gold_name}” is searched"


def _body(results: Results, photos: Photos) -> Iterator[str]:
    sections = [
        (anchor, title, html)
        for anchor, title, html in _sections(results, photos)
        if html  # what a run doesn't have is left out
    ]
    links = "".join(f'<a href="#{anchor}">{escape(title)}</a>' for anchor, title, _ in sections)
    run = results.run
    yield (
        f"<header><h1>{escape(_title(results))}</h1><p class='quiet'>{run.queries:,} queries, "
        f"{run.no_answer_queries:,} of them without an answer, over {run.photos:,} photos; "
        f"{run.judged_pairs:,} pairs of query and photo were judged.</p></header>"
        f"<nav aria-label='sections'>{links}</nav><main>"
    )
    yield from (
        f"<section id='{anchor}' aria-labelledby='{anchor}-title'><h2 id='{anchor}-title'>"
        f"{escape(title)}</h2>{html}</section>"
        for anchor, title, html in sections
    )


def _sections(results: Results, photos: Photos) -> Iterator[tuple[str, str, str]]:
    """Anchor, title and content of each section, in the order of the page."""
    models = [ranker for ranker in results.rankers if ranker.index is not None]
    yield "summary", "Summary", _summary(results)
    yield "rankers", "Rankers", ranker_table(results)
    yield "differences", "Differences", comparison_tables(results)
    yield "plots", "Plots", plot_sections(results)
    yield "slices", "Slices", slice_tables(models or results.rankers)
    yield "nothing", "Nothing matches", no_answer_table(results)
    yield "directions", "Other directions", direction_tables(results)
    yield "costs", "Costs", cost_table(results)
    yield "experiments", "Experiments", experiment_sections(results)
    if results.failures:
        yield "failures", "Failures", "".join(failure_sections(results, photos))
    if models:
        yield "queries", "Queries", _legend() + "".join(query_sections(models, photos))
    yield "run", "Reproduce", run_table(results)
    yield "meanings", "Glossary", meanings()
    yield "unreadable", "Not shown", _unreadable(photos)  # known only when all strips are drawn


def _summary(results: Results) -> str:
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in summary(results))
    warned = "".join(
        f"<p class='warning'><b>Take care.</b> {escape(caution)}</p>"
        for caution in cautions(results)
    )
    return (
        f"<div class='beside'><div><ul class='summary'>{sentences}</ul>{warned}</div>"
        f"{rankers_plot(results, HEADLINE)}</div>"
    )


def _legend() -> str:
    keys = "".join(
        f'<li class="{css}"><b></b><span><i>{mark}</i> {means}</span></li>'
        for css, mark, means in _LEGEND
    )
    return (
        "<p>The first ten photos of each model, best first, and the right ones that came later. "
        "Point at a photo, or tap it, for its name and score; with the keyboard, the arrows go "
        f"through a strip.</p><ul class='legend'>{keys}</ul>"
    )


def _unreadable(photos: Photos) -> str:
    """The photos that left a note in their place, counted and named."""
    if not photos.unreadable:
        return ""
    rows = list(photos.unreadable.items())
    said = f"{len(rows):,} photo{'' if len(rows) == 1 else 's'} could not be read"
    named = table(("photo", "why"), rows[:_SHOWN_NAMES], "Photos that can't be shown")
    more = f"<p>And {len(rows) - _SHOWN_NAMES:,} more.</p>" if len(rows) > _SHOWN_NAMES else ""
    return (
        f"<p class='warning'>{said}, and a note stands in place of each. The figures are not "
        f"touched by that.</p>{named}{more}"
    )


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
