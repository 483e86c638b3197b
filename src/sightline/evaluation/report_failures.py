"""Why queries failed: what each substitution did, with the photos that it was tried on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape

from sightline.evaluation.report_photos import Photos, Tile
from sightline.evaluation.report_queries import link
from sightline.evaluation.report_table import table
from sightline.evaluation.results import Failure, QueryResult, Results, Side

_SIDES: dict[Side, str] = {
    "vision": "the photo's own captions don't find it either",
    "language": "a paraphrase of the query finds a right photo",
    "resolution": "by crops the right photo passes those before it",
    "space": "the right photo doesn't find the other right ones",
    "unexplained": "none of the four substitutions explains it",
}
_RIVALS = 9


def failure_sections(results: Results, photos: Photos) -> Iterator[str]:
    """How many failures fall to which side, then each failure with its photos, the worst first."""
    counts = Counter(one.side for one in results.failures)
    queries = {query.id: query for query in results.rankers[0].queries}
    rows = [(side, str(counts[side]), means) for side, means in _SIDES.items() if side in counts]
    yield table(("side", "failures", "what that means"), rows, "Failures by side")
    yield from (_article(one, queries[one.query], photos) for one in results.failures)


def _article(one: Failure, query: QueryResult, photos: Photos) -> str:
    right = photos.plain(
        one.right, f"rank {one.rank:,}", "the right photo that came nearest", "fits"
    )
    rivals = "".join(photos.item(tile) for tile in _rivals(one, query))
    near = "".join(photos.plain(file, "near", "near the right photo") for file in one.neighbours)
    return (
        f"<article class='failure'><h3>{escape(one.text)} <span class='tag side'>{one.side}</span>"
        f"</h3><p>{escape(one.sentence)}</p><ul class='facts'>{_substitutions(one)}</ul>"
        f"<p class='quiet'>The right photo, then those before it (hub: how much oftener than "
        f"others each stands in first tens of other needs). "
        f'<a href="{escape(link(one.query))}">The query</a></p>'
        f"<ol class='photos' tabindex='0'>{right}{rivals}</ol>"
        f"<details><summary>What stands near the right photo in the space</summary>"
        f"<ol class='photos' tabindex='0'>{near}</ol></details></article>\n"
    )


def _rivals(one: Failure, query: QueryResult) -> list[Tile]:
    """The photos that stand before the right one, with their grades and their hubness."""
    hubness = {rival.file: rival.hubness for rival in one.rivals}
    return [
        Tile(
            shown.file,
            rank,
            shown.grade,
            f", score {shown.score:.3f}, hubness {hubness[shown.file]:.1f}",
            f" hub {hubness[shown.file]:.1f}",
        )
        for rank, shown in enumerate(query.shown, 1)
        if rank < one.rank and shown.file in hubness
    ][:_RIVALS]


def _substitutions(one: Failure) -> str:
    facts = [f"as asked: rank {one.rank:,}"]
    if one.caption_rank is not None:
        facts.append(f"its own caption as the query: rank {one.caption_rank:,}")
    if one.paraphrase:
        facts.append(f"“{one.paraphrase}”: rank {one.paraphrase_rank:,}")
    facts.append(f"by its best crop: rank {one.crop_rank:,}")
    if one.image_hit is not None:
        found = "finds" if one.image_hit else "doesn't find"
        facts.append(f"as a query, it {found} another right one in its first five")
    return "".join(f"<li>{escape(fact)}</li>" for fact in facts)
