"""Text → the words that are matched, and how rare each of them is."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers; a plural s is dropped, so that "dogs" meets "dog"."""
    return [_singular(word) for word in _WORD.findall(text.lower())]


def _singular(word: str) -> str:
    plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


@dataclass(frozen=True)
class Bm25:
    """Okapi BM25 over a set of texts (Robertson and Zaragoza 2009, eq. 3.15).

    A text's score is the sum over the query's words w of

        idf(w) · f(w) · (k1 + 1) / (f(w) + k1 · (1 - b + b · length / mean length)),
        idf(w) = ln(1 + (N - n(w) + 0.5) / (n(w) + 0.5)),

    with f(w) the times w stands in the text, n(w) the texts that hold it, N all texts.
    """

    counts: tuple[Counter[str], ...]
    k1: float = 1.2
    b: float = 0.75

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Bm25":
        """Count the words of each text."""
        return cls(tuple(Counter(words_of(text)) for text in texts))

    def scores(self, query: str) -> list[float]:
        """One score a text; 0 where no word of the query stands in it."""
        lengths = [counts.total() for counts in self.counts]
        mean = sum(lengths) / max(1, len(lengths)) or 1.0
        asked = [(word, self._rarity(word)) for word in words_of(query)]
        return [
            sum(
                rarity
                * counts[word]
                * (self.k1 + 1)
                / (counts[word] + self.k1 * (1 - self.b + self.b * length / mean))
                for word, rarity in asked
                if word in counts
            )
            for counts, length in zip(self.counts, lengths, strict=True)
        ]

    def _rarity(self, word: str) -> float:
        holding = sum(word in counts for counts in self.counts)
        return math.log(1 + (len(self.counts) - holding + 0.5) / (holding + 0.5))
