"""What is asked: parts with signs and weights, from words and pictures.

A query's vector is the normalised sum of its parts' unit vectors, each times its weight. Every part
is normalised before it is weighted and the sum once more after, so that the scores of a mixed query
are cosines like any other's.
"""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sightline.encoders import DualEncoder
from sightline.errors import PhotoError, QueryError

if TYPE_CHECKING:
    from sightline.adaptation.adapter import Adapter

_WEIGHTED = re.compile(r"(?P<weight>\d+(?:\.\d*)?|\.\d+):(?P<rest>.+)", re.DOTALL)
_LOOKS_WEIGHTED = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*:", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One piece of a query: words, or the path of a picture, and how much it counts.

    A negative weight pushes away.
    """

    content: str | Path
    weight: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.content, str) and not self.content.strip():
            raise QueryError("A part of the query is empty; write words in it or leave it out.")
        if not math.isfinite(self.weight) or self.weight == 0:
            raise QueryError(
                f"The weight of a part can't be {self.weight:g}; use a number above 0."
            )


@dataclass(frozen=True)
class Query:
    """At least one part."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise QueryError(
                "The query is empty. Give words (sightline search birthday cake), or a picture "
                "with --like."
            )

    @property
    def title(self) -> str:
        """The query as a person would say it."""
        words = [
            f"{'−' if part.weight < 0 else '+' if at else ''}"
            f"{f'{abs(part.weight):g}:' if abs(part.weight) != 1 else ''}{part.content}"
            for at, part in enumerate(self.parts)
        ]
        return " ".join(words)

    @classmethod
    def of(
        cls,
        words: str = "",
        plus: tuple[str, ...] = (),
        minus: tuple[str, ...] = (),
        like: tuple[str, ...] = (),
    ) -> "Query":
        """Build a query from strings as people type them.

        `plus`, `minus` and `like` may begin with a weight and a colon, as in `"0.5:dog"`. A
        picture whose name itself begins that way is taken by its name if it exists.

        Raises:
            QueryError: nothing was asked, or a part can't mean anything.
        """
        parts = [Part(words.strip())] if words.strip() else []
        parts += [Part(text, weight) for weight, text in map(parse_weighted, plus)]
        parts += [Part(text, -weight) for weight, text in map(parse_weighted, minus)]
        parts += [Part(path, weight) for weight, path in map(_parse_picture, like)]
        return cls(tuple(parts))


def parse_weighted(text: str) -> tuple[float, str]:
    """Split `"2:red car"` into 2.0 and `"red car"`; without a weight it is 1.

    Words that begin with a number and a colon are written with a weight of their own:
    `"1:3:10 to Yuma"`.

    Raises:
        QueryError: something like a weight that is none, such as `"-2:dog"`.
    """
    match = _WEIGHTED.fullmatch(text)
    if match is None:
        if _LOOKS_WEIGHTED.match(text):
            raise QueryError(
                f"{text!r} begins like a weight, but weights are written 2: or 0.5: and words "
                "follow. To take it by the letter, write 1: before it; to push away, use --minus."
            )
        return 1.0, text.strip()
    return float(match["weight"]), match["rest"].strip()


def _parse_picture(text: str) -> tuple[float, Path]:
    if not text.strip():
        raise QueryError("--like needs the path of a picture.")
    if os.path.exists(text):  # noqa: PTH110 - raises for no name
        return 1.0, Path(text)
    weight, path = parse_weighted(text)
    return weight, Path(os.path.expanduser(path))  # noqa: PTH111 - raises for no name


def embed_query(
    query: Query, encoder: DualEncoder, adapter: "Adapter | None" = None
) -> npt.NDArray[np.float32]:
    """The query as one unit vector, float32 (d,); words that an adapter was taught, by its lights.

    Raises:
        QueryError: a picture can't be read, or the parts cancel each other out.
        ModelError: the model can't be used.
    """
    texts = [part.content for part in query.parts if isinstance(part.content, str)]
    require_words(texts, encoder)
    text_vectors = iter(_embed_words(texts, encoder, adapter))
    total = np.zeros(encoder.dimensions, dtype=np.float32)
    heaviest = max(abs(part.weight) for part in query.parts)
    for part in query.parts:
        vector = (
            next(text_vectors)
            if isinstance(part.content, str)
            else _embed_picture(part.content, encoder)
        )
        total += np.float32(part.weight / heaviest) * vector
    length = float(np.linalg.norm(total))
    if length < 1e-3:
        raise QueryError(
            "The parts of the query cancel each other out; nothing is left to look for."
        )
    return np.asarray(total / length, dtype=np.float32)


def _embed_words(
    texts: Sequence[str], encoder: DualEncoder, adapter: "Adapter | None"
) -> Sequence[npt.NDArray[np.float32]]:
    if not texts:
        return ()
    vectors = encoder.embed_texts(texts)
    if adapter is None:
        return list(vectors)
    from sightline.adaptation.steering import steered

    return [steered(text, vector, adapter) for text, vector in zip(texts, vectors, strict=True)]


def require_words(texts: Sequence[str], encoder: DualEncoder) -> None:
    """Refuse texts of nothing but unknown words: all of them would get the same vector.

    Raises:
        QueryError: the model knows no word of one of the texts.
    """
    for text in texts:
        if not encoder.knows_words_of(text):
            raise QueryError(
                f"The model {encoder.spec.name} knows no word of {text!r}. The bundled one reads "
                "plain English."
            )


def _embed_picture(path: Path, encoder: DualEncoder) -> npt.NDArray[np.float32]:
    try:
        return np.asarray(encoder.embed_images([path])[0], dtype=np.float32)
    except PhotoError as error:
        raise QueryError(f"Can't use {str(path)!r} as a query picture: {error}") from None
