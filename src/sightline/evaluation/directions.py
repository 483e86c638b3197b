"""The other two directions: photo → captions, and photo → photos of the same need."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sightline.evaluation.gallery import Gallery
from sightline.evaluation.gold import Gold
from sightline.evaluation.intervals import mean_figure
from sightline.evaluation.kept_texts import KeptTexts
from sightline.evaluation.metrics import figures_of, ranked
from sightline.evaluation.pool import by_need
from sightline.evaluation.rankers.by_caption import Captions
from sightline.evaluation.rankers.by_encoder import EncoderRanker
from sightline.evaluation.results import Figures

_MOST_EXAMPLES = 5
"""Photos of one need that are taken as queries: they say much the same."""
_THAT_IS_IT = 2


def image_to_text(model: EncoderRanker, captions: Captions, kept: KeptTexts, seed: int) -> Figures:
    """Each captioned photo is a query over all captions; any of its own is right.

    `hit@k` is what papers report for Flickr8k and COCO ("any of five"); `recall` is the share of
    its own captions found.
    """
    flat = [(row, text) for row, texts in enumerate(captions) for text in texts]
    vectors = kept.embed(model.encoder, [text for _, text in flat])
    photo_of = np.array([row for row, _ in flat])
    asked = [row for row, texts in enumerate(captions) if texts]
    ranks = []
    for row in asked:
        cosines = vectors @ model.vectors[row]
        own = cosines[photo_of == row]
        # A foreign caption that ties with an own one stands before it: a collapsed encoder gets 0.
        others = np.sort(cosines[photo_of != row])[::-1]
        before = np.searchsorted(-others, -own, side="right")
        ranks.append(np.sort(before) + 1 + np.arange(len(own)))
    figures: Figures = {}
    for k in (1, 5, 10):
        hit = mean_figure([float((own <= k).any()) for own in ranks], seed=seed)
        recall = mean_figure([float((own <= k).mean()) for own in ranks], seed=seed)
        if hit and recall:
            figures |= {f"hit@{k}": hit, f"recall@{k}": recall}
    return figures


def image_to_image(model: EncoderRanker, gold: Gold, gallery: Gallery, seed: int) -> Figures:
    """A photo graded 2 is a query; the other photos of its need graded 2 are right."""
    results, needs = [], []
    for need, example, others in _examples(gold, gallery):
        row = gallery.files.index(example)
        rest = [file for file in gallery.files if file != example]
        scores = np.delete(model.vectors @ model.vectors[row], row)
        results.append(figures_of(ranked(scores, rest, f"{need}:{example}"), others))
        needs.append(need)
    columns: dict[str, list[float | None]] = {
        "precision@5": [float(one.precision_at_5) for one in results],
        "hit@1": [one.hit_at_1 for one in results],
        "recall@10": [one.recall_at_10 for one in results],
        "ndcg@10": [one.ndcg_at_10 for one in results],
        "map": [one.average_precision for one in results],
    }
    figures = {name: mean_figure(values, needs, seed=seed) for name, values in columns.items()}
    return {name: figure for name, figure in figures.items() if figure is not None}


def _examples(gold: Gold, gallery: Gallery) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Need, a photo to ask with, and the grades of the others."""
    held = set(gallery.files)
    for need, queries in by_need(gold.queries).items():
        grades = queries[0].grades
        best = sorted(f for f, grade in grades.items() if grade == _THAT_IS_IT and f in held)
        for example in best[:_MOST_EXAMPLES]:
            others = {f: int(f in best) for f in grades if f != example and f in held}
            if any(others.values()):
                yield need, example, others
