"""Lanes: one per core, each reading, decoding and embedding in the same thread.

A lane takes files from a shared queue until its batch is full, runs the image graph once, and
hands the results on. Pillow, hashing and ONNX Runtime all let go of Python's lock, so lanes keep
every core at work with no hand-over between decoder and model (docs/decisions/0004-lanes.md).
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from queue import SimpleQueue
from threading import Event, Thread

import numpy as np
import numpy.typing as npt

from sightline.encoders import DualEncoder
from sightline.encoders.dual import IMAGE_BATCH
from sightline.errors import BrokenPhoto, ModelError, PhotoError
from sightline.library.database import connect_to_read
from sightline.library.place import Place
from sightline.library.writer import Embedded, Failed, knows_vector
from sightline.photos.read import Facts, decode, hash_of, read_bytes
from sightline.photos.walk import FoundFile

Result = Embedded | Failed
_Waiting = tuple[FoundFile, str, Facts, npt.NDArray[np.uint8]]


class Lanes:
    """Runs files through `count` lanes with a bounded number of them under way."""

    def __init__(
        self, place: Place, model_row: int, encoder: DualEncoder, count: int, max_megapixels: float
    ) -> None:
        self._place = place
        self._model_row = model_row
        self._encoder = encoder
        self._max_megapixels = max_megapixels
        self._count = count
        self._files: SimpleQueue[FoundFile | None] = SimpleQueue()
        self._results: SimpleQueue[Result | BaseException] = SimpleQueue()
        self._stop = Event()

    def run(self, files: Iterable[FoundFile]) -> Generator[Result, None, None]:
        """Yield one result a file, in the order in which they are done.

        An exception that is no file's fault ends the run and is raised here. Closing the iterator
        early stops the lanes after their current batch.
        """
        # Enough to fill every lane's batch twice: a full queue can't starve a half-filled batch.
        limit = self._count * IMAGE_BATCH * 3
        threads = [Thread(target=self._lane, name=f"lane-{n}") for n in range(self._count)]
        for thread in threads:
            thread.start()
        under_way = 0
        try:
            for file in files:
                self._files.put(file)
                under_way += 1
                if under_way >= limit:
                    yield self._next_result()
                    under_way -= 1
            for _ in threads:
                self._files.put(None)
            for _ in range(under_way):
                yield self._next_result()
        finally:
            self._stop.set()
            for _ in threads:
                self._files.put(None)
            for thread in threads:
                thread.join()

    def _next_result(self) -> Result:
        result = self._results.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def _lane(self) -> None:
        try:
            with closing(connect_to_read(self._place)) as connection:
                self._drive(lambda known: knows_vector(connection, self._model_row, known))
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread
            self._results.put(error)

    def _drive(self, knows: Callable[[str], bool]) -> None:
        waiting: list[_Waiting] = []
        while not self._stop.is_set():
            file = self._files.get()
            if file is None:
                self._embed(waiting)
                return
            ready = self._read(file, knows)
            if not isinstance(ready, tuple):
                self._results.put(ready)
                continue
            waiting.append(ready)
            if len(waiting) == IMAGE_BATCH:
                self._embed(waiting)
                waiting = []

    def _read(self, file: FoundFile, knows: Callable[[str], bool]) -> Result | _Waiting:
        """Read the file once; decode it only if its vector is not known."""
        try:
            data = read_bytes(file.path, expected=file)
            photo_hash = hash_of(data)
            if knows(photo_hash):
                return Embedded(file, photo_hash, None, None)
            facts, pixels = decode(data, self._encoder.pixel_recipe, self._max_megapixels)
        except PhotoError as error:
            return Failed(file, error)
        except MemoryError:
            return Failed(file, BrokenPhoto("Decoding it needs more memory than there is."))
        return file, photo_hash, facts, pixels

    def _embed(self, waiting: list[_Waiting]) -> None:
        """Embed a batch; if it fails, one by one, so that one bad photo costs one photo."""
        if not waiting:
            return
        try:
            vectors = self._encoder.embed_pixels(np.stack([pixels for *_, pixels in waiting]))
        except (ModelError, MemoryError) as error:
            if len(waiting) > 1:
                for one in waiting:
                    self._embed([one])
                return
            self._results.put(
                Failed(waiting[0][0], BrokenPhoto(f"The model can't embed it: {error}"))
            )
            return
        for (file, photo_hash, facts, _), vector in zip(waiting, vectors, strict=True):
            self._results.put(Embedded(file, photo_hash, facts, vector))
