"""The words inspector: which description fits a photo better, where, and when it won't decide."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sightline import DualEncoder
from sightline.errors import NotAPhoto, QueryError, UsageError
from sightline.inspection.verdict import Box, Task
from sightline.inspection.words import SURE, WordsInspector
from sightline.inspection.words_map import Level, anomaly_map, coarse_windows, places
from sightline.inspection.words_prompts import States, shipped_states, state_vectors
from tests.making import COLOURS

# A product whose faultless pieces are green and whose damage is red, in an encoder that knows
# colours: what words find can then be told from the pixels.
TRAFFIC = States(
    templates=("{}",),
    normal=("{product} green",),
    damaged=("{product} red",),
    own=("{product} {defect}",),
    unnamed="green",
)
AS_NEAR_TO_ONE_AS_TO_THE_OTHER = (77, 151, 8)


@pytest.fixture
def words(tiny_model: Path) -> WordsInspector:
    return WordsInspector(DualEncoder(tiny_model), TRAFFIC)


def paint(
    path: Path, spots: dict[Box, str] | None = None, base: str | tuple[int, int, int] = "green"
) -> Path:
    """A photo of 240 × 180 pixels in one colour, with spots of others."""
    image = Image.new("RGB", (240, 180), COLOURS[base] if isinstance(base, str) else base)
    for box, colour in (spots or {}).items():
        at = (int(box.left), int(box.top), int(box.right), int(box.bottom))
        image.paste(COLOURS[colour], at)
    image.save(path)
    return path


def test_what_looks_faultless_is_normal_and_what_looks_damaged_is_a_defect(
    words: WordsInspector, tmp_path: Path
) -> None:
    good = words.inspect(Task(image=paint(tmp_path / "good.png")))
    bad = words.inspect(Task(image=paint(tmp_path / "bad.png", base="red")))
    assert (good.decision, bad.decision) == ("normal", "defect")
    assert good.score is not None
    assert bad.score is not None
    assert good.score < 1 - SURE < SURE < bad.score
    assert good.confidence == pytest.approx(1 - good.score)
    assert bad.confidence == pytest.approx(bad.score)
    assert good.findings == ()
    assert good.would_help == bad.would_help == ""


def test_a_spot_is_found_where_it_is(words: WordsInspector, tmp_path: Path) -> None:
    spot = Box(150, 15, 235, 90)
    task = Task(image=paint(tmp_path / "spot.png", {spot: "red"}), doubt=False)
    verdict = words.inspect(task)
    clean = words.inspect(Task(image=paint(tmp_path / "clean.png"), doubt=False))
    assert verdict.score is not None
    assert clean.score is not None
    assert verdict.score > clean.score
    (finding,) = verdict.findings
    assert finding.box is not None
    assert spot.contains(finding.box.centre)
    assert finding.box.iou(spot) > 0.3


def test_what_fits_both_descriptions_is_uncertain_and_says_what_would_help(
    words: WordsInspector, tmp_path: Path
) -> None:
    neither = paint(tmp_path / "neither.png", base=AS_NEAR_TO_ONE_AS_TO_THE_OTHER)
    doubting = words.inspect(Task(image=neither))
    assert doubting.decision == "uncertain"
    assert "faultless" in doubting.would_help
    assert "name the product" in doubting.would_help
    named = words.inspect(Task(image=neither, product="green", look_for=("red",)))
    assert "name the" not in named.would_help
    decided = words.inspect(Task(image=neither, doubt=False))
    assert decided.decision != "uncertain"
    assert decided.confidence == doubting.confidence < SURE


def test_a_finding_is_called_by_the_named_defect_that_fits_it(
    words: WordsInspector, tmp_path: Path
) -> None:
    photo = paint(tmp_path / "part.png", base="magenta")
    task = Task(image=photo, product="green", look_for=("yellow", "magenta"), doubt=False)
    verdict = words.inspect(task)
    assert verdict.decision == "defect"
    assert {finding.type for finding in verdict.findings} == {"magenta"}


def test_zoom_looks_at_every_pixel_unscaled_or_only_where_it_is_worth_it(
    words: WordsInspector, tmp_path: Path
) -> None:
    photo = paint(tmp_path / "part.png", {Box(200, 0, 240, 40): "red"})
    once = words.inspect(Task(image=photo))
    tiled = words.inspect(Task(image=photo, zoom="tiles"))
    adaptive = words.inspect(Task(image=photo, zoom="adaptive"))
    assert len(once.sent) < len(adaptive.sent) < len(tiled.sent)
    unscaled = [sent.crop for sent in tiled.sent if sent.crop.width == sent.width == 32]
    seen = np.zeros((180, 240), bool)
    for crop in unscaled:
        seen[int(crop.top) : int(crop.bottom), int(crop.left) : int(crop.right)] = True
    assert seen.all()


def test_what_was_looked_at_is_told(words: WordsInspector, tmp_path: Path) -> None:
    verdict = words.inspect(Task(image=paint(tmp_path / "part.png")))
    assert verdict.sent[0].crop == Box(0, 0, 240, 180)
    assert verdict.sent[0].role == "photo"
    assert {(sent.width, sent.height) for sent in verdict.sent} == {(32, 32)}
    assert verdict.inspector == "words"
    assert verdict.model.startswith("tiny-")


def test_words_that_the_model_does_not_know_are_refused(
    words: WordsInspector, tmp_path: Path
) -> None:
    photo = paint(tmp_path / "part.png")
    for task in (
        Task(image=photo, product="bracket"),
        Task(image=photo, product="green", look_for=("crack",)),
    ):
        with pytest.raises(QueryError, match="knows no word"):
            words.inspect(task)
    with pytest.raises(UsageError, match="empty"):
        words.inspect(Task(image=photo, look_for=("",)))


def test_a_file_that_is_no_photo_is_refused(words: WordsInspector, tmp_path: Path) -> None:
    (tmp_path / "part.png").write_bytes(b"no picture")
    with pytest.raises(NotAPhoto):
        words.inspect(Task(image=tmp_path / "part.png"))


def test_a_strip_is_no_reason_for_thousands_of_windows(
    words: WordsInspector, tmp_path: Path
) -> None:
    Image.new("RGB", (20_000, 3), COLOURS["green"]).save(tmp_path / "strip.png")
    verdict = words.inspect(Task(image=tmp_path / "strip.png"))
    assert verdict.decision == "normal"
    assert len(verdict.sent) < 50


def test_the_users_words_are_never_taken_for_a_gap_to_fill(tiny_model: Path) -> None:
    read: list[str] = []

    class Reading(DualEncoder):
        def embed_texts(self, texts):  # type: ignore[no-untyped-def]
            read.extend(texts)
            return super().embed_texts(texts)

    state_vectors(Reading(tiny_model), TRAFFIC, "red {defect} {} box", ["blue {product}"])
    assert "red {defect} {} box green" in read
    assert "red {defect} {} box blue {product}" in read


def test_every_shipped_state_names_the_product_and_every_template_the_state() -> None:
    states = shipped_states()
    assert all("{product}" in state for state in (*states.normal, *states.damaged, *states.own))
    assert all("{defect}" in state for state in states.own)
    assert all(template.count("{}") == 1 for template in states.templates)
    assert not set(states.normal) & set(states.damaged)


sides = st.integers(1, 700)


@given(sides, sides)
def test_windows_lie_in_the_photo_and_leave_no_pixel_out(width: int, height: int) -> None:
    for windows in coarse_windows(width, height):
        assert len(windows) <= 16 * 16
        seen = np.zeros((height, width), bool)
        for box in windows:
            assert 0 <= box.left < box.right <= width
            assert 0 <= box.top < box.bottom <= height
            seen[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = True
        assert seen.all()


@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_the_map_stays_between_its_lowest_and_its_highest_window(
    width: int, height: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    windows = ((Box(0, 0, width, height),), *coarse_windows(width, height))
    levels = [Level(boxes, rng.uniform(0.01, 0.99, len(boxes))) for boxes in windows]
    shares = anomaly_map(width, height, levels)
    every = np.concatenate([level.shares for level in levels])
    assert np.isfinite(shares).all()
    assert shares.min() >= every.min() - 1e-9
    assert shares.max() <= every.max() + 1e-9


@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_places_lie_in_the_photo_highest_first_and_hold_all_that_stands_out(
    width: int, height: int, seed: int, least: float
) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.random((rng.integers(1, 12), rng.integers(1, 12)))
    found = places(shares, width, height, least)
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)
    for box, _ in found:
        assert 0 <= box.left < box.right <= width + 1e-6
        assert 0 <= box.top < box.bottom <= height + 1e-6
    rows, columns = shares.shape
    for row, column in zip(*np.nonzero(shares >= least), strict=True):
        middle = (column + 0.5) * width / columns, (row + 0.5) * height / rows
        assert any(box.contains(middle) for box, _ in found)


def test_one_window_that_says_faultless_keeps_a_place_from_standing_out() -> None:
    whole = Box(0, 0, 100, 100)
    halves = (Box(0, 0, 60, 100), Box(40, 0, 100, 100))
    levels = [Level((whole,), np.array([0.5])), Level(halves, np.array([0.9, 0.01]))]
    shares = anomaly_map(100, 100, levels)
    left, middle = shares[0, 0], shares[0, shares.shape[1] // 2]
    assert left > 0.6
    assert middle < 0.1
