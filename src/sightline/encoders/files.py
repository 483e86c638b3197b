"""Files → vectors, in the order given; a file that is no usable photo costs itself and no other.

For commands that look at photos without keeping them; a library's photos go through its lanes.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sightline.encoders.dual import IMAGE_BATCH, DualEncoder, Vectors
from sightline.errors import BrokenPhoto, ModelError, PhotoError
from sightline.photos.read import PixelRecipe, decode, hash_of, read_bytes

Pixels = npt.NDArray[np.uint8]
Cut = Callable[[bytes, PixelRecipe], Pixels]
"""The bytes of a file → uint8 (v, size, size, 3): one or more views of one photo."""
Known = Callable[[str], Vectors | None]
"""The hash of a file → its vectors (v, d), where they are known already."""


@dataclass(frozen=True, eq=False)
class EmbeddedFile:
    """A photo with its vectors, float32 (v, d), unit rows, one for each view."""

    path: Path
    photo: str
    vectors: Vectors


@dataclass(frozen=True)
class FailedFile:
    """A file that can't be used, and why."""

    path: Path
    error: PhotoError


def whole_photo(data: bytes, recipe: PixelRecipe) -> Pixels:
    """The one view that a library keeps: uint8 (1, size, size, 3)."""
    return decode(data, recipe)[1][None]


def embed_files(
    encoder: DualEncoder,
    paths: Iterable[Path],
    *,
    cut: Cut = whole_photo,
    known: Known = lambda photo: None,
    threads: int = 1,
) -> Iterator[EmbeddedFile | FailedFile]:
    """Read each file once, decode and embed what isn't known.

    Args:
        cut: makes the views that are embedded.
        threads: batches under way at once.

    Raises:
        ModelError: the model can't embed anything; one photo that it can't embed is a `FailedFile`.
    """
    batch_of = _Batch(encoder, cut, known)
    with ThreadPoolExecutor(threads, thread_name_prefix="embed") as workers:
        waiting: deque[Future[list[EmbeddedFile | FailedFile]]] = deque()
        try:
            remaining = iter(paths)
            while batch := tuple(islice(remaining, IMAGE_BATCH)):
                waiting.append(workers.submit(batch_of, batch))
                if len(waiting) > threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


@dataclass(frozen=True)
class _Batch:
    encoder: DualEncoder
    cut: Cut
    known: Known

    def __call__(self, paths: tuple[Path, ...]) -> list[EmbeddedFile | FailedFile]:
        return self._embedded([self._read(path) for path in paths])

    def _read(self, path: Path) -> "EmbeddedFile | FailedFile | _Cut":
        try:
            data = read_bytes(path)
            photo = hash_of(data)
            vectors = self.known(photo)
            if vectors is not None:
                return EmbeddedFile(path, photo, vectors)
            return _Cut(path, photo, self.cut(data, self.encoder.pixel_recipe))
        except PhotoError as error:
            return FailedFile(path, error)
        except MemoryError:
            return FailedFile(path, BrokenPhoto("Decoding it needs more memory than there is."))

    def _embedded(
        self, files: "list[EmbeddedFile | FailedFile | _Cut]"
    ) -> list[EmbeddedFile | FailedFile]:
        cuts = [file for file in files if isinstance(file, _Cut)]
        vectors = iter(self._vectors_of(cuts))
        done: list[EmbeddedFile | FailedFile] = []
        for file in files:
            if not isinstance(file, _Cut):
                done.append(file)
                continue
            found = next(vectors)
            done.append(
                FailedFile(file.path, found)
                if isinstance(found, PhotoError)
                else EmbeddedFile(file.path, file.photo, found)
            )
        return done

    def _vectors_of(self, cuts: "list[_Cut]") -> list[Vectors | PhotoError]:
        """Vectors of each photo; if the model refuses a batch, of one after the other."""
        if not cuts:
            return []
        views = np.concatenate([cut.pixels for cut in cuts])
        try:
            vectors = np.concatenate(
                [
                    self.encoder.embed_pixels(views[at : at + IMAGE_BATCH])
                    for at in range(0, len(views), IMAGE_BATCH)
                ]
            )
        except (ModelError, MemoryError) as error:
            if len(cuts) > 1:
                return [found for cut in cuts for found in self._vectors_of([cut])]
            self.encoder.require_images()  # a model that embeds nothing is no fault of the photo
            return [BrokenPhoto(f"The model can't embed it: {error}")]
        ends = np.cumsum([len(cut.pixels) for cut in cuts])
        return list(np.split(vectors, ends[:-1]))


@dataclass(frozen=True, eq=False)
class _Cut:
    path: Path
    photo: str
    pixels: Pixels
