"""Gold files: searches, and what somebody who looked says of each photo.

One JSON file::

    {"format": "sightline-gold/1", "name": "…", "about": "who judged what, and how",
     "gallery": [{"file": "beach/0412.jpg", "photo": "<sha256 of the file's bytes>"}, …],
     "queries": [{"id": "dog-beach", "need": "dog-beach", "text": "a dog on a beach",
                  "tags": ["object", "short"], "grades": {"beach/0412.jpg": 2, …}}, …]}

A grade says what a person with this need would say of a photo: 2 that's it, 1 partly, 0 no. A
photo of the gallery without a grade was judged by nobody. Queries of one `need` (a short one, a
descriptive one) ask for the same photos. The tag `no-answer` says that nothing in the gallery is
right, which is an answer, too.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sightline.errors import EvaluationError, GoldError

NO_ANSWER = "no-answer"
"""Tag of a query whose right answer is: nothing here."""
NUL = "\0"
"""What neither a file's name nor an argument of a command can hold."""
RELEVANT = 1
"""The least grade of a photo that answers a query at least partly."""

Name = Annotated[str, Meta(min_length=1, max_length=4096)]
# `\Z`, because `$` would let a line end through, which would break rankings in TREC's format.
Tag = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}\Z")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Grade = Annotated[int, Meta(ge=0, le=2)]


class GalleryPhoto(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One photo that a query may find: its name in this file, and its identity."""

    file: Name
    photo: Sha256


class GoldQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One search with the grade of every photo that was judged for it."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")]
    text: str
    need: str = ""
    tags: tuple[Tag, ...] = ()
    grades: dict[Name, Grade] = {}

    @property
    def answerable(self) -> bool:
        """Whether something in the gallery is right."""
        return NO_ANSWER not in self.tags

    @property
    def relevant(self) -> frozenset[str]:
        """Files that answer it at least partly."""
        return frozenset(file for file, grade in self.grades.items() if grade >= RELEVANT)


class Gold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """A whole gold file, checked."""

    format: Literal["sightline-gold/1"] = "sightline-gold/1"
    name: str
    about: str = ""
    gallery: tuple[GalleryPhoto, ...]
    queries: tuple[GoldQuery, ...]

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Names of the gallery's photos, in the file's order."""
        return tuple(photo.file for photo in self.gallery)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what the file says, whatever its layout."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    def query(self, query_id: str) -> GoldQuery:
        """The query with this id.

        Raises:
            KeyError: there is none.
        """
        return self._by_id[query_id]

    @cached_property
    def _by_id(self) -> dict[str, GoldQuery]:
        return {query.id: query for query in self.queries}


def read_gold(path: Path) -> Gold:
    """Read and check a gold file.

    Raises:
        GoldError: unreadable, not in this format, or at odds with itself; the message names the
            first entries that are wrong.
    """
    try:
        gold = msgspec.json.decode(path.read_bytes(), type=Gold)
    except OSError as error:
        raise GoldError(f"Can't read the gold file {path}: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        which = _query_of(path, error)
        raise GoldError(
            f"{path} is no gold file that this version understands: {error}{which}."
        ) from None
    require_sound(gold, str(path))
    return gold


def _query_of(path: Path, error: Exception) -> str:
    """Which query an error of msgspec is about: it counts them, and people know them by id."""
    found = re.search(r"\$\.queries\[(\d+)\]", str(error))
    if found is None:
        return ""
    query = json.loads(path.read_bytes())["queries"][int(found[1])]
    return f" (query {query['id']!r})" if isinstance(query, dict) and "id" in query else ""


def require_sound(gold: Gold, where: str) -> None:
    """Check what the types can't say.

    Raises:
        GoldError: an id or a file twice, an empty query, a NUL character, a grade for a photo that
            isn't in the gallery, a query without any right photo that isn't tagged `no-answer`, or
            the reverse.
    """
    if not gold.gallery or not gold.queries:
        raise GoldError(f"{where} holds no {'queries' if gold.gallery else 'photos'}.")
    _refuse(where, "more than one query has the id", _repeated(q.id for q in gold.queries))
    _refuse(where, "more than one photo has the name", _repeated(gold.files))
    photos = _repeated(p.photo for p in gold.gallery)
    _refuse(where, "more than one name stands for the photo", photos)
    _refuse(where, "no text stands in query", [q.id for q in gold.queries if not q.text.strip()])
    _refuse(where, "a NUL character stands in query", [q.id for q in gold.queries if NUL in q.text])
    _refuse(where, "a NUL character stands in the name", [f for f in gold.files if NUL in f])
    known = set(gold.files)
    strangers = {file for q in gold.queries for file in q.grades if file not in known}
    _refuse(where, "grades are given to photos that the gallery doesn't hold", sorted(strangers))
    unanswered = [q.id for q in gold.queries if q.answerable and not q.relevant]
    _refuse(
        where,
        "no photo is graded 1 or 2, and the tag no-answer is missing, in query",
        unanswered,
    )
    answered = [q.id for q in gold.queries if not q.answerable and q.relevant]
    _refuse(where, "a photo is graded 1 or 2 in spite of the tag no-answer in query", answered)


def write_gold(gold: Gold, path: Path) -> None:
    """Write a gold file in one step: a reader sees the old one or the new one, never half.

    Raises:
        GoldError: it would contradict itself.
        EvaluationError: it can't be written there.
    """
    require_sound(gold, str(path))
    data = msgspec.json.format(msgspec.json.encode(gold), indent=1)
    write_whole(path, data + b"\n")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        EvaluationError: the disk says no.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as beside:
            try:
                beside.write(data)
                beside.flush()
                os.fsync(beside.fileno())
                Path(beside.name).replace(path)
            except BaseException:
                Path(beside.name).unlink(missing_ok=True)
                raise
        path.chmod(0o644)
    except OSError as error:
        raise EvaluationError(f"Can't write {path}: {error.strerror}.") from None


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _refuse(where: str, problem: str, names: list[str]) -> None:
    if names:
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        raise GoldError(f"{where}: {problem} {shown}. Correct the file and run again.")
