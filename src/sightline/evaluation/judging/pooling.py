"""The rankers that the pool of one library is drawn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sightline.encoders import load_encoder
from sightline.errors import EvaluationError, LibraryError, ModelError, UnknownModel
from sightline.evaluation.gallery import Gallery
from sightline.evaluation.gold import Gold
from sightline.evaluation.rankers import Ranker
from sightline.evaluation.rankers.baselines import RandomRanker, file_words
from sightline.evaluation.rankers.by_caption import Bm25Ranker, read_captions
from sightline.evaluation.rankers.by_encoder import EncoderRanker
from sightline.library.reader import LibraryReader

OnWarning = Callable[[str], None]

DEFAULT_DEPTH = 20


@dataclass(frozen=True)
class PoolOptions:
    """How a pool is drawn; what isn't given is as it was last time.

    Attributes:
        depth: photos taken from the top of each ranker.
        models: names or folders; none stands for every model that the library holds vectors of.
        captions: JSONL files to search in.
        seed: of the random ranker and of the order.
    """

    depth: int | None = None
    models: Sequence[str] = ()
    captions: Sequence[Path] = ()
    seed: int | None = None

    @property
    def given(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.depth or self.models or self.captions or self.seed is not None)


def pool_rankers(
    gold: Gold,
    gallery: Gallery,
    reader: LibraryReader,
    options: PoolOptions,
    seed: int,
    on_warning: OnWarning,
) -> list[Ranker]:
    """Rankers that differ in kind: each model, file names, captions where there are any, chance.

    Args:
        on_warning: told of each model that was left out, and why.

    Raises:
        LibraryError, ModelError, UnknownModel: a model that was named can't be used.
        EvaluationError: no model can be used.
        GoldError: the captions can't be read.
    """
    models = (
        [_named_model(reader, gallery, name) for name in dict.fromkeys(options.models)]
        if options.models
        else _all_models(reader, gallery, on_warning)
    )
    words = [Bm25Ranker.of("filenames", file_words(gallery.files))]
    if options.captions:
        captions = read_captions(options.captions, gallery.paths)
        words.append(Bm25Ranker.of("bm25", [" ".join(texts) for texts in captions]))
    # Names such as IMG_0412 tell nobody anything, and would only add photos drawn by lot.
    speaking = [
        ranker for ranker in words if any(ranker.scores(query).any() for query in gold.queries)
    ]
    return [*models, *speaking, RandomRanker(len(gallery), seed)]


def _named_model(reader: LibraryReader, gallery: Gallery, name: str) -> EncoderRanker:
    encoder = load_encoder(name)
    for stored in reader.models():
        if stored.model_id == encoder.id:
            return EncoderRanker(name, encoder, reader.vectors_of(stored, gallery.photos))
    raise LibraryError(
        f"The library {reader.place.folder} holds no vectors of {encoder.id}. Run `sightline index "
        f"--model {name}` on the photos first."
    )


def _all_models(
    reader: LibraryReader, gallery: Gallery, on_warning: OnWarning
) -> list[EncoderRanker]:
    usable, reasons = [], []
    for stored in reader.models():
        try:
            encoder = load_encoder(stored.source)
            if encoder.id != stored.model_id:
                raise ModelError(f"{stored.source} is now {encoder.id}.")
            vectors = reader.vectors_of(stored, gallery.photos)
        except (LibraryError, ModelError, UnknownModel) as error:
            reasons.append(f"The pool goes without {stored.model_id}. {error}")
        else:
            usable.append(EncoderRanker(stored.model_id, encoder, vectors))
    if not usable:
        raise EvaluationError(" ".join(["No model can be asked what it would find.", *reasons]))
    for reason in reasons:
        on_warning(reason)
    return usable
