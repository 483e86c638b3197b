"""Which defect types do an inspector's words name? By the gold file's table of synonyms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from sightline.inspection.verdict import Finding

Synonyms = Mapping[str, Sequence[str]]


def types_named(finding: Finding, synonyms: Synonyms) -> frozenset[str]:
    """The defect types that a finding's type names, or else its sentence.

    A word stands for several types where the table says so ("broken"). Empty where no known type
    is named, as by an inspector that only sees that something is unusual.
    """
    return _named(finding.type, synonyms) or _named(finding.sentence, synonyms)


def _named(words: str, synonyms: Synonyms) -> frozenset[str]:
    text = _plain(words)
    return frozenset(
        name
        for name, phrases in synonyms.items()
        if any(_pattern(phrase).search(text) for phrase in (name, *phrases))
    )


def _plain(words: str) -> str:
    """Lower case, with anything but letters and digits as a space."""
    return re.sub(r"[\W_]+", " ", words.casefold())


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(_plain(phrase).strip())}(?:s|es)?\b")
