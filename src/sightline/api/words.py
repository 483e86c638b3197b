"""`similarity`, `classify`, `adapt`: pictures and words without a library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.api.adapters import adapter_at
from sightline.encoders import load_encoder

if TYPE_CHECKING:
    from sightline.adaptation.teach import WantedMethod
    from sightline.encoders.dual import ImageLike
    from sightline.encoders.providers import ProviderChoice
    from sightline.retrieval.classify import Classified
    from sightline.retrieval.labels import Label
    from sightline.retrieval.similarity import Similarity
    from sightline.retrieval.teaching import AdaptReport

__all__ = ["adapt", "classify", "similarity"]


def similarity(
    image: ImageLike,
    texts: str | Iterable[str],
    *,
    model: str | Path | None = None,
    provider: ProviderChoice = "auto",
) -> list[Similarity]:
    """Compare a picture with one or more sentences, in the order given.

    Args:
        image: a path, a PIL image, or uint8 (height, width, 3) in RGB.

    Raises:
        QueryError: a text is empty or unknown to the model, or the picture can't be used.
        ModelError: the model can't be used.
    """
    from sightline.retrieval.similarity import similarity

    sentences = [texts] if isinstance(texts, str) else list(texts)
    return similarity(load_encoder(model, provider), image, sentences)


def classify(
    images: ImageLike | Iterable[ImageLike],
    labels: Iterable[str | Label] | None = None,
    *,
    templates: Sequence[str] | None = None,
    k: int = 5,
    temperature: float | None = None,
    model: str | Path | None = None,
    adapter: str | Path | None = None,
    provider: ProviderChoice = "auto",
) -> Iterator[Classified]:
    """Sort pictures into labels. Everything asked is checked before the first result comes.

    Args:
        images: a path, a PIL image, uint8 (height, width, 3) in RGB, or several of these. The
            path of a folder stands for the photos in it.
        labels: what to choose from; with an adapter, by default all that it was taught.
        templates: sentences with `{}` where the label goes; plain English ones by default.
        k: labels a picture, best first.
        temperature: cosines are divided by it before the softmax; with an adapter, its logits are.
        adapter: words taught by `adapt`, by name or file.

    Returns:
        One result a picture, in order, as they are done. One that can't be used says why.

    Raises:
        UsageError: labels, templates, k or temperature make no sense, or a path isn't there.
        ModelError: the model or the adapter can't be used.
    """
    from sightline.retrieval.classify import Classifier, classify_all, pictures_of
    from sightline.retrieval.labels import TEMPLATES, labels_of, templates_of

    classifier = Classifier(
        load_encoder(model, provider),
        None if labels is None else labels_of(labels),
        TEMPLATES if templates is None else templates_of(templates),
        temperature,
        adapter_at(adapter),
    )
    return classify_all(classifier, pictures_of(images), k)


def adapt(
    data: str | Path,
    name: str,
    *,
    method: WantedMethod = "auto",
    model: str | Path | None = None,
    out: str | Path | None = None,
    shots: int | None = None,
    seed: int = 0,
    provider: ProviderChoice = "auto",
    on_progress: Callable[[int, int], None] | None = None,
) -> AdaptReport:
    """Teach a model the words of your own field from labelled photos.

    Args:
        data: a folder with a folder of photos for each label, or a JSONL file with a photo and a
            label or captions a line.
        name: what `adapter=` will find it by.
        method: `cache`, `residual`, `both`, or the one that does best on photos held out.
        out: the file to write; by default one among the user's adapters.
        shots: at most so many photos of each label, drawn with `seed`.
        on_progress: called with photos embedded and photos in all.

    Raises:
        UsageError: the name, the data or the numbers make no sense.
        ModelError: the model can't be used.
    """
    from sightline.retrieval.teaching import adapt

    encoder = load_encoder(model, provider)
    file = None if out is None else Path(out)
    report = on_progress or (lambda done, total: None)
    return adapt(encoder, Path(data), name, method, file, shots, seed, report)
