"""A query as people type it, and the vector it becomes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.encoders import DualEncoder, load_encoder
from sightline.errors import QueryError
from sightline.retrieval.query import Part, Query, embed_query, parse_weighted
from tests.making import make_photo

typed = st.text(max_size=30)


@pytest.fixture(scope="module")
def encoder(tiny_model: Path) -> DualEncoder:
    return load_encoder(tiny_model)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("dog", (1.0, "dog")),
        ("2:dog", (2.0, "dog")),
        ("0.5: red car", (0.5, "red car")),
        (".5:dog", (0.5, "dog")),
        ("3:10 to Yuma", (3.0, "10 to Yuma")),
        ("1:3:10 to Yuma", (1.0, "3:10 to Yuma")),
        ("a:b", (1.0, "a:b")),
        ("1:-2:dog", (1.0, "-2:dog")),
        ("C:\\photos\\dog.jpg", (1.0, "C:\\photos\\dog.jpg")),
    ],
)
def test_a_weight_stands_before_a_colon(text: str, parsed: tuple[float, str]) -> None:
    assert parse_weighted(text) == parsed


@given(typed, st.lists(typed, max_size=3), st.lists(typed, max_size=3), st.lists(typed, max_size=2))
def test_whatever_is_typed_is_a_query_or_a_query_error(
    words: str, plus: list[str], minus: list[str], like: list[str]
) -> None:
    try:
        query = Query.of(words, tuple(plus), tuple(minus), tuple(like))
    except QueryError as error:
        assert str(error).strip()  # noqa: PT017 - an error is one of two right outcomes
        return
    assert query.parts
    assert query.title.strip()
    assert all(part.weight != 0 and np.isfinite(part.weight) for part in query.parts)


@pytest.mark.parametrize(
    "typed",
    [("",), (" \t\n",), ("", ("0:dog",)), ("", ("2: ",)), ("", ("-1:dog",)), ("", ("1e3:dog",))],
)
def test_what_asks_nothing_or_only_looks_like_a_weight_is_refused(typed: tuple[str, ...]) -> None:
    with pytest.raises(QueryError):
        Query.of(*typed)


@pytest.mark.parametrize("words", ["🎂", "猫", "gibberish"])
def test_words_that_the_model_does_not_know_are_refused_not_guessed_at(
    encoder: DualEncoder, words: str
) -> None:
    with pytest.raises(QueryError, match="knows no word"):
        embed_query(Query.of(words), encoder)
    embed_query(Query.of(f"red {words}"), encoder)  # one known word is enough


def test_a_huge_weight_is_refused() -> None:
    with pytest.raises(QueryError, match="weight"):
        Query.of("", ("9" * 400 + ":dog",))


def test_a_picture_whose_name_looks_weighted_is_taken_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_photo(tmp_path / "2:red.png")
    assert Query.of(like=("2:red.png",)).parts == (Part(Path("2:red.png")),)
    assert Query.of(like=("2:blue.png",)).parts == (Part(Path("blue.png"), 2.0),)


@given(
    st.lists(
        st.tuples(st.sampled_from(["red", "blue", "green"]), st.floats(0.01, 100)),
        min_size=1,
        max_size=4,
    )
)
def test_every_query_is_a_unit_vector(tiny_model: Path, parts: list[tuple[str, float]]) -> None:
    query = Query(tuple(Part(word, weight) for word, weight in parts))
    vector = embed_query(query, load_encoder(tiny_model))
    assert vector.dtype == np.float32
    assert np.isclose(np.linalg.norm(vector), 1, atol=1e-5)


def test_scaling_all_weights_changes_nothing(encoder: DualEncoder) -> None:
    once = Query((Part("red", 1.0), Part("blue", -0.5)))
    tenfold = Query((Part("red", 10.0), Part("blue", -5.0)))
    assert np.allclose(embed_query(once, encoder), embed_query(tenfold, encoder), atol=1e-6)


def test_a_minus_pushes_away_and_a_weight_pulls(encoder: DualEncoder) -> None:
    red, blue = encoder.embed_texts(["red", "blue"])
    plain = embed_query(Query.of("red"), encoder)
    without_blue = embed_query(Query.of("red", minus=("blue",)), encoder)
    more_blue = embed_query(Query.of("red", plus=("3:blue",)), encoder)
    assert without_blue @ blue < plain @ blue < more_blue @ blue
    assert more_blue @ red < plain @ red


def test_words_and_pictures_mix(encoder: DualEncoder, tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "green.png", "green")
    mixed = embed_query(Query.of("red", like=(str(photo),)), encoder)
    red, green = encoder.embed_texts(["red", "green"])
    assert mixed @ red > 0.5
    assert mixed @ green > 0.5


def test_parts_that_cancel_out_are_refused(encoder: DualEncoder) -> None:
    with pytest.raises(QueryError, match="cancel"):
        embed_query(Query.of("red", minus=("red",)), encoder)


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_a_query_picture_that_is_none_is_named(
    encoder: DualEncoder, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "query.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(QueryError, match=r"query\.jpg"):
        embed_query(Query.of(like=(str(path),)), encoder)
