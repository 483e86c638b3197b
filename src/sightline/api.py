"""`Library`: a folder of photos that answers questions. The commands are thin layers over it.

What only writing or reporting needs is imported where it is used: a search is the common case, and
its start-up is what people wait for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

from sightline.encoders import DualEncoder, list_models, load_encoder
from sightline.errors import LibraryError, LibraryNotFound, ModelError, UnknownModel, UsageError
from sightline.library.database import is_outdated
from sightline.library.filters import Filters
from sightline.library.place import Place, absolute_path, library_place
from sightline.library.reader import LibraryReader, StoredModel
from sightline.retrieval.match import Match
from sightline.retrieval.query import Query
from sightline.retrieval.search import Sort, search

if TYPE_CHECKING:
    from sightline.adaptation.adapter import Adapter
    from sightline.adaptation.teach import WantedMethod
    from sightline.encoders.dual import ImageLike
    from sightline.encoders.providers import ProviderChoice
    from sightline.library.health import Failure, Status
    from sightline.library.indexer import IndexOptions, IndexReport, OnProgress
    from sightline.library.writer import LibraryWriter
    from sightline.retrieval.classify import Classified
    from sightline.retrieval.labels import Label
    from sightline.retrieval.similarity import Similarity
    from sightline.retrieval.teaching import AdaptReport

__all__ = ["Library", "adapt", "classify", "similarity"]


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
            _make_current(place)
        try:
            return cls.open(place.folder)
        except LibraryNotFound:
            _make_current(place)
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
        taught = _adapter(adapter, self._place)
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

        absolute = [absolute_path(path) for path in _several(paths)]
        if not absolute:
            raise UsageError("Name at least one file or folder to forget.")
        self._reading()
        with _open_writer(self._place) as writer:
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


def index(
    place: Place,
    paths: str | Path | Iterable[str | Path],
    model: str | Path | None,
    options: IndexOptions | None,
    dry_run: bool,
    on_progress: OnProgress | None,
    *,
    adapter: str | Path | None = None,
    provider: ProviderChoice = "auto",
) -> IndexReport:
    """`Library.index` for a library that need not exist yet."""
    from sightline.library.indexer import IndexOptions, index_folders, preview_index

    options = options or IndexOptions()
    roots = [Path(path) for path in _several(paths)]
    encoder = (
        _last_encoder(place, dry_run, provider) if model is None else load_encoder(model, provider)
    )
    taught = _adapter(adapter, place)
    if taught is not None:
        taught.require_model(encoder.id)
    report = on_progress or (lambda progress: None)
    if dry_run:
        return preview_index(place, roots, encoder, options, report)
    done = index_folders(place, roots, encoder, _source_of(encoder), options, report)
    if taught is not None:
        from sightline.adaptation.adapter_file import keep_adapter

        keep_adapter(taught, place.folder)
    return done


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
        _adapter(adapter),
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


def _adapter(wanted: str | Path | None, place: Place | None = None) -> Adapter | None:
    if wanted is None:
        return None
    from sightline.adaptation.adapter_file import load_adapter

    return load_adapter(wanted, None if place is None else place.folder)


def _several(paths: str | Path | Iterable[str | Path]) -> list[str | Path]:
    """One path or many; a single string must not be taken for its letters, "/" among them.

    Raises:
        UsageError: a path is empty, as an unset variable in a script is.
    """
    several = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not all(str(path) for path in several):
        raise UsageError("A path is an empty name; name a folder or a file.")
    return several


def _open_writer(place: Place) -> AbstractContextManager[LibraryWriter]:
    from sightline.library.writer import open_writer

    return open_writer(place)


def _make_current(place: Place) -> None:
    """Make an empty library, or migrate an older one: opening it for writing does either."""
    with _open_writer(place):
        pass


def _last_encoder(place: Place, dry_run: bool, provider: ProviderChoice) -> DualEncoder:
    """What the library was last indexed with; where there is none yet, the bundled one."""
    if is_outdated(place) and not dry_run:
        _make_current(place)
    try:
        with LibraryReader(place) as reader:
            stored = reader.models()
    except LibraryNotFound:
        stored = []
    if not stored:
        return load_encoder(provider=provider)
    try:
        return load_encoder(stored[0].source, provider)
    except UnknownModel:
        raise ModelError(
            f"The library {place.folder} was last indexed with {stored[0].model_id}, and there is "
            f"no such model at {stored[0].source} any more. Put it back, or choose another with "
            "--model: its vectors are built beside the others."
        ) from None


def _source_of(encoder: DualEncoder) -> str:
    """What loads this encoder again, from any working directory: a catalogue name or a folder."""
    for entry in list_models():
        if entry.folder == encoder.folder and load_encoder(entry.folder.name).id == encoder.id:
            return entry.folder.name
    return str(absolute_path(encoder.folder))
