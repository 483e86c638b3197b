"""Dates and places as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.errors import QueryError
from sightline.library.filters import Near
from sightline.retrieval.dates import parse_date, require_order
from sightline.retrieval.places import parse_near


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2021", "2021"),
        ("2021-7", "2021-07"),
        ("2021-07-04", "2021-07-04"),
        (" 2021-7-4 ", "2021-07-04"),
        ("2021-07-04 18:30", "2021-07-04T18:30"),
        ("2021-07-04T8:30:05", "2021-07-04T08:30:05"),
        ("2024-02-29", "2024-02-29"),
    ],
)
def test_a_date_keeps_the_precision_it_was_typed_with(typed: str, meant: str) -> None:
    assert parse_date(typed) == meant


@pytest.mark.parametrize(
    "typed",
    ["", "soon", "20211", "2021-13", "2021-02-30", "2023-02-29", "0000", "2021-07-04T25:00",
     "2021-07-04T18", "04.07.2021", "2021-07-04T18:30+02:00"],
)  # fmt: skip
def test_what_is_no_date_is_refused(typed: str) -> None:
    with pytest.raises(QueryError):
        parse_date(typed)


@given(st.datetimes(), st.integers(1, 5))
def test_comparing_as_text_compares_moments(moment: "object", parts: int) -> None:
    taken = moment.isoformat(timespec="seconds")  # type: ignore[attr-defined]
    typed = taken[: {1: 4, 2: 7, 3: 10, 4: 16, 5: 19}[parts]]
    assert parse_date(typed) <= taken


def test_an_empty_span_of_time_is_refused() -> None:
    require_order("2021", "2022")
    require_order(None, "2022")
    for before in ("2020", "2021"):
        with pytest.raises(QueryError):
            require_order("2021", before)


def test_a_place_is_latitude_longitude_and_kilometres() -> None:
    assert parse_near("48.2, 16.37, 5") == Near(48.2, 16.37, 5.0)
    assert parse_near("-33.9,151.2,0.5") == Near(-33.9, 151.2, 0.5)


@pytest.mark.parametrize(
    "typed", ["", "48,16", "48,16,5,1", "a,b,c", "91,0,1", "0,181,1", "0,0,0", "0,0,-1", "nan,0,1",
              "0,0,nan", "0,0,inf"],
)  # fmt: skip
def test_what_is_no_place_on_earth_is_refused(typed: str) -> None:
    with pytest.raises(QueryError):
        parse_near(typed)
