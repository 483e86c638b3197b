"""All slices of a gold file: its tags, and what can be measured of its words and photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from sightline.errors import PhotoError
from sightline.evaluation.gallery import Gallery
from sightline.evaluation.gold import Gold, write_whole
from sightline.evaluation.progress import OnProgress
from sightline.evaluation.slices import (
    PhotoFacts,
    Slice,
    WordCounts,
    measure_photo,
    photo_slices,
    tag_slices,
    word_slices,
)

_FACTS_FILE = "photo-facts.json"


def all_slices(
    gold: Gold,
    gallery: Gallery,
    captions: Sequence[Sequence[str]],
    cache: Path,
    on_progress: OnProgress,
) -> list[Slice]:
    """By tag, by words, and by the pixels of the relevant photos, which are measured once.

    Rare words are rare in the captions, or where there are none in the gold file's own queries.
    """
    texts = [text for of_photo in captions for text in of_photo]
    counts = WordCounts.of(texts) if texts else WordCounts.of_needs(gold.queries)
    facts = _facts(gold, gallery, cache / _FACTS_FILE, on_progress)
    return [
        *tag_slices(gold.queries),
        *word_slices(gold.queries, counts),
        *photo_slices(gold.queries, facts),
    ]


def _facts(
    gold: Gold, gallery: Gallery, kept: Path, on_progress: OnProgress
) -> dict[str, PhotoFacts]:
    """Of every relevant photo, by file; one that can't be read any more has none."""
    by_photo = _read(kept)
    relevant = {file for query in gold.queries for file in query.relevant}
    facts = {}
    for done, (file, photo, path) in enumerate(
        zip(gallery.files, gallery.photos, gallery.paths, strict=True)
    ):
        if file not in relevant:
            continue
        on_progress("measuring photos", done, len(gallery))
        if photo not in by_photo:
            try:
                by_photo[photo] = measure_photo(path)
            except PhotoError:
                continue
        facts[file] = by_photo[photo]
    write_whole(kept, msgspec.json.encode(by_photo))
    return facts


def _read(kept: Path) -> dict[str, PhotoFacts]:
    try:
        return msgspec.json.decode(kept.read_bytes(), type=dict[str, PhotoFacts])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}
