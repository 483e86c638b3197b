"""Photos → labels, by words alone or with an adapter.

A label's vector is the mean direction of its sentences (the prompt ensemble of CLIP, Radford et al.
2021, arXiv:2103.00020, section 3.1.4). A softmax over the cosines, divided by a temperature, gives
each label its share. The shares say how the labels compare, as if one of them had to be right.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sightline.encoders.dual import DualEncoder, Vectors
from sightline.encoders.files import EmbeddedFile, embed_files
from sightline.errors import PhotoError, UsageError
from sightline.library.cores import usable_cores
from sightline.library.place import absolute_path
from sightline.photos.walk import WalkRules, walk
from sightline.retrieval.labels import TEMPLATES, Label
from sightline.retrieval.query import require_words

if TYPE_CHECKING:
    from sightline.adaptation.adapter import Adapter
    from sightline.encoders.dual import ImageLike

CLIP_SCALE = 100.0
"""Where CLIP caps the scale of its cosines (section 2.5): used for a model with no calibration."""


@dataclass(frozen=True)
class LabelScore:
    """A label for a photo.

    `share` is the softmax over all labels asked for, from 0 to 1. `cosine` is that of the photo
    and the label's words, with an adapter too.
    """

    label: str
    share: float
    cosine: float


@dataclass(frozen=True)
class Classified:
    """A photo's best labels, best first; or why it can't be used, and none.

    `path` is None for a picture that came from no file.
    """

    path: Path | None
    labels: tuple[LabelScore, ...]
    error: str | None = None


class Classifier:
    """Some labels, embedded once, for any number of photos."""

    def __init__(
        self,
        encoder: DualEncoder,
        labels: Sequence[Label] | None = None,
        templates: Sequence[str] = TEMPLATES,
        temperature: float | None = None,
        adapter: Adapter | None = None,
    ) -> None:
        """Embed the labels' sentences.

        Args:
            labels: what to choose from; with an adapter, by default all that it was taught.
            temperature: cosines are divided by it before the softmax. By default one over the
                model's own scale, or `CLIP_SCALE` for a model that has none. An adapter's
                logits have a fitted temperature already and are divided by this one on top.

        Raises:
            UsageError: no labels, an impossible temperature, or labels unknown to the adapter.
            ModelError: the model can't be used, or the adapter belongs to another one.
        """
        if temperature is not None and not 0 < temperature < float("inf"):
            raise UsageError(f"The temperature must be a number above 0, not {temperature:g}.")
        self._encoder = encoder
        self._adapter = adapter
        if adapter is None:
            if labels is None:
                raise UsageError("Say what to choose from, with --labels or --adapter.")
            self.names = tuple(label.name for label in labels)
            self._texts = label_vectors(encoder, labels, templates)
            self._temperature = temperature or 1 / cosine_scale(encoder)
        else:
            adapter.require_model(encoder.id)
            self.names = adapter.labels if labels is None else tuple(one.name for one in labels)
            self._rows = adapter.rows_of(self.names)
            self._texts = adapter.texts[self._rows]
            self._temperature = temperature or 1.0

    def shares(self, vectors: Vectors) -> npt.NDArray[np.float32]:
        """Softmax shares of the labels, float32 (n, labels), for photo vectors float32 (n, d)."""
        logits = (
            vectors @ self._texts.T
            if self._adapter is None
            else self._adapter.logits(vectors)[:, self._rows]
        )
        scaled = logits / self._temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)

    def best(self, vector: Vectors, k: int) -> tuple[LabelScore, ...]:
        """The k best labels for one photo's vector, float32 (d,); ties in the order asked."""
        (shares,) = self.shares(vector[None])
        cosines = self._texts @ vector
        return tuple(
            LabelScore(self.names[row], float(shares[row]), float(cosines[row]))
            for row in np.argsort(-shares, kind="stable")[:k]
        )

    def classify_files(
        self, paths: Iterable[Path], k: int, threads: int = 1
    ) -> Iterator[Classified]:
        """Classify files in the order given, one result each; a bad one says why."""
        for file in embed_files(self._encoder, paths, threads=threads):
            if isinstance(file, EmbeddedFile):
                yield Classified(file.path, self.best(file.vectors[0], k))
            else:
                yield Classified(file.path, (), str(file.error))

    def classify_image(self, image: ImageLike, k: int) -> Classified:
        """Classify one picture: a path, a PIL image, or uint8 (height, width, 3) in RGB."""
        path = Path(image) if isinstance(image, (str, Path)) else None
        try:
            (vector,) = self._encoder.embed_images([image])
        except PhotoError as error:
            return Classified(path, (), str(error))
        return Classified(path, self.best(vector, k))


def label_vectors(
    encoder: DualEncoder, labels: Sequence[Label], templates: Sequence[str]
) -> Vectors:
    """One unit row a label, float32 (labels, d): the normalised mean of its sentences' vectors.

    Raises:
        QueryError: the model knows no word of a label.
    """
    sentences = [label.sentences(templates) for label in labels]
    require_words([" ".join(label.prompts) or label.name for label in labels], encoder)
    vectors = encoder.embed_texts([sentence for several in sentences for sentence in several])
    ends = np.cumsum([len(several) for several in sentences])
    means = np.stack([rows.mean(axis=0) for rows in np.split(vectors, ends[:-1])])
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)


def cosine_scale(encoder: DualEncoder) -> float:
    """What cosines of this model are multiplied by before a softmax.

    Where the model is calibrated, the odds of a match are exp(scale · cosine + bias); given that
    exactly one label is right, each one's share is its part of the odds: a softmax of this scale.
    """
    calibration = encoder.spec.calibration
    return CLIP_SCALE if calibration is None else calibration.scale


def pictures_of(images: ImageLike | Iterable[ImageLike]) -> list[ImageLike]:
    """One picture or several, as a list; a string must not be taken for its letters."""
    from PIL.Image import Image

    if isinstance(images, (str, Path, np.ndarray, Image)):
        return [images]
    return list(images)


def classify_all(
    classifier: Classifier, images: Sequence[ImageLike], k: int
) -> Iterator[Classified]:
    """Classify pictures in order; the path of a folder stands for the photos in it.

    Raises:
        UsageError: no picture was given, a path is empty, or k is below 1.
    """
    if not isinstance(k, int) or k < 1:
        raise UsageError(f"-k must be a whole number of at least 1, not {k}.")
    if not images:
        raise UsageError("Name at least one photo or folder.")
    if not all(str(image) for image in images if isinstance(image, (str, Path))):
        raise UsageError("A path is an empty name; name a folder or a file.")
    return _classified(classifier, images, k)


def _classified(
    classifier: Classifier, images: Sequence[ImageLike], k: int
) -> Iterator[Classified]:
    for are_paths, group in groupby(images, lambda image: isinstance(image, (str, Path))):
        if are_paths:
            yield from classifier.classify_files(_files_at(group), k, usable_cores())
        else:
            yield from (classifier.classify_image(image, k) for image in group)


def _files_at(paths: Iterable[ImageLike]) -> Iterator[Path]:
    """Each file once, and what is in it if it is a folder; what can't be walked is left in.

    Reading it then says what is wrong with it.
    """
    unreadable: list[bytes] = []
    seen: set[bytes] = set()
    for path in paths:
        found = walk(
            [absolute_path(str(path))], WalkRules(), lambda at, reason: unreadable.append(at)
        )
        for file in (photo.path for photo in found):
            if file not in seen:
                seen.add(file)
                yield Path(os.fsdecode(file))
        yield from (Path(os.fsdecode(file)) for file in unreadable if file not in seen)
        seen |= set(unreadable)
        unreadable.clear()
