"""What a run looks at: gold file, photos in a library, encoders, captions; opened and checked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sightline.api import index
from sightline.encoders import DualEncoder, load_encoder
from sightline.errors import LibraryError, UsageError
from sightline.evaluation.gallery import Gallery, files_under, gallery_of
from sightline.evaluation.gold import Gold
from sightline.evaluation.kept_texts import KeptTexts
from sightline.evaluation.progress import OnProgress
from sightline.evaluation.rankers.build import Workshop
from sightline.library.indexer import Progress
from sightline.library.place import Place, library_place
from sightline.library.reader import LibraryReader


@dataclass(frozen=True)
class EvalOptions:
    """What to compare, on what.

    Attributes:
        library: where the photos are indexed; the default library where None.
        photos: folder that the gold file's names start from; the run then indexes them itself.
        models: encoders by name or folder; the library's last one, or the bundled one, if empty.
        rankers: further rankers (`rankers/build.py`).
        captions: JSONL files of captions, for the rankers that search them and for image→text.
        keep: share of answerable queries that must stay answered where a threshold is chosen.
        experiments: files of questions (`experiments.py`); what they need joins the run.
        cold: times that a whole `sightline search` is started to time it; 0 leaves it out.
    """

    library: Path | None = None
    photos: Path | None = None
    models: tuple[str, ...] = ()
    rankers: tuple[str, ...] = ()
    captions: tuple[Path, ...] = ()
    seed: int = 0
    keep: float = 0.9
    cold: int = 0
    experiments: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """All that a run looks at, opened and checked."""

    gold: Gold
    gallery: Gallery
    place: Place
    reader: LibraryReader
    workshop: Workshop
    index_seconds: dict[str, float]


def open_inputs(
    gold: Gold, out: Path, options: EvalOptions, on_progress: OnProgress, stack: ExitStack
) -> Inputs:
    """Open everything, indexing the photos first where `options.photos` names their folder.

    Raises:
        GoldError, LibraryError, UsageError: something is missing, unknown or ambiguous.
    """
    index_seconds: dict[str, float] = {}
    if options.photos is not None:
        place = Place((out / "library").absolute())
        names = options.models or ("",)
        encoders = [(_name(name, e), e) for name in names for e in [load_encoder(name or None)]]
        index_seconds = _index(gold, options.photos, place, encoders, on_progress)
        reader = stack.enter_context(LibraryReader(place))
    else:
        place = library_place(options.library)
        reader = stack.enter_context(LibraryReader(place))
        names = options.models or (_last_model(reader),)
        encoders = [(_name(name, e), e) for name in names for e in [load_encoder(name)]]
    _require_names(encoders)
    gallery = gallery_of(gold, reader)
    texts = KeptTexts(out / "cache" / "texts", on_progress)
    workshop = Workshop(gold, gallery, reader, encoders, texts, options.captions, options.seed)
    return Inputs(gold, gallery, place, reader, workshop, index_seconds)


def _name(asked: str, encoder: DualEncoder) -> str:
    """What tables call a model: the name it was asked for by, or its own where that is a path."""
    return encoder.spec.name if not asked or "/" in asked or "\\" in asked else asked


def _require_names(encoders: Sequence[tuple[str, DualEncoder]]) -> None:
    names = [name for name, _ in encoders]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"Two models are called {name!r}, and a report couldn't tell them apart. Name each "
                "once, or give the folder of one another name in its model.json."
            )


def _last_model(reader: LibraryReader) -> str:
    stored = reader.models()
    if not stored:
        raise LibraryError(
            f"The library {reader.place.folder} is empty; fill it with `sightline index PHOTOS`."
        )
    return stored[0].source


def _index(
    gold: Gold,
    photos: Path,
    place: Place,
    encoders: Sequence[tuple[str, DualEncoder]],
    on_progress: OnProgress,
) -> dict[str, float]:
    """Index the gallery with each model; seconds by model id, where photos were embedded."""
    paths = files_under(gold, photos)
    seconds = {}
    for name, encoder in encoders:
        report = index(
            place,
            paths,
            encoder.folder,
            None,
            False,
            partial(_show_indexing, on_progress, name, len(paths)),
        )
        if report.new == len(paths) or report.unchanged == 0:
            seconds[encoder.id] = report.seconds
    return seconds


def _show_indexing(on_progress: OnProgress, name: str, photos: int, progress: Progress) -> None:
    on_progress(f"indexing, {name}", progress.done, progress.total or photos)
