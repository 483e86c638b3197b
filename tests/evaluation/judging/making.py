"""What the judging tests are made of: a small draft, its photos, a session over both."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from sightline.evaluation.gold import GalleryPhoto, GoldQuery
from sightline.evaluation.judging.draft import Draft, journal_beside
from sightline.evaluation.judging.journal import Journal
from sightline.evaluation.judging.server import JudgeServer, ShownPhoto
from sightline.evaluation.judging.session import Judging, Pair, Session
from sightline.photos.read import hash_of
from tests.making import make_photo

COLOURS = ("red", "green", "blue")


def query(query_id: str, text: str = "", **rest: object) -> GoldQuery:
    """A query; its text is its id unless told otherwise."""
    return GoldQuery(id=query_id, text=text or query_id, **rest)  # type: ignore[arg-type]


def draft_of(*queries: GoldQuery, files: tuple[str, ...] = ("a", "b", "c")) -> Draft:
    """A draft whose photos are made-up hashes."""
    gallery = {hash_of(file.encode()): file for file in files}
    return Draft(
        "mine",
        "",
        {photo: GalleryPhoto(file, photo) for photo, file in gallery.items()},
        {one.id: one for one in queries},
    )


def all_pairs(draft: Draft) -> list[Pair]:
    """Every photo for every need, in the draft's order."""
    needs = dict.fromkeys(one.need or one.id for one in draft.queries.values())
    return [Pair(need, photo.file) for need in needs for photo in draft.gallery.values()]


@contextmanager
def judged(draft: Draft, gold_file: Path) -> Iterator[Judging]:
    """A session over all pairs of a draft, with a journal that is closed at the end."""
    journal = Journal(journal_beside(gold_file))
    try:
        yield Judging(draft, all_pairs(draft), journal)
    finally:
        journal.close()


def real_photos(folder: Path, *names: str) -> dict[str, ShownPhoto]:
    """Photos on disk, each unlike the others."""
    photos = {}
    for seed, name in enumerate(names):
        path = make_photo(folder / name, COLOURS[seed % len(COLOURS)], seed)
        photos[name] = ShownPhoto(path, hash_of(path.read_bytes()))
    return photos


@contextmanager
def serving(session: Session, photos: dict[str, ShownPhoto]) -> Iterator[JudgeServer]:
    """A server in a thread of its own; `with` ends when it has ended."""
    with JudgeServer(session, photos) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
