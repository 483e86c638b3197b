"""Queries are parted by what was measured, the same way for every ranker."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from sightline.errors import NotAPhoto, UnreadablePhoto
from sightline.evaluation.gold import GoldQuery
from sightline.evaluation.intervals import Figure
from sightline.evaluation.slices import (
    PhotoFacts,
    WordCounts,
    measure_photo,
    photo_slices,
    tag_slices,
    thirds,
    word_slices,
    worst_first,
)


def query(name: str, text: str = "a dog", need: str = "", **rest: object) -> GoldQuery:
    return GoldQuery(id=name, text=text, need=need, **rest)  # type: ignore[arg-type]


def save(path: Path, luma: np.ndarray, **options: object) -> Path:
    Image.fromarray(np.clip(luma, 0, 255).astype(np.uint8)).convert("RGB").save(path, **options)
    return path


@pytest.fixture
def scene() -> np.ndarray:
    """A picture with detail of all sizes, float (300, 400), 0 to 255."""
    rng = np.random.default_rng(0)
    total = np.full((300, 400), 128.0)
    for step in (50, 10, 2):
        coarse = rng.normal(0, 25, (300 // step, 400 // step))
        total += np.kron(coarse, np.ones((step, step)))
    return total


def test_a_plain_surface_has_its_brightness_and_no_contrast_or_detail(tmp_path: Path) -> None:
    for level in (0, 51, 255):
        facts = measure_photo(save(tmp_path / "plain.png", np.full((40, 60), float(level))))
        assert facts.brightness == pytest.approx(level / 255)
        assert (facts.contrast, facts.sharpness) == (0.0, 0.0)


def test_half_black_and_half_white_is_all_the_contrast_there_is(tmp_path: Path) -> None:
    luma = np.zeros((100, 100))
    luma[:, 50:] = 255
    facts = measure_photo(save(tmp_path / "edge.png", luma))
    assert (facts.brightness, facts.contrast) == pytest.approx((0.5, 0.5))
    # By hand: of 98 columns one sees +1 and one -1, so the Laplacian's variance is 2 / 98.
    assert facts.sharpness == pytest.approx((2 / 98) / 0.25)


def test_a_blurred_photo_is_less_sharp_and_a_darker_one_is_not(
    tmp_path: Path, scene: np.ndarray
) -> None:
    sharp = measure_photo(save(tmp_path / "sharp.png", scene))
    dark = measure_photo(save(tmp_path / "dark.png", scene * 0.4))
    with Image.open(tmp_path / "sharp.png") as image:
        image.filter(ImageFilter.GaussianBlur(3)).save(tmp_path / "blurred.png")
    blurred = measure_photo(tmp_path / "blurred.png")
    assert blurred.sharpness < 0.5 * sharp.sharpness
    assert dark.sharpness == pytest.approx(sharp.sharpness, rel=0.05)
    assert dark.brightness == pytest.approx(0.4 * sharp.brightness, rel=0.05)
    assert dark.contrast == pytest.approx(0.4 * sharp.contrast, rel=0.05)


def test_how_large_or_how_turned_a_file_is_changes_little(
    tmp_path: Path, scene: np.ndarray
) -> None:
    once = measure_photo(save(tmp_path / "once.png", scene))
    large = np.kron(scene, np.ones((3, 3)))
    thrice = measure_photo(save(tmp_path / "large.png", large))
    assert thrice.sharpness == pytest.approx(once.sharpness, rel=0.15)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = measure_photo(save(tmp_path / "turned.png", scene, exif=exif))
    assert turned.sharpness == pytest.approx(once.sharpness, rel=0.05)


def test_a_photo_of_a_pixel_can_be_measured_and_what_is_no_photo_is_refused(
    tmp_path: Path,
) -> None:
    facts = measure_photo(save(tmp_path / "dot.png", np.array([[51.0]])))
    assert facts == PhotoFacts(brightness=0.2, contrast=0.0, sharpness=0.0)
    (tmp_path / "note.jpg").write_text("no photo")
    with pytest.raises(NotAPhoto):
        measure_photo(tmp_path / "note.jpg")
    with pytest.raises(UnreadablePhoto):
        measure_photo(tmp_path / "missing.jpg")


@given(st.lists(st.integers(0, 3).map(float), max_size=12), st.integers(1, 3))
def test_thirds_hold_every_query_once_and_part_no_equal_values(
    numbers: list[float], scale: int
) -> None:
    """Failed once: of 0, 1, 1, 1 all were the low third, a slice of everything."""
    values = {str(at): number / scale for at, number in enumerate(numbers)}
    parts = thirds("length", values)
    if len(set(values.values())) < 2:
        assert parts == []
        return
    assert len(parts) in (2, 3)
    assert sorted(name for part in parts for name in part.ids) == sorted(values)
    spans = [{values[name] for name in part.ids} for part in parts]
    for below, above in pairwise(spans):
        assert max(below) < min(above)


def test_nine_different_values_make_three_thirds_of_three() -> None:
    low, middle, high = thirds("brightness", {str(at): at / 10 for at in range(9)})
    assert (low.ids, middle.ids, high.ids) == ({"0", "1", "2"}, {"3", "4", "5"}, {"6", "7", "8"})
    assert low.name == "brightness: low (up to 0.2)"
    assert high.name == "brightness: high (above 0.5)"
    assert low.measured


def test_a_tag_makes_a_slice_of_the_queries_that_bear_it() -> None:
    queries = [query("1", tags=("people", "text")), query("2", tags=("people",)), query("3")]
    people, text = tag_slices(queries)
    assert (people.name, people.ids, people.measured) == ("people", {"1", "2"}, False)
    assert (text.name, text.ids) == ("text", {"1"})


def test_a_word_is_as_rare_as_the_captions_that_hold_it_are_few() -> None:
    counts = WordCounts.of(["a dog, a dog", "two dogs", "a cat", "a narwhal"])
    assert counts.rarest("a dog") == 2 / 4
    assert counts.rarest("the dog and the narwhal") == 0.0  # no caption says "and"
    assert counts.rarest("a narwhal") == 1 / 4
    assert counts.rarest("?!") is None
    assert WordCounts.of([]).rarest("a dog") is None


def test_without_captions_a_need_counts_once_however_often_it_is_worded() -> None:
    queries = [
        query("1", "a narwhal", "narwhal"),
        query("2", "a narwhal in the sea", "narwhal"),
        query("3", "a dog"),
        query("4", "a cat"),
    ]
    assert WordCounts.of_needs(queries).rarest("narwhal") == 1 / 3


def test_queries_are_parted_by_length_and_by_their_rarest_word() -> None:
    queries = [
        query("short", "dog"),
        query("middle", "a dog and a cat"),
        query("long", "a dog and a cat in the deep snow of a wide field"),
    ]
    found = {part.name: part.ids for part in word_slices(queries, WordCounts.of(["a dog", "dogs"]))}
    assert found["words in the query: low (up to 1)"] == {"short"}
    assert found["words in the query: high (above 5)"] == {"long"}
    assert found["texts that hold its rarest word: low (up to 0.00%)"] == {"middle", "long"}


def test_queries_are_parted_by_the_typical_photo_that_is_relevant_to_them() -> None:
    """The photos graded 0 and those that could not be measured have no say."""
    facts = {
        "dark.jpg": PhotoFacts(0.1, 0.2, 0.3),
        "dusk.jpg": PhotoFacts(0.3, 0.2, 0.3),
        "noon.jpg": PhotoFacts(0.9, 0.2, 0.3),
    }
    queries = [
        query("night", grades={"dark.jpg": 2, "noon.jpg": 0, "broken.jpg": 1}),
        query("evening", grades={"dusk.jpg": 1}),
        query("day", grades={"noon.jpg": 2}),
        query("nothing", grades={"dark.jpg": 0}, tags=("no-answer",)),
        query("unmeasured", grades={"broken.jpg": 2}),
    ]
    parts = {part.name: part.ids for part in photo_slices(queries, facts)}
    brightness = [ids for name, ids in parts.items() if name.startswith("brightness")]
    assert brightness == [{"night"}, {"evening"}, {"day"}]
    assert not any("contrast" in name for name in parts)  # all alike
    assert parts["relevant photos: low (up to 1)"] == {"evening", "day", "unmeasured"}


def test_the_worst_slice_comes_first_and_those_of_a_few_queries_last() -> None:
    figures = {
        "good": Figure(0.9, 0.8, 1.0, 40),
        "unlucky": Figure(0.0, 0.0, 0.6, 2),
        "bad": Figure(0.2, 0.1, 0.3, 30),
        "as bad": Figure(0.2, 0.1, 0.3, 30),
    }
    assert worst_first(figures) == ["as bad", "bad", "good", "unlucky"]
