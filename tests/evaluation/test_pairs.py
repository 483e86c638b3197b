"""Minimal pairs: read, scored, summed up; against what is known by hand."""

import json
from pathlib import Path

import pytest

from sightline import DualEncoder
from sightline.errors import GoldError
from sightline.evaluation.pairs import (
    Pair,
    PairFile,
    PairScore,
    Share,
    evaluate_pairs,
    family_result,
    pairs_rows,
    read_pairs,
)
from tests.making import make_photo


def entry(filename: str, caption: str, negative: str, other: str | None = None) -> dict[str, str]:
    pair = {"filename": filename, "caption": caption, "negative_caption": negative}
    return pair | ({"negative_filename": other} if other else {})


def write(path: Path, pairs: object) -> Path:
    path.write_text(json.dumps(pairs))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Pictures of one colour each, which the small model knows by name."""
    folder = tmp_path / "images"
    for colour in ("red", "green", "blue"):
        make_photo(folder / f"{colour}.png", colour)
    return folder


@pytest.fixture
def encoder(tiny_model: Path) -> DualEncoder:
    return DualEncoder(tiny_model)


def test_a_pair_is_right_where_the_true_caption_is_nearer(
    photos: Path, encoder: DualEncoder, tmp_path: Path
) -> None:
    file = write(
        tmp_path / "colour.json",
        {
            "0": entry("red.png", "red", "blue"),
            "1": entry("blue.png", "blue", "green"),
            "2": entry("green.png", "red", "green"),
        },
    )
    (family,) = evaluate_pairs(encoder, [file], photos).families
    assert [score.is_right for score in family.scores] == [True, True, False]
    assert (family.caption.right, family.caption.of) == (2, 3)
    assert family.text is family.image is family.group is None


def test_sugarcrepes_own_numbering_and_extra_fields_are_read(tmp_path: Path) -> None:
    file = write(tmp_path / "swap_obj.json", {"0": entry("a.jpg", "x", "y") | {"more": 1}})
    assert read_pairs(file) == PairFile(
        name="swap_obj", pairs={"0": Pair(filename="a.jpg", caption="x", negative_caption="y")}
    )


def test_a_tie_is_no_success(photos: Path, encoder: DualEncoder, tmp_path: Path) -> None:
    # The small model knows neither word, so both captions have the same vector.
    file = write(tmp_path / "unknown.json", {"0": entry("red.png", "horse", "donkey")})
    (family,) = evaluate_pairs(encoder, [file], photos).families
    assert (family.caption.right, family.ties) == (0, 1)


def test_two_pictures_give_the_three_scores_of_winoground(
    photos: Path, encoder: DualEncoder, tmp_path: Path
) -> None:
    file = write(tmp_path / "two.json", {"0": entry("red.png", "red", "blue", "blue.png")})
    (family,) = evaluate_pairs(encoder, [file], photos).families
    assert family.text is not None
    assert family.image is not None
    assert family.group is not None
    assert [share.right for share in (family.text, family.image, family.group)] == [1, 1, 1]


def score(cosine: float, negative: float, other: float, other_negative: float) -> PairScore:
    return PairScore(
        id="0",
        cosine=cosine,
        negative_cosine=negative,
        other_cosine=other,
        other_negative_cosine=other_negative,
    )


@pytest.mark.parametrize(
    ("scores", "right", "text", "image"),
    [
        ((0.9, 0.1, 0.1, 0.9), True, True, True),
        ((0.9, 0.8, 0.5, 0.6), True, True, False),  # the first picture draws both captions
        ((0.9, 0.5, 0.8, 0.6), True, False, True),  # the first caption draws both pictures
        ((0.5, 0.5, 0.1, 0.9), False, False, True),  # a tie is no preference
        ((0.1, 0.9, 0.9, 0.1), False, False, False),
    ],
)
def test_text_and_image_scores_are_those_of_the_paper(
    scores: tuple[float, float, float, float], right: bool, text: bool, image: bool
) -> None:
    one = score(*scores)
    assert (one.is_right, one.text_is_right, one.image_is_right) == (right, text, image)


def test_a_group_needs_both_at_once() -> None:
    pairs = {
        name: Pair(filename="a", caption="x", negative_caption="y", negative_filename="b")
        for name in ("0", "1", "2")
    }
    scores = [score(0.9, 0.8, 0.5, 0.6), score(0.9, 0.5, 0.8, 0.6), score(0.9, 0.1, 0.1, 0.9)]
    result = family_result(PairFile(name="f", pairs=pairs), scores)
    assert result.text is not None
    assert result.image is not None
    assert result.group is not None
    assert [share.right for share in (result.text, result.image, result.group)] == [2, 2, 1]
    assert [share.chance for share in (result.text, result.image, result.group)] == [
        0.25,
        0.25,
        pytest.approx(1 / 6),
    ]


def test_guessing_gives_what_is_called_chance() -> None:
    # Cosines of an encoder that knows nothing: all orders of four numbers are equally likely.
    from itertools import permutations

    orders = [score(*order) for order in permutations((0.1, 0.2, 0.3, 0.4))]
    assert sum(one.is_right for one in orders) / len(orders) == 1 / 2
    assert sum(one.text_is_right for one in orders) / len(orders) == 1 / 4
    assert sum(one.image_is_right for one in orders) / len(orders) == 1 / 4
    both = [one for one in orders if one.text_is_right and one.image_is_right]
    assert len(both) / len(orders) == pytest.approx(1 / 6)


def test_a_broken_picture_counts_as_wrong_and_is_named(
    photos: Path, encoder: DualEncoder, tmp_path: Path
) -> None:
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing more")
    file = write(
        tmp_path / "f.json",
        {"good": entry("red.png", "red", "blue"), "bad": entry("broken.png", "red", "blue")},
    )
    (family,) = evaluate_pairs(encoder, [file], photos).families
    assert (family.caption.right, family.caption.of) == (1, 2)
    assert [one.id for one in family.unusable] == ["bad"]


def test_a_picture_of_many_pairs_is_embedded_once(
    photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    from tests.making import CountingEncoder

    counting = CountingEncoder(tiny_model)
    files = [
        write(tmp_path / f"{name}.json", {"0": entry("red.png", "red", negative)})
        for name, negative in (("one", "blue"), ("two", "green"))
    ]
    evaluate_pairs(counting, files, photos)
    assert counting.embedded == 1


def test_missing_pictures_are_counted_before_anything_is_embedded(
    photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    from tests.making import CountingEncoder

    counting = CountingEncoder(tiny_model)
    file = write(
        tmp_path / "f.json",
        {
            "0": entry("red.png", "red", "blue"),
            "1": entry("gone.png", "red", "blue"),
            "2": entry("red.png", "red", "blue", "gone too.png"),
        },
    )
    with pytest.raises(GoldError, match=r"2 of 3 pictures .* 'gone\.png'"):
        evaluate_pairs(counting, [file], photos)
    assert counting.embedded == 0


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hostname", "a\0b"])
def test_a_pair_can_not_point_out_of_the_folder(
    photos: Path, encoder: DualEncoder, tmp_path: Path, name: str
) -> None:
    make_photo(tmp_path / "secret.png")
    file = write(tmp_path / "f.json", {"0": entry(name, "red", "blue")})
    with pytest.raises(GoldError, match="not below"):
        evaluate_pairs(encoder, [file], photos)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no file of pairs"),
        ("[1, 2]", "no file of pairs"),
        ('{"0": {"filename": "a.png", "caption": "x"}}', "negative_caption"),
        ('{"0": {"filename": 3, "caption": "x", "negative_caption": "y"}}', "Expected `str`"),
        ("{}", "no pairs"),
        ('{"0": 1, "0": 2}', "'0' stands there twice"),
        ('{"0": {"filename": "a", "caption": " ", "negative_caption": "y"}}', "empty caption"),
        ('{"0": {"filename": "a", "caption": "x", "negative_caption": "x "}}', "twice the same"),
        ("[" * 100_000, "no file of pairs"),
        ("\ud800", "no file of pairs"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "pairs.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(GoldError, match=problem):
        read_pairs(path)


def test_files_that_are_absent_or_have_one_name_are_refused(
    photos: Path, encoder: DualEncoder, tmp_path: Path
) -> None:
    with pytest.raises(GoldError, match="Can't read"):
        read_pairs(tmp_path / "gone.json")
    (tmp_path / "b").mkdir()
    pairs = {"0": entry("red.png", "red", "blue")}
    files = [write(tmp_path / "f.json", pairs), write(tmp_path / "b" / "f.json", pairs)]
    with pytest.raises(GoldError, match="Two files"):
        evaluate_pairs(encoder, files, photos)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.51, 0.6, "above chance"), (0.4, 0.49, "below chance"),
     (0.45, 0.55, "no different from chance")],
)  # fmt: skip
def test_a_difference_inside_the_interval_is_called_that(
    low: float, high: float, verdict: str
) -> None:
    assert Share(right=5, of=10, low=low, high=high, chance=0.5).verdict == verdict


def test_the_rows_say_all_families_and_their_sum(
    photos: Path, encoder: DualEncoder, tmp_path: Path
) -> None:
    one = write(tmp_path / "one.json", {"0": entry("red.png", "red", "blue", "blue.png")})
    two = write(tmp_path / "two.json", {"0": entry("red.png", "blue", "red")})
    seen = []
    result = evaluate_pairs(encoder, [one, two], photos, lambda *at: seen.append(at))
    assert seen == [(1, 2), (2, 2)]
    head, *rows = pairs_rows(result)
    assert len({len(row) for row in (head, *rows)}) == 1
    assert [row[:3] for row in rows] == [
        ("one", "1", "100.0%"),
        ("two", "1", "0.0%"),
        ("all", "2", "50.0%"),
    ]
    assert rows[0][-3:] == ("100.0%", "100.0%", "100.0%")
    assert rows[1][-3:] == ("–", "–", "–")
