"""Searches as people type them, each with all the photos that answer it.

A caption belongs to one photo; "two dogs" belongs to hundreds. Such short searches are drawn from
the captions themselves, every run of up to three words that several photos share, and from a list
of moods (`moods.py`). A photo answers one if any of its captions has it: not seen is then no proof
of absence, but what is missed is missed at random.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sightline.training.captions import CaptionedPhoto
from sightline.training.moods import MOODS

LONGEST = 3
FEWEST, MOST_SHARE = 6, 0.2
"""A search that fewer photos answer teaches nothing that captions don't, and one that a fifth of
them answer nothing at all."""

_WORD = re.compile(r"[a-z]+(?:['’-][a-z]+)*")
_NEVER_AT_AN_END = frozenset(
    re.findall(
        r"\S+",
        "a an the is are was were be being been this that these those there it its his her their "
        "he she they who which of in on at to with and or as for from by into onto over under up "
        "down while very some one's them him has have had near next each other another through "
        "behind front across along around against also not no so out off",
    )
)
_COUNTED = frozenset(["two", "three", "four", "five", "six", "several", "many", "group"])


@dataclass(frozen=True)
class TypedQueries:
    """Short searches and who answers them.

    words: the searches, one or more wordings each.
    answers: for each search the rows of its photos, sorted.
    of_photo: for each photo the rows of its searches.
    """

    words: tuple[tuple[str, ...], ...]
    answers: tuple[frozenset[int], ...]
    of_photo: tuple[tuple[int, ...], ...]

    def draw(
        self, photos: Sequence[int], count: int, draw: np.random.Generator
    ) -> tuple[list[str], Tensor]:
        """Searches for a batch: `count` wordings, and bool (count, n), which photos answer each.

        Each is drawn from one photo's searches, rare ones sooner than frequent ones.
        """
        chosen: dict[int, None] = {}
        for row in draw.permutation(len(photos)):
            own = self.of_photo[photos[row]]
            if own:
                odds = np.array([len(self.answers[query]) for query in own], float) ** -0.5
                chosen[own[int(draw.choice(len(own), p=odds / odds.sum()))]] = None
            if len(chosen) == count:
                break
        texts = [self.words[query][int(draw.integers(len(self.words[query])))] for query in chosen]
        fits = [[photo in self.answers[query] for photo in photos] for query in chosen]
        return texts, torch.tensor(fits, dtype=torch.bool).reshape(len(texts), len(photos))


def typed_queries(photos: Sequence[CaptionedPhoto]) -> TypedQueries:
    """All the searches that the captions of these photos hold."""
    found: dict[str, set[int]] = defaultdict(set)
    for row, photo in enumerate(photos):
        for caption in photo.captions:
            for phrase in _phrases(caption.lower()):
                found[phrase].add(row)
    most = MOST_SHARE * len(photos)
    kept: list[tuple[tuple[str, ...], frozenset[int]]] = [
        ((phrase,), frozenset(rows))
        for phrase, rows in sorted(found.items())
        if FEWEST <= len(rows) <= most
    ]
    for words, pattern in MOODS:
        rows = {row for row, photo in enumerate(photos) if any(map(pattern.search, photo.captions))}
        if len(rows) >= FEWEST:
            kept.append((words, frozenset(rows)))
    of_photo: list[list[int]] = [[] for _ in photos]
    for query, (_, answers) in enumerate(kept):
        for row in answers:
            of_photo[row].append(query)
    return TypedQueries(
        tuple(words for words, _ in kept),
        tuple(answers for _, answers in kept),
        tuple(map(tuple, of_photo)),
    )


def search_loss(queries: Tensor, images: Tensor, fits: Tensor, scale: Tensor) -> Tensor:
    """Cross entropy of each search with its answers in the batch, all of them equally right.

    -1/|A| Σ_{a in A} log softmax(scale · q·v)_a, the mean over searches (the outer form of the
    supervised contrastive loss, Khosla et al. 2020, arXiv:2004.11362, equation 2).

    Args:
        queries: unit rows, (m, d).
        images: unit rows, (n, d).
        fits: bool (m, n), with an answer in each row.
    """
    chances = (scale * queries @ images.T).log_softmax(dim=1)
    right = fits.to(chances.dtype)
    return -((chances * right).sum(dim=1) / right.sum(dim=1)).mean()


def _phrases(caption: str) -> Iterator[str]:
    """Runs of words without a stop between them, that begin and end with a word of weight."""
    for part in re.split(r"[.,;:!?\"()]", caption):
        words = _WORD.findall(part)
        for start in range(len(words)):
            for stop in range(start + 1, min(start + LONGEST, len(words)) + 1):
                run = words[start:stop]
                if run[0] in _NEVER_AT_AN_END or run[-1] in _NEVER_AT_AN_END:
                    continue
                if len(run) == 1 and (len(run[0]) < 3 or run[0] in _COUNTED):
                    continue
                yield " ".join(run)
