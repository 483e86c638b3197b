"""One picture, some sentences: how near each sentence is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sightline.encoders.dual import DualEncoder
from sightline.encoders.spec import Calibration
from sightline.errors import PhotoError, QueryError
from sightline.retrieval.query import require_words

if TYPE_CHECKING:
    from sightline.encoders.dual import ImageLike


@dataclass(frozen=True)
class Similarity:
    """A sentence's nearness to a picture.

    `cosine` lies between -1 and 1, orders the sentences of one model, and is no probability.
    `probability` is the chance that sentence and picture belong together, or None where the model
    is not calibrated: nobody can tell it from a cosine alone.
    """

    text: str
    cosine: float
    probability: float | None


def similarity(encoder: DualEncoder, image: ImageLike, texts: Sequence[str]) -> list[Similarity]:
    """Compare a picture with each of some sentences, in the order given.

    Raises:
        QueryError: no sentence, one that is empty or of words unknown to the model, or a picture
            that can't be used.
        ModelError: the model can't be used.
    """
    if not texts:
        raise QueryError("Give at least one text to compare the picture with.")
    if not all(text.strip() for text in texts):
        raise QueryError("A text is empty; write words in it or leave it out.")
    require_words(texts, encoder)
    try:
        (photo,) = encoder.embed_images([image])
    except PhotoError as error:
        raise QueryError(f"Can't use the picture {str(image)!r}: {error}") from None
    calibration = encoder.spec.calibration
    found = []
    for text, vector in zip(texts, encoder.embed_texts(texts), strict=True):
        cosine = max(-1.0, min(1.0, float(vector @ photo)))
        chance = None if calibration is None else probability(cosine, calibration)
        found.append(Similarity(text, cosine, chance))
    return found


def probability(cosine: float, calibration: Calibration) -> float:
    """σ(scale · cosine + bias), as SigLIP's loss means it (Zhai et al. 2023, arXiv:2303.15343)."""
    logit = calibration.scale * cosine + calibration.bias
    # Of the two forms of σ, the one whose exponential can't overflow.
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))
