"""From a gold file and a library to a session, and back: locked, folded, pooled, kept."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from sightline.errors import EvaluationError, GoldError, UsageError
from sightline.evaluation.gallery import Gallery, gallery_of, paths_of_photos
from sightline.evaluation.judging.again import (
    Rejudging,
    draw_again,
    read_second_grades,
    second_grades_beside,
)
from sightline.evaluation.judging.asking import Wish, ask
from sightline.evaluation.judging.draft import Draft, journal_beside, read_draft, write_draft
from sightline.evaluation.judging.journal import Journal
from sightline.evaluation.judging.kept_pool import (
    pairs_of,
    pool_beside,
    pool_for,
    read_pool_beside,
)
from sightline.evaluation.judging.naming import name_photos
from sightline.evaluation.judging.pooling import OnWarning, PoolOptions
from sightline.evaluation.judging.server import ShownPhoto
from sightline.evaluation.judging.session import Judging, Session
from sightline.evaluation.pool import Pool, by_need, write_pool
from sightline.library.place import Place
from sightline.library.reader import LibraryReader


@dataclass(frozen=True)
class Sitting:
    """A session that can begin.

    Attributes:
        photos: by their names in the session's pairs.
        rankers: what the pool was drawn from.
        warnings: what was left out, a sentence each.
    """

    session: Session
    photos: dict[str, ShownPhoto]
    rankers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@contextmanager
def judging(
    gold_file: Path,
    library: Place,
    wishes: Sequence[Wish],
    options: PoolOptions,
    *,
    add_photos: bool = False,
) -> Iterator[Sitting]:
    """Begin or go on with a gold file; when the block ends, the grades given in it are in the file.

    Args:
        add_photos: also rank photos that the library holds and the gold file doesn't name.

    Raises:
        UsageError: there is nothing to judge, or a number makes no sense.
        GoldError: the gold file or its journal is damaged, or of other photos.
        EvaluationError: somebody else judges it, or it can't be written.
        LibraryError, ModelError: the library or a model can't be used.
    """
    if options.depth is not None and options.depth < 1:
        raise UsageError(f"--depth must be at least 1, not {options.depth}.")
    warnings: list[str] = []
    with ExitStack() as held:
        held.enter_context(_only_judge(gold_file))
        draft = read_draft(gold_file) or Draft(gold_file.stem, "", {}, {})
        ask(draft, wishes)
        if not draft.queries:
            raise UsageError(
                "There is no search to judge photos for yet: give one with --query, or a file "
                "with one a line with --queries."
            )
        with LibraryReader(library) as reader:
            named = len(draft.gallery)
            _widen(draft, paths_of_photos(reader), warnings.append, add_photos=add_photos)
            grown = len(draft.gallery) > named
            gold = draft.as_gold(answered=False)
            gallery = gallery_of(gold, reader)
            if gallery.missing:
                warnings.append(
                    f"{len(gallery.missing):,} of the gold file's photos aren't in the library "
                    "and can't be shown; their grades stay."
                )
            kept = read_pool_beside(gold_file)
            pool = pool_for(gold, gallery, reader, options, kept, warnings.append, grown=grown)
        draft.about = draft.about or _about(pool)
        write_draft(draft, gold_file, whole_journal=True)
        write_pool(pool, pool_beside(gold_file))
        held.callback(_fold, draft, gold_file)
        journal = held.enter_context(closing(Journal(journal_beside(gold_file))))
        pairs = pairs_of(pool, by_need(gold.queries), set(gallery.files))
        session = Judging(draft, pairs, journal)
        yield Sitting(session, _shown(gallery), pool.rankers, tuple(warnings))


@contextmanager
def judging_again(gold_file: Path, library: Place, count: int, seed: int) -> Iterator[Sitting]:
    """Judge `count` graded pairs a second time, blind.

    Raises:
        UsageError: the number makes no sense.
        GoldError: nothing has been judged, or a file is damaged.
        EvaluationError: somebody else judges it, or it can't be written.
        LibraryError: the library can't be used.
    """
    if count < 1:
        raise UsageError(f"--again needs a number of pairs, at least 1, not {count}.")
    with _only_judge(gold_file):
        draft = require_draft(gold_file)
        gold = draft.as_gold(answered=False)
        with LibraryReader(library) as reader:
            gallery = gallery_of(gold, reader)
        path = second_grades_beside(gold_file)
        known = read_second_grades(path)
        pairs = draw_again(gold.queries, set(gallery.files), count, seed)
        with closing(Journal(path)) as journal:
            session = Rejudging(draft.name, by_need(gold.queries), pairs, known, journal)
            yield Sitting(session, _shown(gallery))


def _fold(draft: Draft, gold_file: Path) -> None:
    """Write the gold file of a sitting that ends."""
    try:
        write_draft(draft, gold_file, whole_journal=False)
    except EvaluationError as error:
        raise EvaluationError(
            f"{error} No grade is lost, all are in {journal_beside(gold_file)}: put that right, "
            "and start the same command again."
        ) from None


def require_draft(gold_file: Path) -> Draft:
    """What was judged so far.

    Raises:
        GoldError: nothing was, or a file is damaged.
    """
    _require_name(gold_file)
    draft = read_draft(gold_file)
    if draft is None:
        raise GoldError(
            f"There is no gold file {gold_file} yet. Begin one with `sightline judge {gold_file} "
            '--query "..."`.'
        )
    return draft


@contextmanager
def _only_judge(gold_file: Path) -> Iterator[None]:
    """Refuse two judges at once; the operating system lets the lock go if the process dies."""
    _require_name(gold_file)
    file = gold_file.with_name(f"{gold_file.name}.lock")
    lock = FileLock(file, timeout=0)
    try:
        gold_file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise EvaluationError(
            f"{gold_file} is being judged by another process. Go on in its page, or end it there."
        ) from None
    except OSError as error:
        raise EvaluationError(f"Can't write beside {gold_file}: {error.strerror}.") from None
    try:
        yield
    finally:
        with suppress(OSError):  # such as where another process has just opened it
            file.unlink()  # before it is let go, so that nobody else's is taken away
        lock.release()


def _require_name(gold_file: Path) -> None:
    if gold_file.suffix.lower() != ".json":
        raise UsageError(
            f"The gold file {gold_file} must end in .json, so that no photo is written over."
        )


def _widen(
    draft: Draft, paths: dict[str, Path], on_warning: OnWarning, *, add_photos: bool
) -> None:
    """Take the library's photos into the gallery: all of them at first, later when asked to."""
    fresh = name_photos(paths, draft.gallery)
    if draft.gallery and fresh and not add_photos:
        on_warning(
            f"{len(fresh):,} photos of the library aren't in the gold file's gallery and are left "
            "out. Take them in with --add-photos."
        )
        return
    draft.gallery |= {photo.photo: photo for photo in fresh}
    if not draft.gallery:
        raise UsageError("The library holds no photos. Fill it with `sightline index PHOTOS`.")


def _shown(gallery: Gallery) -> dict[str, ShownPhoto]:
    photos = map(ShownPhoto, gallery.paths, gallery.photos)
    return dict(zip(gallery.files, photos, strict=True))


def _about(pool: Pool) -> str:
    return (
        f"Judged with `sightline judge`, from a pool: the first {pool.depth} photos of each of "
        f"{', '.join(pool.rankers)}, shuffled (seed {pool.seed})."
    )
