"""Caption-first search: match the query with what somebody wrote about each photo.

What captions can do where they exist, and they don't exist for anybody's own photos: these
baselines say how much of a model's lead or lag is vision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sightline.encoders import DualEncoder
from sightline.errors import GoldError
from sightline.evaluation.gold import GoldQuery
from sightline.evaluation.kept_texts import KeptTexts
from sightline.evaluation.rankers.ranker import Scores
from sightline.evaluation.rankers.words import Bm25

Captions = tuple[tuple[str, ...], ...]
"""For each photo of the gallery its captions; none where nobody wrote any."""


@dataclass(frozen=True, eq=False)
class Bm25Ranker:
    """BM25 over all captions of a photo joined: exact words, rare ones count most."""

    name: str
    texts: Bm25
    id: str

    @classmethod
    def of(cls, name: str, texts: Sequence[str]) -> Bm25Ranker:
        """Over one text a photo."""
        return cls(name, Bm25.of(texts), f"{name}-{_digest(texts)}")

    def scores(self, query: GoldQuery) -> Scores:
        """BM25 scores."""
        return np.asarray(self.texts.scores(query.text), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class CaptionEmbeddingRanker:
    """The text tower over captions: a photo's score is its best caption's cosine with the query.

    `vectors` are unit rows, float32 (captions, d); `photo_of` names the photo of each.
    """

    name: str
    encoder: DualEncoder
    vectors: npt.NDArray[np.float32]
    photo_of: npt.NDArray[np.intp]
    photos: int
    id: str

    @classmethod
    def of(
        cls, name: str, encoder: DualEncoder, captions: Captions, kept: KeptTexts
    ) -> CaptionEmbeddingRanker:
        """Embed every caption once."""
        flat = [(row, text) for row, texts in enumerate(captions) for text in texts]
        return cls(
            name=name,
            encoder=encoder,
            vectors=kept.embed(encoder, [text for _, text in flat]),
            photo_of=np.array([row for row, _ in flat], dtype=np.intp),
            photos=len(captions),
            id=f"{name}-{encoder.id}-{_digest([text for _, text in flat])}",
        )

    def scores(self, query: GoldQuery) -> Scores:
        """The best cosine of each photo's captions; -1 for a photo without any."""
        cosines = self.vectors @ self.encoder.embed_texts([query.text])[0]
        best = np.full(self.photos, -1.0, dtype=np.float32)
        np.maximum.at(best, self.photo_of, cosines)
        return best


def read_captions(sources: Sequence[Path], paths: Sequence[Path]) -> Captions:
    """Captions from JSONL files of `{"file": …, "captions": [...]}`, files named from beside them.

    Args:
        paths: the gallery's photos; captions of others are left out.

    Raises:
        GoldError: a file can't be read, isn't in this format, or none of its lines names a photo
            of the gallery.
    """
    rows = {path.resolve(): row for row, path in enumerate(paths)}
    found: list[list[str]] = [[] for _ in paths]
    for source in sources:
        met = 0
        for file, captions in _lines(source):
            row = rows.get((source.parent / file).resolve())
            if row is not None:
                found[row] += captions
                met += 1
        if not met:
            raise GoldError(f"{source} holds captions of none of the gallery's photos.")
    return tuple(tuple(captions) for captions in found)


def _lines(source: Path) -> Iterator[tuple[str, list[str]]]:
    try:
        text = source.read_text(encoding="utf-8")
    except OSError as error:
        raise GoldError(f"Can't read the captions {source}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise GoldError(f"The captions {source} aren't UTF-8.") from None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            file, captions = entry["file"], entry["captions"]
        except (ValueError, KeyError, TypeError, RecursionError):
            file = captions = None
        if not isinstance(file, str) or not isinstance(captions, list):
            raise GoldError(f'{source}, line {number}: not {{"file": …, "captions": […]}}.')
        yield file, [str(caption) for caption in captions]


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()[:12]
