"""Retrieve, then look closer: the first photos again, with crops and a flip, and paraphrases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sightline.errors import PhotoError
from sightline.evaluation.gold import GoldQuery
from sightline.evaluation.rankers.by_encoder import EncoderRanker
from sightline.evaluation.rankers.ranker import Scores
from sightline.photos.thumbnail import thumbnail_image

if TYPE_CHECKING:
    from PIL.Image import Image

PARAPHRASES = ("{}", "a photo of {}", "a picture that shows {}", "there is {} in this photo")
_CROP = 0.7
"""Side of a crop, of the photo's: what is small in the photo is 1.4 times as large in the crop."""
_ANCHORS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.5))
_LARGEST = 640
"""Longest side, in pixels, that the views are cut from; more than any encoder here sees of them."""


@dataclass(frozen=True, eq=False)
class RerankRanker:
    """Scores the first `depth` photos of an encoder once more, from several views of each.

    The score is the mean cosine over all pairs of view and paraphrase. The views are embedded when
    a query asks for them, and its seconds say so: nothing is kept from query to query.
    """

    name: str
    first: EncoderRanker
    paths: Sequence[Path]
    depth: int = 20

    @property
    def id(self) -> str:
        """Names the encoder, the depth, and the views and paraphrases taken."""
        views = f"crop{_CROP}x{len(_ANCHORS)}+flip, {len(PARAPHRASES)} paraphrases"
        return f"rerank({self.first.id}, {self.depth}, {views})"

    def scores(self, query: GoldQuery) -> Scores:
        """The first photos by their new scores, all others below them in their old order."""
        scores = self.first.scores(query)
        if not self.first.knows(query.text):
            return scores
        first = np.argsort(-scores, kind="stable")[: self.depth]
        texts = self.first.encoder.embed_texts([form.format(query.text) for form in PARAPHRASES])
        closer = np.array([self._closer(row, texts) for row in first])
        rest = np.delete(scores, first)
        floor = float(rest.max()) if len(rest) else 0.0
        # Only the order within the first ones changes: they stay above everything else.
        scores[first] = floor + 1e-6 + (closer - closer.min())
        return scores

    def _closer(self, row: int, texts: Scores) -> float:
        """The mean cosine of all views of a photo with all texts.

        Of a photo that can't be read any more, its stored vector is all there is to look at.
        """
        try:
            photo = thumbnail_image(self.paths[row], _LARGEST)
            views = self.first.encoder.embed_images(views_of(photo))
        except PhotoError:
            views = self.first.vectors[row : row + 1]
        return float((views @ texts.T).mean())


def views_of(photo: Image) -> list[Image]:
    """The photo, its mirror image, four corners and the centre."""
    from PIL import ImageOps

    width, height = photo.size
    across, down = max(1, round(width * _CROP)), max(1, round(height * _CROP))
    crops = []
    for x, y in _ANCHORS:
        left, top = round((width - across) * x), round((height - down) * y)
        crops.append(photo.crop((left, top, left + across, top + down)))
    return [photo, ImageOps.mirror(photo), *crops]
