"""CLIP's tokenizer written out slowly, after the paper's own code: what all others must equal."""

import html
from itertools import pairwise

import ftfy
import regex

from tests.encoders.vocabularies import byte_letters

_WORDS = regex.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE
)


def web_text(text: str) -> str:
    """open_clip's `basic_clean` and `whitespace_clean`."""
    return " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split())


class SlowClip:
    """Words are looked up again and again among all merges: the algorithm with nothing clever."""

    def __init__(self, vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> None:
        self._vocabulary = vocabulary
        self._rank = {pair: at for at, pair in enumerate(merges)}
        self._letters = byte_letters()
        self._known: dict[str, list[int]] = {}

    def ids(self, text: str, context: int) -> list[int]:
        """Token ids of one text, filled up with 0."""
        words = _WORDS.findall(web_text(text).lower())
        inner = [one for word in words[:context] for one in self._word(word)]
        start, end = self._vocabulary["<|startoftext|>"], self._vocabulary["<|endoftext|>"]
        ids = [start, *inner[: context - 2], end]
        return ids + [0] * (context - len(ids))

    def _word(self, word: str) -> list[int]:
        if word not in self._known:
            parts = [self._letters[byte] for byte in word.encode()]
            parts[-1] += "</w>"
            while len(parts) > 1:
                pairs = list(pairwise(parts))
                best = min(pairs, key=lambda pair: self._rank.get(pair, len(self._rank)))
                if best not in self._rank:
                    break
                parts = _merged(parts, best)
            self._known[word] = [self._vocabulary[part] for part in parts]
        return self._known[word]


def _merged(parts: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    at = 0
    while at < len(parts):
        if tuple(parts[at : at + 2]) == pair:
            merged.append(parts[at] + parts[at + 1])
            at += 2
        else:
            merged.append(parts[at])
            at += 1
    return merged
