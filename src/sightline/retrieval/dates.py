"""Dates as people type them → the text that stored times are compared with."""

import re
from datetime import datetime

from sightline.errors import QueryError

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?)?)?")


def parse_date(text: str) -> str:
    """Turn `2021`, `2021-07`, `2021-07-04` or `2021-07-04 18:30` into ISO text, checked.

    Returns:
        The same moment with the same precision, zero-padded: a prefix of what a photo's time would
        be, so that comparing as text compares moments on the camera's clock.

    Raises:
        QueryError: it is no date, or one that no calendar has.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise QueryError(
            f"{text!r} is no date; write 2021, 2021-07, 2021-07-04 or 2021-07-04T18:30."
        )
    parts = [int(group) for group in match.groups() if group is not None]
    try:
        moment = datetime(*(parts + [1, 1][len(parts) - 1 :] if len(parts) < 3 else parts))  # type: ignore[arg-type]
    except ValueError as error:
        raise QueryError(f"{text!r} is a date that no calendar has: {error}.") from None
    length = {1: 4, 2: 7, 3: 10, 5: 16, 6: 19}[len(parts)]
    return moment.isoformat(timespec="seconds")[:length]


def require_order(after: str | None, before: str | None) -> None:
    """Refuse a span of time that is empty.

    Raises:
        QueryError: nothing can be both at or after `after` and before `before`.
    """
    if after is not None and before is not None and _first_moment(after) >= _first_moment(before):
        raise QueryError(f"Nothing is both after {after} and before {before}; swap them?")


def _first_moment(date: str) -> str:
    return date + "0001-01-01T00:00:00"[len(date) :]
