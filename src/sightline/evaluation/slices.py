"""Subsets of the queries for which figures are given apart: by tag, and by what can be measured.

Tags are what a person said of a query (people, text in the picture, a small object). Measured
facts come from the query's words and from the pixels of the photos that are relevant to it; each
fact parts the queries into thirds. The thirds belong to the gold file and its gallery, so every
ranker is cut the same way.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from sightline.evaluation.gold import GoldQuery
from sightline.evaluation.intervals import Figure
from sightline.evaluation.rankers.words import words_of
from sightline.photos.formats import DEFAULT_MAX_MEGAPIXELS, decoded
from sightline.photos.pixels import fitted
from sightline.photos.read import HEADROOM, read_bytes

FEW = 5
"""Below this many queries, a slice's place in a ranking of slices is chance."""

_SIDE = 224  # pixels; sharpness can only be compared between photos of one size


@dataclass(frozen=True)
class Slice:
    """A named subset of the queries, by their ids; `measured` where no tag but a fact made it."""

    name: str
    measured: bool
    ids: frozenset[str]


@dataclass(frozen=True)
class PhotoFacts:
    """What the pixels of a photo are like, scaled to at most 224 pixels a side.

    Attributes:
        brightness: mean luma (ITU-R BT.601), 0 black to 1 white.
        contrast: standard deviation of the luma, 0 to 0.5.
        sharpness: variance of the luma's Laplacian (Pech-Pacheco et al. 2000,
            doi:10.1109/ICPR.2000.903548) divided by the variance of the luma; low is blurred or
            without detail, 0 a plain surface. Undivided, it calls every dark photo blurred.
    """

    brightness: float
    contrast: float
    sharpness: float


def measure_photo(path: bytes | Path, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> PhotoFacts:
    """Measure a photo's pixels.

    Raises:
        UnreadablePhoto, NotAPhoto, BrokenPhoto, PhotoTooLarge: the file can't be used.
    """
    data = read_bytes(path)
    with decoded(data, max_megapixels, at_least=HEADROOM * _SIDE) as photo:
        small = fitted(photo.image, _SIDE, photo.orientation, photo.extent)
    luma = np.asarray(small.convert("L"), dtype=np.float64) / 255
    variance = float(luma.var())
    inner = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    detail = float((around - 4 * inner).var()) if inner.size else 0.0
    return PhotoFacts(
        brightness=float(luma.mean()),
        contrast=variance**0.5,
        sharpness=detail / variance if variance else 0.0,
    )


@dataclass(frozen=True)
class WordCounts:
    """In how many of some texts each word stands; captions tell best what is rare in photos."""

    texts: int
    holding: Counter[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "WordCounts":
        """Count each word once a text."""
        words = [set(words_of(text)) for text in texts]
        return cls(len(words), Counter(word for one in words for word in one))

    @classmethod
    def of_needs(cls, queries: Sequence[GoldQuery]) -> "WordCounts":
        """Where there are no captions: each need's queries together are a text."""
        by_need: dict[str, list[str]] = {}
        for query in queries:
            by_need.setdefault(query.need or query.id, []).append(query.text)
        return cls.of(" ".join(texts) for texts in by_need.values())

    def rarest(self, text: str) -> float | None:
        """Share of the texts that hold the rarest word of `text`; None without texts or words."""
        counts = [self.holding[word] for word in words_of(text)]
        return min(counts) / self.texts if counts and self.texts else None


def tag_slices(queries: Sequence[GoldQuery]) -> list[Slice]:
    """One slice for each tag."""
    ids: dict[str, set[str]] = {}
    for query in queries:
        for tag in query.tags:
            ids.setdefault(tag, set()).add(query.id)
    return [Slice(tag, False, frozenset(members)) for tag, members in sorted(ids.items())]


def word_slices(queries: Sequence[GoldQuery], counts: WordCounts) -> list[Slice]:
    """Thirds by the length of the query, and by how rare its rarest word is."""
    lengths = {query.id: float(len(words_of(query.text))) for query in queries}
    rarest = {query.id: counts.rarest(query.text) for query in queries}
    known = {query: share for query, share in rarest.items() if share is not None}
    return [
        *thirds("words in the query", lengths, "{:.0f}"),
        *thirds("texts that hold its rarest word", known, "{:.2%}"),
    ]


def photo_slices(queries: Sequence[GoldQuery], facts: Mapping[str, PhotoFacts]) -> list[Slice]:
    """Thirds by how many photos are relevant, and by what the typical one of them is like.

    Args:
        facts: of each file that could be measured. A query stands in no slice by pixels where
            that is none of its relevant photos.
    """
    relevant = {query.id: float(len(query.relevant)) for query in queries if query.relevant}
    found = thirds("relevant photos", relevant, "{:.0f}")
    for name in ("brightness", "contrast", "sharpness"):
        typical = {}
        for query in queries:
            values = [getattr(facts[file], name) for file in query.relevant if file in facts]
            if values:
                typical[query.id] = float(median(values))
        found += thirds(f"{name} of the photos", typical, "{:.3g}")
    return found


def thirds(fact: str, values: Mapping[str, float], form: str = "{:g}") -> list[Slice]:
    """The low, middle and high third of the queries by a fact; equal values are never parted.

    So the thirds may differ in size, and where one would be empty it is left out. Nothing is
    returned where all values are equal: the one slice would be everything.

    Args:
        fact: what was measured.
        values: of each query, by id.
        form: how the bounds are written in the slices' names.
    """
    if len(set(values.values())) < 2:
        return []
    rising = sorted(values.values())
    # The last value of each of the two lower thirds, unless that is already the highest of all.
    below_highest = max(value for value in rising if value < rising[-1])
    first, second = (min(rising[-(-part * len(rising) // 3) - 1], below_highest) for part in (1, 2))
    low = {query for query, value in values.items() if value <= first}
    high = {query for query, value in values.items() if value > second}
    parts = {
        f"{fact}: low (up to {form.format(first)})": low,
        f"{fact}: middle": values.keys() - low - high,
        f"{fact}: high (above {form.format(second)})": high,
    }
    return [Slice(name, True, frozenset(ids)) for name, ids in parts.items() if ids]


def worst_first(figures: Mapping[str, Figure], few: int = FEW) -> list[str]:
    """Names of slices by rising value; those of too few queries to say come after all others.

    Else the top of the list would be whichever two queries had bad luck.
    """
    return sorted(figures, key=lambda name: (figures[name].n < few, figures[name].value, name))
