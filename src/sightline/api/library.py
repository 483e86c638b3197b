"""`Library`: a folder of photos that answers questions. The commands are thin layers over it.

What only writing or reporting needs is imported where it is used: a search is the common case, and
its start-up is what people wait for.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

from sightline.api.adapters import adapter_at
from sightline.api.indexing import index, make_current, open_writer, several
from sightline.encoders import DualEncoder, load_encoder
from sightline.errors import LibraryError, LibraryNotFound, ModelError, UnknownModel, UsageError
from sightline.library.database import is_outdated
from sightline.library.filters import Filters
from sightline.library.place import Place, absolute_path, library_place
from sightline.library.reader import LibraryReader, StoredModel
from sightline.retrieval.match import Match
from sightline.retrieval.query import Query
from sightline.retrieval.search import Sort, search

if TYPE_CHECKING:
    from sightline.encoders.providers import ProviderChoice
    from sightline.library.health import Failure, Status
    from sightline.library.indexer import IndexOptions, IndexReport, OnProgress

__all__ = ["Library"]


class Library:
    """An index of photos on disk.

    ::

        with Library.create("/data/my-library") as library:
            library.index(["/home/me/Pictures"])
            for match in library.search("birthday cake", k=5):
                print(match.score, match.path)

    Photos are only ever read. Everything here may be called from several threads.
    """

    def __init__(self, place: Place, provider: ProviderChoice = "auto") -> None:
        """Use `Library.open` or `Library.create`."""
        self._place = place
        self._provider = provider
        self._reader: LibraryReader | None = None
        self._encoders: dict[str, DualEncoder] = {}
        self._opening = Lock()

    @classmethod
    def open(cls, folder: str | Path | None = None, provider: ProviderChoice = "auto") -> Library:
        """Open a library that exists.

        Args:
            folder: where it is; by default `SIGHTLINE_LIBRARY`, or the user's data folder.
            provider: where encoders run: "cpu", "cuda"…; by default a graphics card if there is
                one, and for photos only.

        Raises:
            LibraryNotFound: nothing has been indexed there.
            LibraryError: it can't be read.
        """
        library = cls(library_place(folder), provider)
        library._reading()
        return library

    @classmethod
    def create(cls, folder: str | Path | None = None) -> Library:
        """Open a library, or make an empty one if there is none yet; an older one is migrated.

        Raises:
            LibraryError: it can't be made or read.
        """
        place = library_place(folder)
        if is_outdated(place):
            make_current(place)
        try:
            return cls.open(place.folder)
        except LibraryNotFound:
            make_current(place)
        return cls.open(place.folder)

    @property
    def folder(self) -> Path:
        """Where the library is."""
        return self._place.folder

    def index(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        model: str | Path | None = None,
        options: IndexOptions | None = None,
        adapter: str | Path | None = None,
        dry_run: bool = False,
        on_progress: OnProgress | None = None,
    ) -> IndexReport:
        """Bring the library up to date with the photos under `paths`. Safe to kill at any moment.

        Args:
            model: a catalogue name or a model folder; by default the one used here last, or the
                bundled one. A model new to this library is built beside the others.
            adapter: words taught by `adapt`, by name or file, to be kept with the library. No
                vector depends on it: searches use it where they name it.
            dry_run: only look and compare; write nothing.
            on_progress: called about once a second, from this thread.

        Raises:
            UsageError: a path doesn't exist, or the library would stand among the photos.
            LibraryError: busy, unwritable, damaged; what was committed before stays.
        """
        return index(
            self._place,
            paths,
            model,
            options,
            dry_run,
            on_progress,
            adapter=adapter,
            provider=self._provider,
        )

    def search(
        self,
        query: str | Query,
        *,
        k: int = 12,
        filters: Filters | None = None,
        sort: Sort = "score",
        model: str | Path | None = None,
        adapter: str | Path | None = None,
    ) -> list[Match]:
        """Find the k photos that fit the query best. Needs no write access, never indexes.

        Args:
            adapter: words taught by `adapt`, by name or file. Changes nothing in the library.

        Raises:
            QueryError: the query is empty or can't be answered as asked.
            LibraryError, ModelError: the library, or its model, can't be used.
        """
        asked = Query.of(query) if isinstance(query, str) else query
        reader = self._reading()
        stored, encoder = self._model(reader, model)
        taught = adapter_at(adapter, self._place)
        return search(reader, stored, encoder, asked, k, filters or Filters(), sort, taught)

    def status(self) -> Status:
        """What the library holds."""
        from sightline.library.health import read_status

        return read_status(self._reading())

    def failures(self) -> list[Failure]:
        """Every file that could not be used, with its reason."""
        from sightline.library.health import read_failures

        return read_failures(self._reading())

    def check(self) -> list[str]:
        """Verify the library against itself. Returns the problems; none if all is well."""
        from sightline.library.health import check

        return check(self._reading())

    def forget(self, paths: str | Path | Iterable[str | Path]) -> tuple[int, int]:
        """Drop files or whole folders from the library; the photos themselves stay where they are.

        Returns:
            The number of paths and of photos dropped. A photo with another path stays.

        Raises:
            LibraryError: busy or unwritable.
        """
        from sightline.library.forget import forget

        absolute = [absolute_path(path) for path in several(paths)]
        if not absolute:
            raise UsageError("Name at least one file or folder to forget.")
        self._reading()
        with open_writer(self._place) as writer:
            return forget(writer, absolute)

    def close(self) -> None:
        """Let the library's files go."""
        with self._opening:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _reading(self) -> LibraryReader:
        with self._opening:
            if self._reader is None:
                self._reader = LibraryReader(self._place)
            return self._reader

    def _model(
        self, reader: LibraryReader, wanted: str | Path | None
    ) -> tuple[StoredModel, DualEncoder]:
        """The stored model to search with, and the encoder that made its vectors."""
        stored = reader.models()
        if not stored:
            raise LibraryError(
                f"The library {self.folder} is empty; fill it with `sightline index PHOTOS`."
            )
        if wanted is None:
            return stored[0], self._encoder_of(stored[0])
        encoder = load_encoder(wanted, self._provider)
        for model in stored:
            if model.model_id == encoder.id:
                return model, self._encoders.setdefault(encoder.id, encoder)
        held = ", ".join(model.model_id for model in stored)
        raise LibraryError(
            f"The library {self.folder} holds no vectors of {encoder.id}, only of {held}. "
            f"Run `sightline index --model {wanted} PHOTOS` to build them beside the others."
        )

    def _encoder_of(self, model: StoredModel) -> DualEncoder:
        if model.model_id in self._encoders:
            return self._encoders[model.model_id]
        try:
            encoder = load_encoder(model.source, self._provider)
        except (UnknownModel, ModelError) as error:
            raise ModelError(
                f"The library {self.folder} was indexed with {model.model_id}, which can't be "
                f"loaded: {error}"
            ) from None
        if encoder.id != model.model_id:
            raise ModelError(
                f"The library {self.folder} was indexed with {model.model_id}, but {model.source} "
                f"is now {encoder.id}. Run `sightline index` on the photos again: the new vectors "
                "are built beside the old ones and nothing is lost."
            )
        return self._encoders.setdefault(model.model_id, encoder)
