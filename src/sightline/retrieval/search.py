"""A query's way through the house: parts → one vector → nearest photos → matches in order."""

from typing import TYPE_CHECKING, Literal

from sightline.encoders import DualEncoder
from sightline.errors import QueryError
from sightline.library.filters import Filters
from sightline.library.reader import LibraryReader, StoredModel
from sightline.retrieval.match import Match
from sightline.retrieval.query import Query, embed_query

if TYPE_CHECKING:
    from sightline.adaptation.adapter import Adapter

Sort = Literal["score", "date"]


def search(
    reader: LibraryReader,
    model: StoredModel,
    encoder: DualEncoder,
    query: Query,
    k: int,
    filters: Filters,
    sort: Sort,
    adapter: "Adapter | None" = None,
) -> list[Match]:
    """The k best matches; `sort="date"` then puts these same k in the order they were taken.

    Raises:
        QueryError: the query can't be answered as asked.
        LibraryError, ModelError: the library or the model can't be used.
    """
    if not isinstance(k, int) or k < 1:
        raise QueryError(f"-k must be a whole number of at least 1, not {k}.")
    if sort not in ("score", "date"):
        raise QueryError(f"Matches are sorted by score or date, not by {sort!r}.")
    if adapter is not None:
        adapter.require_model(model.model_id)
    vector = embed_query(query, encoder, adapter)
    found = reader.nearest(model, vector, k, filters)
    matches = [Match.of(rank, score, stored) for rank, (stored, score) in enumerate(found, 1)]
    return matches if sort == "score" else _by_date(matches)


def _by_date(matches: list[Match]) -> list[Match]:
    """Oldest first, photos without a time last; `rank` goes on naming the place by score."""
    return sorted(matches, key=lambda match: (match.taken_at is None, match.taken_at or ""))
