"""Why queries failed: what each substitution did, with the photos that it was tried on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from sightline.evaluation.report_photos import Photos
from sightline.evaluation.report_queries import link
from sightline.evaluation.report_table import table
from sightline.evaluation.results import Failure

SIDES = {
    "vision": "the photo's own captions don't find it either",
    "language": "a paraphrase of the query finds a right photo",
    "resolution": "by crops the right photo passes those before it",
    "space": "the right photo doesn't find the other right ones",
    "unexplained": "none of the four substitutions explains it",
}
_RIVALS = 8


def failure_sections(failures: Sequence[Failure], photos: Photos) -> Iterator[str]:
    """How many failures fall to which side, then each failure with its photos, the worst first."""
    counts = Counter(one.side for one in failures)
    rows = [(side, str(counts[side]), means) for side, means in SIDES.items() if side in counts]
    yield table(("side", "failures", "what that means"), rows, "Failures by side")
    yield from (_article(one, photos) for one in failures)


def _article(one: Failure, photos: Photos) -> str:
    right = photos.plain(
        one.right, f"rank {one.rank:,}", "the right photo that came nearest", "fits"
    )
    rivals = "".join(
        photos.plain(
            rival.file,
            f"{rank} · hub {rival.hubness:.1f}",
            f"before the right one, score {rival.score:.3f}, hubness {rival.hubness:.1f}",
        )
        for rank, rival in enumerate(one.rivals[:_RIVALS], 1)
    )
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
