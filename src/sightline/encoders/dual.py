"""A dual encoder: one tower for pixels, one for words, trained to meet in one space.

Both towers end in unit vectors, so the dot product of a photo's vector with a sentence's is their
cosine: 1 for a perfect meeting, near 0 for strangers (Radford et al. 2021, arXiv:2103.00020).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sightline.encoders.session import Session, read_verified, verify
from sightline.encoders.spec import ModelSpec, read_spec
from sightline.encoders.tokenize import Tokenizer
from sightline.errors import ModelError

if TYPE_CHECKING:
    from PIL.Image import Image

    from sightline.photos.read import PixelRecipe

    ImageLike = str | Path | Image | npt.NDArray[np.uint8]

IMAGE_BATCH = 8
"""Photos a call of the image graph: more gains nothing on a CPU core and costs memory."""
TEXT_BATCH = 32

Vectors = npt.NDArray[np.float32]


class DualEncoder:
    """Embeds photos and sentences with one model folder. Safe to share between threads.

    Each tower is loaded at its first use: a search by words never pays for the image tower.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec: ModelSpec = read_spec(folder)
        self._loading = Lock()

    @property
    def id(self) -> str:
        """The model id: name and fingerprint of weights and preprocessing."""
        return self.spec.id

    @property
    def dimensions(self) -> int:
        """Length d of every vector."""
        return self.spec.dimensions

    @property
    def pixel_recipe(self) -> PixelRecipe:
        """How this model wants its pixels."""
        from sightline.photos.read import PixelRecipe

        image = self.spec.image
        return PixelRecipe(size=image.size, fit=image.fit, resample=image.resample)

    def require_images(self) -> None:
        """Load the image tower and embed one black picture: a broken model shows before any work.

        Raises:
            ModelError: no photo could be embedded.
        """
        self.embed_pixels(np.zeros((1, self.spec.image.size, self.spec.image.size, 3), np.uint8))

    def embed_images(self, images: Sequence[ImageLike]) -> Vectors:
        """Embed photos given as paths, PIL images or uint8 arrays (height, width, 3) in RGB.

        Returns:
            float32 (n, d), unit rows, in the order given.

        Raises:
            PhotoError: a path is no photo that can be used.
            ModelError: the model can't be used.
        """
        batches = [
            self.embed_pixels(np.stack([self._pixels(image) for image in images[at:stop]]))
            for at, stop in _spans(len(images), IMAGE_BATCH)
        ]
        return self._joined(batches)

    def embed_pixels(self, pixels: npt.NDArray[np.uint8]) -> Vectors:
        """Embed pixels already cut to this model's recipe.

        Args:
            pixels: uint8 (n, size, size, 3), RGB.

        Returns:
            float32 (n, d), unit rows.
        """
        image = self.spec.image
        return self._checked(self._image_session.run(image.output, {image.input: pixels}))

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed sentences.

        Returns:
            float32 (n, d), unit rows, in the order given. A text longer than the model's context
            is cut off there.
        """
        text = self.spec.text
        batches = []
        for at, stop in _spans(len(texts), TEXT_BATCH):
            ids, mask = self._tokenizer(list(texts[at:stop]))
            feeds: dict[str, npt.NDArray[np.generic]] = {text.ids_input: ids}
            if text.mask_input is not None:
                feeds[text.mask_input] = mask
            batches.append(self._checked(self._text_session.run(text.output, feeds)))
        return self._joined(batches)

    def knows_words_of(self, text: str) -> bool:
        """Whether the tokenizer has at least one token for this text that isn't "unknown".

        A text of nothing but unknown tokens (another script, an emoji) still gets a vector, and
        every such text the same one.
        """
        return self._tokenizer.knows(text)

    def _pixels(self, image: ImageLike) -> npt.NDArray[np.uint8]:
        # Imported here: a search by words decodes no picture, and start-up time is a feature.
        from PIL.Image import fromarray

        from sightline.photos.read import pixels_of, read_photo

        if isinstance(image, (str, Path)):
            return read_photo(Path(image), self.pixel_recipe).pixels
        if isinstance(image, np.ndarray):
            image = fromarray(image)
        return pixels_of(image, self.pixel_recipe)

    def _checked(self, vectors: Vectors) -> Vectors:
        """Hold the graph to its promise: finite unit rows of d numbers."""
        if vectors.ndim != 2 or vectors.shape[1] != self.dimensions:
            raise ModelError(
                f"{self.folder} gives vectors of shape {vectors.shape[1:]}, "
                f"not the {self.dimensions} numbers that its model.json promises."
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(lengths)) or np.any(lengths < 1e-6):
            raise ModelError(f"{self.folder} gives vectors that are not finite numbers.")
        return np.asarray(vectors / lengths, dtype=np.float32)

    def _joined(self, batches: list[Vectors]) -> Vectors:
        if not batches:
            return np.empty((0, self.dimensions), dtype=np.float32)
        return np.concatenate(batches)

    @cached_property
    def _image_session_once(self) -> Session:
        image = self.spec.image
        return self._load_session(image.file, {image.input}, image.output)

    @property
    def _image_session(self) -> Session:
        with self._loading:
            return self._image_session_once

    @cached_property
    def _text_parts_once(self) -> tuple[Tokenizer, Session]:
        text = self.spec.text
        path = self.folder / text.tokenizer
        definition = read_verified(path, self.spec.files.get(text.tokenizer))
        needed = {text.ids_input} | ({text.mask_input} if text.mask_input else set())
        return Tokenizer(definition, text, path), self._load_session(text.file, needed, text.output)

    @property
    def _tokenizer(self) -> Tokenizer:
        with self._loading:
            return self._text_parts_once[0]

    @property
    def _text_session(self) -> Session:
        with self._loading:
            return self._text_parts_once[1]

    def _load_session(self, file: str, inputs: set[str], output: str) -> Session:
        path = self.folder / file
        for part in (file, f"{file}.data"):  # ONNX's name for weights that stand outside the graph
            if part == file or part in self.spec.files:
                verify(self.folder / part, self.spec.files.get(part))
        session = Session(path)
        if session.inputs != inputs or output not in session.outputs:
            raise ModelError(
                f"{path} takes {sorted(session.inputs)} and gives {sorted(session.outputs)}, "
                f"but model.json names {sorted(inputs)} and {output!r}."
            )
        return session


def _spans(count: int, step: int) -> list[tuple[int, int]]:
    return [(at, min(at + step, count)) for at in range(0, count, step)]
