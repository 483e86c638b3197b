"""Captions made wrong by one word.

"a red car" beside a photo of a blue one is a hard negative: everything but the colour fits. The
rivals come from lists rather than from a language model, so that a foil is wrong for certain.
(NegCLIP, Yuksekgonul et al. 2023, arXiv:2210.01936, swaps words within a caption to the same end.)
"""

import re

import numpy as np

RIVALS: tuple[tuple[str, ...], ...] = (
    ("red", "blue", "green", "yellow", "orange", "purple", "pink", "black", "white", "brown"),
    ("two", "three", "four", "five", "six"),
    ("man", "woman", "boy", "girl"),
    ("men", "women", "boys", "girls"),
    ("left", "right"),
    ("big", "small"),
    ("large", "small"),
    ("indoors", "outdoors"),
    ("sunny", "rainy", "foggy", "snowy"),
    ("morning", "night"),
    ("open", "closed"),
    ("empty", "full"),
    ("wooden", "metal", "glass", "plastic"),
    ("old", "young"),
    ("standing", "sitting", "lying", "running", "jumping"),
    ("cat", "dog", "horse", "cow", "bird"),
)

_RIVALS_OF: dict[str, list[str]] = {}
for _group in RIVALS:
    for _word in _group:
        _RIVALS_OF.setdefault(_word, []).extend(other for other in _group if other != _word)
_WORDS = re.compile(r"\b(" + "|".join(_RIVALS_OF) + r")\b")


def foil(caption: str, draw: np.random.Generator) -> str | None:
    """The caption with one word replaced by a rival that it doesn't name; None without such."""
    found = list(_WORDS.finditer(caption))
    if not found:
        return None
    word = found[int(draw.integers(len(found)))]
    rivals = [rival for rival in _RIVALS_OF[word.group()] if rival not in caption]
    if not rivals:
        return None
    rival = rivals[int(draw.integers(len(rivals)))]
    return caption[: word.start()] + rival + caption[word.end() :]
