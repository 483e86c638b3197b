"""Labelled photos → embeddings → an adapter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sightline.adaptation.adapter import Adapter, Origin, directions_of
from sightline.adaptation.choice import choose
from sightline.adaptation.examples import Example
from sightline.adaptation.kept import KeptEmbeddings
from sightline.adaptation.shots import Shots, Vectors
from sightline.adaptation.views import seven_views
from sightline.encoders import DualEncoder
from sightline.encoders.files import EmbeddedFile, FailedFile, embed_files
from sightline.errors import UsageError
from sightline.version import __version__

OnProgress = Callable[[int, int], None]
"""Called with photos done and photos in all."""
WantedMethod = Literal["auto", "cache", "residual", "both"]


@dataclass(frozen=True, eq=False)
class EmbeddedExamples:
    """What could be embedded: `labels` in order, `shots`, and the files that can't be used."""

    labels: tuple[str, ...]
    shots: Shots
    failed: tuple[FailedFile, ...]


def embed_examples(
    encoder: DualEncoder,
    examples: Sequence[Example],
    kept: KeptEmbeddings,
    threads: int,
    on_progress: OnProgress,
) -> EmbeddedExamples:
    """Embed seven views of each photo, or take them from an earlier run.

    Raises:
        UsageError: fewer than two labels have a photo that can be used, or the cache can't be.
        ModelError: the model can't be used.
    """
    done: list[tuple[str, Vectors]] = []
    failed: list[FailedFile] = []
    files = embed_files(
        encoder,
        [example.path for example in examples],
        cut=seven_views,
        known=kept.get,
        threads=threads,
    )
    try:
        for at, (example, file) in enumerate(zip(examples, files, strict=True), 1):
            if isinstance(file, EmbeddedFile):
                kept.add(file.photo, file.vectors)
                done.append((example.label, file.vectors))
            else:
                failed.append(file)
            on_progress(at, len(examples))
    finally:
        kept.save()
    labels = tuple(sorted({label for label, _ in done}))
    if len(labels) < 2:
        first = f" The first: {failed[0].path}: {failed[0].error}" if failed else ""
        raise UsageError(
            f"Only {len(labels)} labels have a photo that can be used; two are needed.{first}"
        )
    rows = {label: row for row, label in enumerate(labels)}
    shots = Shots(
        np.stack([vectors for _, vectors in done]),
        np.array([rows[label] for label, _ in done], dtype=np.int64),
        len(labels),
    )
    return EmbeddedExamples(labels, shots, tuple(failed))


def teach(
    name: str,
    model_id: str,
    embedded: EmbeddedExamples,
    texts: Vectors,
    method: WantedMethod,
    seed: int,
    data: Path,
) -> Adapter:
    """Learn an adapter.

    Args:
        texts: the labels' vectors from words, float32 (labels, d), unit rows.
    """
    shots = embedded.shots
    chosen, parts, figures = choose(shots, texts, method, seed)
    return Adapter(
        name,
        model_id,
        chosen,
        embedded.labels,
        texts,
        parts,
        directions_of(shots, parts, texts),
        Origin(
            data=data.name,
            shots=tuple(shots.sizes.tolist()),
            seed=seed,
            version=__version__,
            figures=figures,
        ),
    )
