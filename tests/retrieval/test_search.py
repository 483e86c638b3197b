"""What a search returns: the best first, as many as asked for, and each photo once."""

import shutil
from pathlib import Path

import pytest

from sightline import Filters, Match, Query
from sightline.errors import LibraryError, QueryError, UsageError
from sightline.retrieval.dates import require_order
from sightline.retrieval.sheet import Strip, require_page, write_sheet
from tests.making import COLOURS, Home


@pytest.fixture
def filled(home: Home) -> Home:
    for colour in COLOURS:
        for n in range(3):
            home.add(f"{colour}/{n}.jpg", colour)
    home.index()
    return home


def _search(home: Home, query: str | Query, **options: object) -> list[Match]:
    with home.open() as library:
        return library.search(query, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("colour", COLOURS)
def test_words_find_what_they_name(filled: Home, colour: str) -> None:
    matches = _search(filled, colour, k=3)
    assert {match.path.parent.name for match in matches} == {colour}
    assert [match.rank for match in matches] == [1, 2, 3]
    assert matches[0].score >= matches[1].score >= matches[2].score


def test_no_more_than_k_and_no_less_than_there_are(filled: Home) -> None:
    assert [len(_search(filled, "red", k=k)) for k in (1, 12, 24, 25, 10**9)] == [1, 12, 24, 24, 24]
    for k in (0, -1):
        with pytest.raises(QueryError, match="-k"):
            _search(filled, "red", k=k)


def test_a_score_is_the_cosine_of_query_and_photo(filled: Home) -> None:
    (match,) = _search(filled, "red", k=1)
    (words,) = filled.encoder.embed_texts(["red"])
    (photo,) = filled.encoder.embed_images([match.path])
    assert match.score == pytest.approx(float(words @ photo), abs=2e-3)


def test_a_photo_is_most_like_itself(filled: Home) -> None:
    for name in ("cyan/1.jpg", "white/2.jpg"):
        matches = _search(filled, Query.of(like=(str(filled.photos / name),)), k=3)
        assert filled.photos / name in {match.path for match in matches}
        assert matches[0].score == pytest.approx(1, abs=2e-3)


def test_the_same_question_gets_the_same_answer_in_the_same_order(filled: Home) -> None:
    for n in range(3):
        shutil.copy(filled.photos / "red/0.jpg", filled.photos / f"copy-{n}.jpg")
    filled.index()
    first = _search(filled, "red", k=30)
    assert all(_search(filled, "red", k=30) == first for _ in range(5))
    assert len({match.photo for match in first}) == len(first) == 24


def test_minus_takes_away_what_plus_brings(filled: Home) -> None:
    def first(query: Query) -> str:
        return _search(filled, query, k=1)[0].path.parent.name

    assert first(Query.of("red", plus=("3:blue",))) == "blue"
    assert first(Query.of(minus=("red",))) == "cyan"


def test_sorting_by_date_puts_photos_without_one_last_and_keeps_ranks(home: Home) -> None:
    for n, date in enumerate(("2021:05:01 10:00:00", None, "2019:01:01 00:00:00")):
        _dated(home, f"{n}.jpg", date)
    home.index()
    matches = _search(home, "red", sort="date")
    assert [match.path.name for match in matches] == ["2.jpg", "0.jpg", "1.jpg"]
    assert sorted(match.rank for match in matches) == [1, 2, 3]


def _dated(home: Home, name: str, date: str | None) -> None:
    from PIL import ExifTags, Image

    path = home.add(name, "red")
    exif = Image.Exif()
    if date is not None:
        exif[ExifTags.Base.DateTime] = date
    with Image.open(path) as picture:
        picture.load()
    picture.save(path, exif=exif)


def test_filters_leave_the_best_of_what_passes(filled: Home) -> None:
    matches = _search(filled, "red", k=2, filters=Filters(folder=filled.photos / "blue"))
    assert {match.path.parent.name for match in matches} == {"blue"}
    assert _search(filled, "red", filters=Filters(after="2000")) == []


def test_an_empty_library_says_how_to_fill_it(tmp_path: Path) -> None:
    from sightline import Library

    with (
        Library.create(tmp_path / "library") as library,
        pytest.raises(LibraryError, match="sightline index PHOTOS"),
    ):
        library.search("red")


def test_a_library_of_no_photos_has_no_match(home: Home) -> None:
    home.index()
    assert _search(home, "red") == []


def test_spans_that_begin_where_they_end_are_refused() -> None:
    for after, before in (("2021", "2021-01"), ("2021-01-01", "2021"), ("2021-07", "2021-07-01")):
        with pytest.raises(QueryError, match="Nothing is both"):
            require_order(after, before)
    require_order("2021", "2021-01-02")


def test_a_sheet_takes_the_place_of_nothing_but_a_page(filled: Home, tmp_path: Path) -> None:
    photo = filled.photos / "red/0.jpg"
    before = photo.read_bytes()
    link = tmp_path / "link.html"
    link.symlink_to(photo)
    disguised = Path(shutil.copy(photo, tmp_path / "photo.html"))
    for page in (link, disguised, tmp_path):
        with pytest.raises(UsageError):
            write_sheet(page, [Strip("red", [])])
    assert photo.read_bytes() == disguised.read_bytes() == before

    page = tmp_path / "sheet.html"
    for title in ("first", "second"):
        write_sheet(page, [Strip(title, [])])
    assert "second" in page.read_text()
    require_page(page)
