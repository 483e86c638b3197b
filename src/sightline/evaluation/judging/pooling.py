"""The rankers that one library's pool is drawn from, and the pairs they put before a person."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sightline.encoders import DualEncoder, load_encoder
from sightline.errors import EvaluationError, LibraryError, ModelError, UnknownModel
from sightline.evaluation.gallery import Gallery
from sightline.evaluation.gold import Gold
from sightline.evaluation.judging.session import Pair
from sightline.evaluation.pool import Pool
from sightline.evaluation.rankers import Ranker
from sightline.evaluation.rankers.build import Workshop
from sightline.library.reader import LibraryReader, StoredModel

OnWarning = Callable[[str], None]

_BY_WORDS = ("filenames", "bm25")


def pool_rankers(
    gold: Gold,
    gallery: Gallery,
    reader: LibraryReader,
    models: Sequence[str],
    captions: Sequence[Path],
    seed: int,
    on_warning: OnWarning,
) -> list[Ranker]:
    """Rankers that differ in kind: each model, file names, captions where there are any, chance.

    Args:
        models: names or folders; none stands for every model that the library holds vectors of.
        on_warning: told of each model that was left out, and why.

    Raises:
        UsageError, LibraryError, ModelError: a model that was named can't be used.
        EvaluationError: no model can be used.
        GoldError: the captions can't be read.
    """
    encoders = (
        [(name, load_encoder(name)) for name in models]
        if models
        else list(_usable_encoders(reader, gallery, on_warning))
    )
    if not encoders:
        raise EvaluationError(
            f"No model of the library {reader.place.folder} can be used, so there is nothing to "
            "pool. Run `sightline index` on the photos again."
        )
    names = ["filenames", *(["bm25"] if captions else []), "random"]
    rankers = Workshop(gold, gallery, reader, encoders, captions, seed).rankers(names)
    # Names such as IMG_0412 tell nobody anything, and would only add photos drawn by lot.
    return [ranker for ranker in rankers if ranker.name not in _BY_WORDS or _speaks(ranker, gold)]


def pairs_of(pool: Pool) -> list[Pair]:
    """What a person is shown, in the pool's order: need after need, each shuffled."""
    return [Pair(need.need, photo.file) for need in pool.needs for photo in need.photos]


def _usable_encoders(
    reader: LibraryReader, gallery: Gallery, on_warning: OnWarning
) -> Iterator[tuple[str, DualEncoder]]:
    for stored in reader.models():
        try:
            encoder = _encoder_of(stored)
            reader.vectors_of(stored, gallery.photos)
        except (LibraryError, ModelError, UnknownModel) as error:
            on_warning(f"The pool goes without {stored.model_id}. {error}")
        else:
            yield stored.model_id, encoder


def _encoder_of(stored: StoredModel) -> DualEncoder:
    encoder = load_encoder(stored.source)
    if encoder.id != stored.model_id:
        raise ModelError(f"{stored.source} is now {encoder.id}.")
    return encoder


def _speaks(ranker: Ranker, gold: Gold) -> bool:
    return any(ranker.scores(query).any() for query in gold.queries)
