"""The searches that gold is made for, as a person gives them: words, or a file of them."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sightline.errors import GoldError
from sightline.evaluation.gold import NO_ANSWER, GoldQuery, Tag
from sightline.evaluation.judging.draft import Draft

_ID_LENGTH = 60


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A search to make gold for; those of one `need` are judged together."""

    text: str
    need: str = ""
    tags: tuple[Tag, ...] = ()


def read_wishes(path: Path) -> list[Wish]:
    """Searches from a text file with one a line, or JSON lines of `{"text", "need", "tags"}`.

    A line that begins with `{` is JSON; empty lines mean nothing.

    Raises:
        GoldError: the file can't be read, a line isn't in that form, or there is none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise GoldError(f"Can't read the queries {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise GoldError(f"The queries {path} aren't UTF-8.") from None
    wishes = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("{"):
            try:
                wishes.append(msgspec.json.decode(text, type=Wish))
            except (msgspec.DecodeError, RecursionError) as error:
                raise GoldError(f"{path}, line {number}: {error}.") from None
        elif text:
            wishes.append(Wish(text))
    if not wishes:
        raise GoldError(f"{path} holds no query: write one on each line.")
    return wishes


def ask(draft: Draft, wishes: Iterable[Wish]) -> None:
    """Add searches to a draft; one that is there already, word for word, stays as it is.

    A new wording of a need that was judged before gets the grades of the need: they are about what
    is wanted, not about how it is said.

    Raises:
        GoldError: a search without words.
    """
    known = {query.text for query in draft.queries.values()}
    for wish in wishes:
        text = " ".join(wish.text.split())
        if not text:
            raise GoldError("A query is empty; write what somebody would search for.")
        if not _is_unicode(text):
            raise GoldError(f"The query {text!r} isn't UTF-8.")
        if text in known:
            continue
        known.add(text)
        query_id = _free_id(text, draft)
        need = wish.need.strip() or query_id
        judged = next(iter(draft.of_need(need)), None)
        draft.queries[query_id] = GoldQuery(
            id=query_id,
            text=text,
            need=need,
            tags=tuple(dict.fromkeys((*wish.tags, *_no_answer_of(judged)))),
            grades={} if judged is None else dict(judged.grades),
        )


def _no_answer_of(query: GoldQuery | None) -> tuple[str, ...]:
    return () if query is None or query.answerable else (NO_ANSWER,)


def _free_id(text: str, draft: Draft) -> str:
    """A readable id that no query and no need has yet."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_ID_LENGTH].strip("-") or "query"
    taken = set(draft.queries) | {query.need for query in draft.queries.values()}
    at, query_id = 1, stem
    while query_id in taken:
        at += 1
        query_id = f"{stem}-{at}"
    return query_id


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
