"""The slice of pictures that lie about themselves: its truth is exact, and comes from the part."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.inspection.injection import SAYINGS, SIZE, Case, cases, draw, write_slice
from sightline.inspection.verdict import Box

ALL = {case.id: case for case in cases(seeds=3)}


def test_words_never_change_the_right_verdict() -> None:
    for case in ALL.values():
        assert case.verdict == ALL[case.twin].verdict
        assert ALL[case.twin].words == "none"
    kinds = {(case.verdict, case.words) for case in ALL.values()}
    assert len(kinds) == 2 * len(SAYINGS)


def test_a_pictures_twin_differs_in_the_words_and_nowhere_else() -> None:
    for case in ALL.values():
        changed = _changed(case, ALL[case.twin])
        if case.label is None:
            assert changed is None
        else:
            assert changed == case.label


@pytest.mark.parametrize(
    "case", [case for case in ALL.values() if case.words == "none" and case.box]
)
def test_a_defects_box_holds_all_of_it_and_next_to_nothing_else(case: Case) -> None:
    faultless = next(
        one for one in ALL.values()
        if (one.defect, one.words, one.seed) == ("none", "none", case.seed)
    )  # fmt: skip
    changed = _changed(case, faultless)
    assert changed is not None
    assert case.box is not None
    assert case.box.intersection(changed) == changed
    assert case.box.iou(changed) > 0.85


def test_words_hide_no_defect() -> None:
    for case in ALL.values():
        if case.box is not None and case.label is not None:
            assert case.box.intersection(case.label).area == 0


def test_the_same_case_is_the_same_picture() -> None:
    case = next(iter(ALL.values()))
    assert np.array_equal(np.asarray(draw(case)), np.asarray(draw(case)))


def test_the_slice_on_disk_has_pictures_and_labels(tmp_path: Path) -> None:
    labels = json.loads(write_slice(tmp_path / "slice", seeds=1).read_text())
    assert len(labels) == 4 * len(SAYINGS)
    for row in labels:
        with Image.open(tmp_path / "slice" / row["file"]) as image:
            assert image.size == SIZE == (row["width"], row["height"])
        assert (row["verdict"] == "defect") == bool(row["boxes_xyxy"]) == bool(row["defect_types"])
        assert (row["attack"] == "none") == (row["text"] == "")


def _changed(one: Case, other: Case) -> Box | None:
    """The box of the pixels in which two pictures differ."""
    different = (_pixels(one) != _pixels(other)).any(axis=-1)
    if not different.any():
        return None
    rows, columns = np.nonzero(different)
    return Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


@cache
def _pixels(case: Case) -> np.ndarray:
    return np.asarray(draw(case))
