"""Captions as training takes them: one of a photo's own, sometimes as people type a search."""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LEADING = re.compile(
    r"^\s*(?:(?:this is|there is|there are|here is)\s+)?"
    r"(?:(?:an?|the)\s+)?(?:(?:close-?up|photo|picture|image|view|shot)\s+(?:of|showing)\s+)?",
    re.IGNORECASE,
)
# Where a caption's first statement ends: what follows is detail that few people type.
_DETAIL = re.compile(r"[,;:.]\s|\s(?:while|as|with|who|which|that is|wearing)\s", re.IGNORECASE)
_UNTYPED = frozenset(
    ("a", "an", "the", "is", "are", "was", "were", "this", "that", "its", "his", "her", "their")
)

LEAST_WORDS = 2
"""A shortened caption keeps at least so many, or a photo's caption would become "dog"."""


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a caption is drawn.

    `shorten`: the share of captions cut down to what people type: no articles, no details.
    """

    shorten: Annotated[float, Meta(ge=0, le=1)] = 0.0


def draw_caption(captions: Sequence[str], settings: Wording, draw: np.random.Generator) -> str:
    """One of a photo's captions."""
    caption = captions[int(draw.integers(len(captions)))]
    return shortened(caption) if draw.random() < settings.shorten else caption


def shortened(caption: str) -> str:
    """A caption as a search is typed: `A dog, wet, runs on the beach with a ball.` → `dog`, …

    Articles, forms of "to be" and "a photo of" go, and so does what follows the first statement,
    as long as `LEAST_WORDS` are left; else the caption stays as it is.
    """
    rest = _LEADING.sub("", caption, count=1)
    for part in (_DETAIL.split(rest, maxsplit=1)[0], rest):
        words = [word for word in _WORD.findall(part) if word.lower() not in _UNTYPED]
        if len(words) >= LEAST_WORDS:
            return " ".join(words).lower()
    return caption
