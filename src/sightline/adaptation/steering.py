"""A query that names a taught word is moved towards what was shown; any other stays as it is.

The photos' vectors are never touched, so one library serves with any adapter and with none.
"""

import re

import numpy as np

from sightline.adaptation.adapter import Adapter
from sightline.adaptation.shots import Vectors, unit

_FROM, _TO = 0.45, 0.75
_WORD = re.compile(r"\w+")


def steered(text: str, vector: Vectors, adapter: Adapter) -> Vectors:
    """The vector of a query's words, float32 (d,), unit length, moved where `text` names a label.

    A text names a label if it holds its words one after the other ("two Granny Smith apples").
    That alone would send "a man in an orange shirt" to the fruit shelf; so how far it moves
    depends on how much the text is *about* the label: not at all up to a cosine of 0.45 between
    the two, all the way from 0.75.
    """
    named = named_labels(text, adapter.labels)
    if not named:
        return vector
    nearness = np.clip((adapter.texts[named] @ vector - _FROM) / (_TO - _FROM), 0, 1)
    far = float(nearness.max())
    if far == 0:
        return vector
    target = unit((nearness[:, None] * adapter.directions[named]).sum(axis=0))
    return unit((1 - far) * vector + far * target)


def named_labels(text: str, labels: tuple[str, ...]) -> list[int]:
    """Rows of the labels whose words stand in the text; of "orange" and "orange juice", the longer.

    Case and a plural's ending s don't matter.
    """
    said = _words(text)
    found = {row: words for row, label in enumerate(labels) if _holds(said, words := _words(label))}
    return [
        row
        for row, words in found.items()
        if not any(len(other) > len(words) and _holds(other, words) for other in found.values())
    ]


def _words(text: str) -> list[str]:
    words = _WORD.findall(text.replace("_", " ").casefold())
    return [word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words]


def _holds(said: list[str], words: list[str]) -> bool:
    if not words:
        return False
    return any(said[at : at + len(words)] == words for at in range(len(said) - len(words) + 1))
