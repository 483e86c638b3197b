"""The same queries over altered copies of the gallery's photos."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from PIL import Image

from sightline.errors import PhotoError
from sightline.evaluation.alterations import ALTERATIONS, Alteration
from sightline.evaluation.gold import write_whole
from sightline.evaluation.kept_texts import read_kept
from sightline.evaluation.measure import query_results
from sightline.evaluation.progress import OnProgress
from sightline.evaluation.rankers.build import Workshop
from sightline.evaluation.rankers.by_encoder import EncoderRanker
from sightline.evaluation.results import QueryResult
from sightline.evaluation.scoring import Scored
from sightline.photos.thumbnail import thumbnail_image

_SIDE = 640
"""Longest side that copies are made with; larger photos are scaled down first."""
_PORTION = 64


def altered_results(
    workshop: Workshop, folder: Path, on_progress: OnProgress
) -> list[tuple[str, tuple[QueryResult, ...]]]:
    """For each alteration (the first is none), what the first model finds for each query.

    The vectors of altered photos are kept in `folder`; the copies themselves are not.

    Raises:
        PhotoError: a photo of the gallery can't be read any more.
    """
    model = workshop.models[0]
    found = []
    for alteration in ALTERATIONS:
        vectors = _vectors(workshop, model, alteration, folder, on_progress)
        ranker = EncoderRanker(alteration.name, model.encoder, vectors)
        scored = [Scored(ranker.scores(query), 0.0) for query in workshop.gold.queries]
        results = query_results(workshop.gold, workshop.gallery, scored)
        found.append((alteration.name, results))
    return found


def _vectors(
    workshop: Workshop,
    model: EncoderRanker,
    alteration: Alteration,
    folder: Path,
    on_progress: OnProgress,
) -> npt.NDArray[np.float32]:
    name = "".join(char if char.isalnum() else "-" for char in alteration.name)
    kept = folder / "cache" / f"altered-{model.id}-{workshop.gallery.hash[:12]}-{name}.npy"
    vectors = read_kept(kept)
    if vectors is not None and vectors.shape == model.vectors.shape:
        return vectors.astype(np.float32)
    portions = []
    paths = workshop.gallery.paths
    for at in range(0, len(paths), _PORTION):
        on_progress(f"photos {alteration.name}", at, len(paths))
        with TemporaryDirectory() as made:
            copies = [
                alteration.write(_picture(path), Path(made) / f"{number:04}")
                for number, path in enumerate(paths[at : at + _PORTION])
            ]
            portions.append(model.encoder.embed_images(copies))
    stream = BytesIO()
    np.save(stream, np.concatenate(portions))
    write_whole(kept, stream.getvalue())
    return np.concatenate(portions)


def _picture(path: Path) -> Image.Image:
    try:
        return thumbnail_image(path, _SIDE)
    except PhotoError as error:
        raise type(error)(f"{path}: {error}") from None
