"""A dual encoder: one tower for pixels, one for words, trained to meet in one space.

Both towers end in unit vectors, so the dot product of a photo's vector with a sentence's is their
cosine: 1 for a perfect meeting, near 0 for strangers (Radford et al. 2021, arXiv:2103.00020).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sightline.encoders.session import Session, onnx_runtime, read_verified, verify
from sightline.encoders.spec import SPEC_FILE, ModelSpec, Provider, inside, read_spec
from sightline.encoders.tokenize import Tokenizer
from sightline.errors import ModelError

if TYPE_CHECKING:
    from PIL.Image import Image

    from sightline.encoders.providers import ProviderChoice
    from sightline.photos.read import PixelRecipe

    ImageLike = str | Path | Image | npt.NDArray[np.uint8]

IMAGE_BATCH = 8
"""Photos a call of the image graph: more gains nothing on a CPU core and costs memory."""
TEXT_BATCH = 32

Vectors = npt.NDArray[np.float32]
Feeds = dict[str, npt.NDArray[np.generic]]


class DualEncoder:
    """Embeds photos and sentences with one model folder. Safe to share between threads.

    Each tower is loaded at its first use: a search by words never pays for the image tower.

    Args:
        folder: with our own `model.json`, or in one of the layouts of `layouts.py`.
        provider: where the towers run (`providers.py`).
    """

    def __init__(self, folder: Path, provider: ProviderChoice = "auto") -> None:
        self.folder = folder
        self.spec: ModelSpec = _spec_of(folder)
        self._provider = provider
        self._sessions: dict[tuple[str, Provider], Session] = {}
        self._verified: set[str] = set()
        self._loading = Lock()
        self._words: Tokenizer | None = None
        self._loading_words = Lock()

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
        from sightline.encoders.normalise import graph_pixels

        image = self.spec.image
        prepared = graph_pixels(pixels, image)
        return self._run(self._image_session, image.output, {image.input: prepared}, image.batch)

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
            feeds: Feeds = {text.ids_input: ids.astype(text.ids, copy=False)}
            if text.mask_input is not None:
                feeds[text.mask_input] = mask.astype(text.ids, copy=False)
            batches.append(self._run(self._text_session, text.output, feeds, text.batch))
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

    def _run(self, session: Session, output: str, feeds: Feeds, batch: int | None) -> Vectors:
        """One batch, in the portions that a graph made for a fixed number of rows insists on."""
        unused = self._stand_ins(feeds)
        if batch is None:
            return self._checked(session.run(output, feeds, unused))
        rows = len(next(iter(feeds.values())))
        portions = []
        for at, stop in _spans(rows, batch):
            portion = {name: _filled_up(values[at:stop], batch) for name, values in feeds.items()}
            portions.append(session.run(output, portion, unused)[: stop - at])
        return self._checked(np.concatenate(portions))

    def _stand_ins(self, feeds: Feeds) -> Feeds:
        """The least that the other tower takes, where both are in one graph."""
        if not self.spec.joint:
            return {}
        image, text = self.spec.image, self.spec.text
        pixels = np.zeros((image.batch or 1, image.size, image.size, 3), np.uint8)
        tokens = np.ones((text.batch or 1, text.context), text.ids)
        if image.input in feeds:
            return dict.fromkeys(_token_inputs(self.spec), tokens)
        from sightline.encoders.normalise import graph_pixels

        return {image.input: graph_pixels(pixels, image)}

    def _checked(self, vectors: Vectors) -> Vectors:
        """Hold the graph to its promise: finite unit rows of d numbers."""
        if vectors.ndim != 2 or vectors.shape[1] != self.dimensions:
            raise ModelError(
                f"{self.folder} gives vectors of shape {vectors.shape[1:]}, "
                f"not the {self.dimensions} numbers that its description promises."
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(lengths)) or np.any(lengths < 1e-6):
            raise ModelError(f"{self.folder} gives vectors that are not finite numbers.")
        return np.asarray(vectors / lengths, dtype=np.float32)

    def _joined(self, batches: list[Vectors]) -> Vectors:
        if not batches:
            return np.empty((0, self.dimensions), dtype=np.float32)
        return np.concatenate(batches)

    @property
    def _image_session(self) -> Session:
        image = self.spec.image
        provider = self._provider
        if provider != "cpu":
            from sightline.encoders.providers import image_provider

            provider = image_provider(provider)
        return self._session(image.file, provider, {image.input}, image.output)

    @property
    def _text_session(self) -> Session:
        text = self.spec.text
        # A query is one sentence: starting a graphics card costs more than it saves.
        provider = "cpu" if self._provider == "auto" else self._provider
        return self._session(text.file, provider, _token_inputs(self.spec), text.output)

    @property
    def _tokenizer(self) -> Tokenizer:
        with self._loading_words:
            if self._words is None:
                self._words = self._load_words()
            return self._words

    def _load_words(self) -> Tokenizer:
        """The tokenizer, made while the graph that its ids go to loads: both take about as long.

        It is the one on another thread because it keeps the GIL while it is made: a graph that is
        being loaded can do without, all that comes before can't.
        """
        onnx_runtime()
        self._verify(self.spec.text.file)
        with ThreadPoolExecutor(1) as beside:
            tokenizer = beside.submit(self._load_tokenizer)
            _ = self._text_session
            return tokenizer.result()

    def _load_tokenizer(self) -> Tokenizer:
        text = self.spec.text
        path = inside(self.folder, text.tokenizer)
        return Tokenizer(read_verified(path, self.spec.files.get(text.tokenizer)), text, path)

    def _session(self, file: str, provider: Provider, inputs: set[str], output: str) -> Session:
        """The graph in `file`, loaded once for both towers if it holds both."""
        with self._loading:
            if (file, provider) not in self._sessions:
                if self.spec.joint:
                    inputs = {self.spec.image.input, *_token_inputs(self.spec)}
                self._sessions[file, provider] = self._load_session(file, provider, inputs, output)
            return self._sessions[file, provider]

    def _load_session(
        self, file: str, provider: Provider, inputs: set[str], output: str
    ) -> Session:
        path = inside(self.folder, file)
        self._verify(file)
        session = Session(path, provider)
        if session.inputs != inputs or output not in session.outputs:
            raise ModelError(
                f"{path} takes {sorted(session.inputs)} and gives {sorted(session.outputs)}, "
                f"but its description names {sorted(inputs)} and {output!r}."
            )
        return session

    def _verify(self, file: str) -> None:
        """Check a graph, and the weights outside it: `image.onnx.data`, `model.onnx_data`."""
        if file in self._verified:
            return
        outside = {name for name in self.spec.files if name.startswith(file)}
        for tower in (self.spec.image, self.spec.text):
            outside |= set(tower.weights if tower.file == file else ())
        for part in {file, *outside}:
            verify(inside(self.folder, part), self.spec.files.get(part))
        self._verified.add(file)


def _token_inputs(spec: ModelSpec) -> set[str]:
    text = spec.text
    return {text.ids_input, text.mask_input} if text.mask_input else {text.ids_input}


def _spec_of(folder: Path) -> ModelSpec:
    if os.path.isfile(folder / SPEC_FILE):  # noqa: PTH113 - never raises, whatever the name
        return read_spec(folder)
    # Imported here: the bundled model, which most searches use, has its description ready.
    from sightline.encoders.layouts import derive_spec, has_layout

    return derive_spec(folder) if has_layout(folder) else read_spec(folder)


def _filled_up(rows: npt.NDArray[np.generic], batch: int) -> npt.NDArray[np.generic]:
    """As many rows as the graph insists on; the last one again and again."""
    missing = batch - len(rows)
    return np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing else rows


def _spans(count: int, step: int) -> list[tuple[int, int]]:
    return [(at, min(at + step, count)) for at in range(0, count, step)]
