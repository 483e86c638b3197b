"""Rankers by name, over one gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sightline.encoders import DualEncoder
from sightline.errors import UsageError
from sightline.evaluation.gallery import Gallery
from sightline.evaluation.gold import Gold
from sightline.evaluation.kept_texts import KeptTexts
from sightline.evaluation.rankers.baselines import PopularRanker, RandomRanker, file_words
from sightline.evaluation.rankers.by_caption import (
    Bm25Ranker,
    CaptionEmbeddingRanker,
    Captions,
    read_captions,
)
from sightline.evaluation.rankers.by_encoder import EncoderRanker
from sightline.evaluation.rankers.fusion import FusionRanker
from sightline.evaluation.rankers.ranker import Ranker
from sightline.evaluation.rankers.rerank import RerankRanker
from sightline.library.reader import LibraryReader, StoredModel

BASELINES = ("random", "popular", "filenames")
WITH_CAPTIONS = ("bm25", "caption-embeddings", "fusion")
RANKERS = (*BASELINES, *WITH_CAPTIONS, "rerank")
"""What `--ranker` takes; the models of `--model` are rankers, too."""


@dataclass(frozen=True)
class Workshop:
    """Makes rankers over one gallery; `encoders` come with the name they were asked for by."""

    gold: Gold
    gallery: Gallery
    reader: LibraryReader
    encoders: Sequence[tuple[str, DualEncoder]]
    texts: KeptTexts
    caption_files: Sequence[Path] = ()
    seed: int = 0

    def rankers(self, names: Sequence[str]) -> list[Ranker]:
        """One for each model, then one for each name.

        Raises:
            UsageError: no ranker has such a name, or it needs captions or a model and there is
                none.
        """
        unknown = [name for name in names if name not in RANKERS]
        if unknown:
            raise UsageError(
                f"No ranker is called {unknown[0]!r}; choose from {', '.join(RANKERS)}."
            )
        wanting = [name for name in names if name in WITH_CAPTIONS]
        if wanting and not self.caption_files:
            raise UsageError(
                f"The ranker {wanting[0]} searches captions; name their file with --captions."
            )
        made: list[Ranker] = [*self.models, *(self._made(name) for name in dict.fromkeys(names))]
        return made

    @cached_property
    def models(self) -> tuple[EncoderRanker, ...]:
        """A ranker for each encoder.

        Raises:
            LibraryError: the library lacks vectors of one.
        """
        stored = {model.model_id: model for model in self.reader.models()}
        return tuple(
            EncoderRanker(
                name,
                encoder,
                self.reader.vectors_of(_stored(stored, encoder, name), self.gallery.photos),
            )
            for name, encoder in self.encoders
        )

    @cached_property
    def captions(self) -> Captions:
        """Of each photo of the gallery."""
        return read_captions(self.caption_files, self.gallery.paths)

    def _made(self, name: str) -> Ranker:
        model = self.models[0]
        match name:
            case "random":
                return RandomRanker(len(self.gallery), self.seed)
            case "popular":
                return PopularRanker(self.gold, self.gallery.files)
            case "filenames":
                return Bm25Ranker.of(name, file_words(self.gallery.files))
            case "bm25":
                return self._bm25
            case "caption-embeddings":
                return CaptionEmbeddingRanker.of(name, model.encoder, self.captions, self.texts)
            case "fusion":
                return FusionRanker(name, (model, self._bm25))
            case _:
                return RerankRanker(name, model, self.gallery.paths)

    @cached_property
    def _bm25(self) -> Bm25Ranker:
        return Bm25Ranker.of("bm25", [" ".join(texts) for texts in self.captions])


def _stored(stored: dict[str, StoredModel], encoder: DualEncoder, name: str) -> StoredModel:
    if encoder.id in stored:
        return stored[encoder.id]
    held = ", ".join(stored) or "none"
    raise UsageError(
        f"The library holds no vectors of {encoder.id}, only of {held}. "
        f"Run `sightline index --model {name} PHOTOS` first."
    )
