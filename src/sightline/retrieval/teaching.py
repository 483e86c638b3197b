"""`adapt`, from a folder or file of labelled photos to an adapter's file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from sightline.adaptation.adapter import Adapter
from sightline.adaptation.adapter_file import (
    ENDING,
    adapters_folder,
    require_name,
    require_replaceable,
    save_adapter,
)
from sightline.adaptation.examples import Example, draw, read_examples
from sightline.adaptation.kept import KeptEmbeddings
from sightline.adaptation.teach import OnProgress, WantedMethod, embed_examples, teach
from sightline.encoders import DualEncoder
from sightline.encoders.files import FailedFile
from sightline.errors import UsageError
from sightline.library.cores import usable_cores
from sightline.retrieval.classify import label_vectors
from sightline.retrieval.labels import TEMPLATES, Label


@dataclass(frozen=True, eq=False)
class AdaptReport:
    """What `adapt` made: the adapter, its file, the photos that could not be used, and how long.

    `adapter.origin.figures` holds the cross-validated shares of photos that were named right.
    """

    adapter: Adapter
    file: Path
    failed: tuple[FailedFile, ...]
    embed_seconds: float
    learn_seconds: float


def adapt(
    encoder: DualEncoder,
    data: Path,
    name: str,
    method: WantedMethod,
    out: Path | None,
    shots: int | None,
    seed: int,
    on_progress: OnProgress,
) -> AdaptReport:
    """Read, embed, learn, write.

    Raises:
        UsageError: the name, the data or the numbers make no sense, or a file can't be written.
        ModelError: the model can't be used.
    """
    require_name(name)
    if method not in {"auto", "cache", "residual", "both"}:
        raise UsageError(f"There is no method {method!r}: auto, cache, residual or both.")
    if seed < 0:
        raise UsageError(f"--seed must be at least 0, not {seed}.")
    file = out or adapters_folder() / f"{name}{ENDING}"
    require_replaceable(file)
    began = monotonic()
    examples = draw(read_examples(data), shots, seed)
    kept = KeptEmbeddings(encoder)
    embedded = embed_examples(encoder, examples, kept, usable_cores(), on_progress)
    labels = _described(embedded.labels, examples)
    texts = label_vectors(encoder, labels, TEMPLATES)
    embed_seconds = monotonic() - began
    adapter = teach(name, encoder.id, embedded, texts, method, seed, data)
    save_adapter(adapter, file)
    learn_seconds = monotonic() - began - embed_seconds
    return AdaptReport(adapter, file, embedded.failed, embed_seconds, learn_seconds)


def _described(names: Sequence[str], examples: Sequence[Example]) -> list[Label]:
    """Labels with what their photos' captions say of them, beside what the templates make."""
    said: dict[str, dict[str, None]] = {name: {} for name in names}
    for example in examples:
        if example.label in said:
            said[example.label] |= dict.fromkeys(example.sentences)
    return [
        Label(name, (*Label(name).sentences(TEMPLATES), *said[name])) if said[name] else Label(name)
        for name in names
    ]
