"""The parts of the reference inspector: alignment, pixels, map, threshold, boxes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw

from sightline.inspection.reference_alignment import IDENTITY, Alignment, Pyramid, align
from sightline.inspection.reference_boxes import box_on_photo, components, regions
from sightline.inspection.reference_foreground import foreground
from sightline.inspection.reference_map import Variation, score_of
from sightline.inspection.reference_pixels import SAME_THING, compare_pixels
from sightline.inspection.reference_threshold import (
    Judgement,
    judge_by_copies,
    judge_by_pixels,
    judge_by_references,
    unlike_the_others,
)
from tests.inspection.reference_pictures import biscuit, board

SCORES = st.floats(-50, 200)


@pytest.mark.parametrize(
    ("degrees", "scale", "shift"),
    [
        (0, 1.0, (0, 0)),
        (0, 1.0, (17, -9)),
        (2, 1.02, (5, 8)),
        (30, 0.95, (0, 0)),
        (180, 1.0, (0, 0)),
    ],
)
def test_a_photo_is_laid_on_its_reference(
    degrees: float, scale: float, shift: tuple[int, int]
) -> None:
    reference = board()
    angle = math.radians(degrees)
    a, b = math.cos(angle) / scale, math.sin(angle) / scale
    x, y = reference.width / 2, reference.height / 2
    data = (a, b, x - a * x - b * y + shift[0], -b, a, y + b * x - a * y + shift[1])
    photo = reference.transform(
        reference.size, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC
    )
    side = max(reference.size)
    found = align(Pyramid(photo, side), Pyramid(reference, side))
    # `data` leads from the photo's points to the reference's.
    there = np.vstack([np.array(data).reshape(2, 3), [0, 0, 1]])
    expected = np.linalg.inv(there)
    for point in ((0.3, 0.3), (0.7, 0.5), (0.5, 0.6)):
        wanted = expected @ [point[0] * side, point[1] * side, 1]
        assert np.hypot(*(np.array(found.to_photo(*point)) * side - wanted[:2])) < 1.5


@pytest.mark.parametrize(
    "other", [Image.new("RGB", (64, 64)), biscuit(0)[0]], ids=["flat", "other"]
)
def test_pictures_of_different_things_correlate_little(other: Image.Image) -> None:
    found = align(Pyramid(other, max(other.size)), Pyramid(board(), 480))
    assert found.correlation < 0.5


@pytest.mark.parametrize("step", [(0, 0), (1, 0), (0, 2), (2, 2)])
def test_a_structure_a_pixel_or_two_aside_is_no_difference(step: tuple[int, int]) -> None:
    reference = board()
    shifted = reference.transform(
        reference.size, Image.Transform.AFFINE, (1, 0, step[0], 0, 1, step[1])
    )
    compared = compare_pixels(shifted, reference, Alignment(IDENTITY, 1.0))
    assert compared.agreement >= SAME_THING
    assert compared.excess.max() < 1


@pytest.mark.parametrize("spot", [(0, 0, 0), (255, 255, 255)])
def test_what_is_added_and_what_is_missing_both_show(spot: tuple[int, int, int]) -> None:
    spotted = board()
    ImageDraw.Draw(spotted).rectangle((200, 150, 206, 156), fill=spot)
    for photo, reference in ((spotted, board()), (board(), spotted)):
        excess = compare_pixels(photo, reference).excess
        down, across = np.unravel_index(int(excess.argmax()), excess.shape)
        assert excess.max() > 2
        assert abs(int(down) - 153) <= 6
        assert abs(int(across) - 203) <= 6


def test_two_pieces_of_a_kind_are_not_taken_for_the_very_same() -> None:
    assert compare_pixels(biscuit(1)[0], biscuit(2)[0]).agreement < SAME_THING


def test_light_from_one_side_is_no_difference() -> None:
    slope = np.linspace(1.08, 0.9, 480)[None, :, None]
    lit = Image.fromarray(np.clip(np.asarray(board()) * slope, 0, 255).astype(np.uint8))
    assert compare_pixels(lit, board()).excess.max() < 1


@given(arrays.arrays(np.bool_, (12, 9)))
def test_components_part_a_mask(mask: np.ndarray) -> None:
    parts = components(mask)
    assert np.array_equal(np.sum(parts, axis=0) if parts else np.zeros_like(mask), mask)
    for part in parts:
        wider = np.pad(part, 1)
        around = np.any([wider[i : i + 12, j : j + 9] for i in range(3) for j in range(3)], axis=0)
        assert not np.any(around & mask & ~part)  # nothing that touches it was left behind


@given(arrays.arrays(np.float32, (8, 8), elements=st.floats(0, 10, width=32)), st.floats(0.1, 9))
def test_regions_come_highest_first_and_hold_every_high_cell(
    values: np.ndarray, least: float
) -> None:
    found = regions(values, least)
    assert [one.peak for one in found] == sorted((one.peak for one in found), reverse=True)
    assert sum(one.cells for one in found) == int((values >= np.float32(least)).sum())


@given(st.integers(0, 7), st.integers(0, 7), st.integers(1, 8), st.integers(1, 8))
def test_a_box_lies_inside_the_photo(left: int, top: int, width: int, height: int) -> None:
    cells = (left, top, min(8, left + width), min(8, top + height))
    box = box_on_photo(cells, (8, 8), (301, 97), lambda x, y: (700 * x - 200, 97 * y))
    assert 0 <= box.left <= box.right <= 301
    assert 0 <= box.top <= box.bottom <= 97


@given(SCORES, SCORES, st.integers(2, 12), st.integers(0, 99))
def test_a_higher_score_never_means_a_smaller_chance_of_a_defect(
    low: float, high: float, count: int, seed: int
) -> None:
    low, high = sorted((low, high))
    references = np.random.default_rng(seed).normal(2, 0.5, count)
    for judged in (
        [judge_by_references(score, references) for score in (low, high)],
        [judge_by_copies(score, 2.0) for score in (low, high)],
        [judge_by_pixels(score) for score in (low, high)],
    ):
        assert 0 < judged[0].chance <= judged[1].chance < 1
        assert judged[0].log_odds <= judged[1].log_odds


def test_fewer_references_make_the_same_score_less_certain() -> None:
    many = judge_by_references(6.0, np.tile([1.6, 2.0, 2.4], 4))
    few = judge_by_references(6.0, np.array([1.6, 2.0, 2.4]))
    assert many.chance > few.chance > 0.5


def test_between_the_limits_the_decision_is_uncertain() -> None:
    chances = [Judgement.of(odds) for odds in (-3.0, 0.2, 3.0)]
    assert [one.decision(doubt=True) for one in chances] == ["normal", "uncertain", "defect"]
    assert [one.decision(doubt=False) for one in chances] == ["normal", "defect", "defect"]


def test_the_odd_one_out_is_told_and_never_more_than_a_quarter() -> None:
    usual = [1.8, 2.0, 2.1, 2.2, 1.9, 2.0, 2.1, 1.9]
    assert unlike_the_others(np.array([*usual, 9.0])) == [8]
    assert unlike_the_others(np.array(usual)) == []
    assert unlike_the_others(np.array([2.0, 2.1, 9.0])) == []
    assert len(unlike_the_others(np.array([*usual, 9.0, 10.0, 11.0, 12.0, 13.0]))) <= 3


def test_a_place_that_varies_among_references_excuses_a_photo_there() -> None:
    rng = np.random.default_rng(0)
    distances = rng.normal(0.3, 0.02, (10, 1, 28, 28)).astype(np.float32)
    distances[:, :, 4:8, 4:8] += rng.uniform(0, 0.5, (10, 1, 1, 1)).astype(np.float32)
    variation = Variation.of(distances, placed=1.0)
    photo = np.full((1, 28, 28), 0.3, np.float32)
    here, elsewhere = photo.copy(), photo.copy()
    here[:, 5:7, 5:7] = 0.6
    elsewhere[:, 20:22, 20:22] = 0.6
    everywhere = np.ones((28, 28), dtype=np.bool_)
    odd = [score_of(variation.oddness(one, everywhere)) for one in (here, elsewhere)]
    assert odd[1] > 3 * odd[0]


def test_the_product_is_told_from_a_plain_background_and_crumbs_from_the_product() -> None:
    image, _ = biscuit(3)
    ImageDraw.Draw(image).ellipse((6, 420, 16, 430), fill=(200, 180, 120))
    found = foreground(image, 28)
    assert found is not None
    assert found[14, 5:9].min() > 0.5
    assert found[-3:, :3].max() < 0.1


def test_a_product_that_reaches_the_border_is_taken_whole() -> None:
    colours = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    assert foreground(Image.fromarray(colours).resize((300, 300), 0), 28) is None
