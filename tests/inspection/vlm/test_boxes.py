"""Boxes of every family of models, in pixels of the photo and back."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sightline.errors import UsageError
from sightline.inspection.verdict import Box, Sent
from sightline.inspection.vlm.boxes import convention, place, unplace
from sightline.inspection.vlm.families import FAMILIES, Family, family_named, family_of

SENT = Sent(crop=Box(100, 200, 500, 400), width=800, height=400, role="tile")
PART = Box(200, 250, 300, 350)  # a quarter to a half across, a quarter to three quarters down

edges = st.integers(0, 5000)


@pytest.mark.parametrize(
    ("model", "raw"),
    [
        ("qwen2-vl:7b", (250, 250, 500, 750)),
        ("Qwen/Qwen2.5-VL-7B-Instruct", (203, 98, 406, 294)),  # sees 812 × 392: multiples of 28
        ("qwen2.5vl:7b", (203, 98, 406, 294)),
        ("qwen3-vl:8b", (250, 250, 500, 750)),
        ("gemini-3-pro", (250, 250, 750, 500)),
        ("models/gemma-3-27b-it", (250, 250, 750, 500)),
        ("claude-sonnet-4-5", (200, 100, 400, 300)),
        ("gpt-5.4-mini", (200, 100, 400, 300)),
        ("o4-mini", (200, 100, 400, 300)),
        ("moondream:latest", (0.25, 0.25, 0.5, 0.75)),
        ("InternVL3-8B", (250, 250, 500, 750)),
        ("/models/unknown.gguf", (250, 250, 500, 750)),
    ],
)
def test_each_family_counts_in_its_own_way(model: str, raw: tuple[float, ...]) -> None:
    placed = place(raw, family_of(model), SENT)
    assert placed.box == PART
    assert placed.note == ""
    assert unplace(PART, family_of(model), SENT) == pytest.approx(raw)


@given(
    family=st.sampled_from(FAMILIES),
    crop=st.tuples(edges, edges, st.integers(1, 4000), st.integers(1, 4000)),
    size=st.tuples(st.integers(1, 2048), st.integers(1, 2048)),
    shares=st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_a_box_comes_back_from_any_familys_numbers(
    family: Family, crop: tuple[int, ...], size: tuple[int, int], shares: list[float]
) -> None:
    left, top, width, height = crop
    sent = Sent(crop=Box(left, top, left + width, top + height), width=size[0], height=size[1])
    xs, ys = sorted(shares[:2]), sorted(shares[2:])
    assume(xs[1] - xs[0] > 1e-6 and ys[1] - ys[0] > 1e-6)
    box = Box(
        left + xs[0] * width, top + ys[0] * height, left + xs[1] * width, top + ys[1] * height
    )
    placed = place(unplace(box, family, sent), family, sent)
    assert placed.box is not None
    assert placed.note == ""
    for found, true in zip(_edges(placed.box), _edges(box), strict=True):
        assert found == pytest.approx(true, abs=1e-6 * max(width, height) + 1e-9)


@given(
    family=st.sampled_from(FAMILIES),
    raw=st.lists(st.floats(), min_size=0, max_size=6).map(tuple),
)
def test_whatever_a_model_says_no_box_leaves_the_picture(
    family: Family, raw: tuple[float, ...]
) -> None:
    placed = place(raw, family, SENT)
    if placed.box is None:
        assert "dropped" in placed.note
        return
    assert placed.box.area > 0
    assert SENT.crop.left <= placed.box.left < placed.box.right <= SENT.crop.right
    assert SENT.crop.top <= placed.box.top < placed.box.bottom <= SENT.crop.bottom
    across, down = family.extent((SENT.width, SENT.height))
    most = max(across, down)
    if any(number > most * 1.01 or number < -most * 0.01 for number in raw):
        assert "cut off" in placed.note


def test_corners_in_the_wrong_order_are_put_right() -> None:
    family = family_named("qwen2-vl")
    assert place((500, 750, 250, 250), family, SENT) == place((250, 250, 500, 750), family, SENT)


def test_the_prompt_names_the_order_and_the_numbers_of_the_family() -> None:
    gemini = convention(family_named("gemini"), SENT)
    assert gemini.startswith("[top, left, bottom, right]")
    assert "to 1000 at the right" in gemini
    claude = convention(family_named("claude"), SENT)
    assert "to 800 at the right" in claude
    assert "to 400 at the bottom" in claude


def test_an_unknown_family_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="claude, gemini"):
        family_named("gpt2")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_picture_within_a_familys_limit_costs_nothing_or_the_world(family: Family) -> None:
    side = family.limit.tile
    assert 100 < family.tokens((side, side)) < 2500


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_claude_is_shown_no_picture_that_it_would_scale_down(width: int, height: int) -> None:
    claude = family_named("claude")
    size = claude.limit.size(width, height)
    # Its makers' limits: 1568 pixels, and 1568 patches of 28 pixels.
    assert max(size) <= 1568
    assert math.ceil(size[0] / 28) * math.ceil(size[1] / 28) <= 1568


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom
