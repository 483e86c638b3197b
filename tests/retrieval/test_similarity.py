"""A picture and some sentences: cosines, and a chance only where there is one to give."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sightline
from sightline.encoders.spec import Calibration
from sightline.errors import QueryError
from sightline.retrieval.similarity import probability
from tests.making import COLOURS, make_model, make_photo


def calibrated(folder: Path, scale: float, bias: float) -> Path:
    """The tests' model with a calibration."""
    model = make_model(folder)
    spec = json.loads((model / "model.json").read_text())
    spec["calibration"] = {"scale": scale, "bias": bias, "source": "a test"}
    (model / "model.json").write_text(json.dumps(spec))
    return model


def test_the_sentence_that_fits_is_nearest_and_the_order_asked_is_kept(
    tmp_path: Path, tiny_model: Path
) -> None:
    photo = make_photo(tmp_path / "red.png", "red")
    found = sightline.similarity(photo, ["blue", "red", "green"], model=tiny_model)
    assert [one.text for one in found] == ["blue", "red", "green"]
    assert max(found, key=lambda one: one.cosine).text == "red"
    assert found[1].cosine > 0.95


def test_no_probability_is_invented_for_a_model_without_calibration(
    tmp_path: Path, tiny_model: Path
) -> None:
    photo = make_photo(tmp_path / "red.png", "red")
    (found,) = sightline.similarity(photo, "red", model=tiny_model)
    assert found.probability is None


def test_a_calibrated_model_gives_the_logistic_of_scaled_cosine_plus_bias(tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "red.png", "red")
    model = calibrated(tmp_path / "model", scale=12, bias=-6)
    for one in sightline.similarity(photo, ["red", "blue"], model=model):
        assert one.probability == pytest.approx(1 / (1 + np.exp(6 - 12 * one.cosine)))


@given(st.floats(-1, 1), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_a_probability_is_one_whatever_the_calibration(
    cosine: float, scale: float, bias: float
) -> None:
    assert 0 <= probability(cosine, Calibration(scale=scale, bias=bias, source="")) <= 1


def test_pictures_in_memory_are_as_good_as_files(tiny_model: Path) -> None:
    picture = np.full((40, 30, 3), COLOURS["green"], dtype=np.uint8)
    (found,) = sightline.similarity(picture, "green", model=tiny_model)
    assert found.cosine > 0.99


@pytest.mark.parametrize(
    ("texts", "reason"),
    [([], "at least one text"), (["red", " "], "empty"), (["Ω"], "knows no word")],
)
def test_texts_that_can_mean_nothing_are_refused(
    tmp_path: Path, tiny_model: Path, texts: list[str], reason: str
) -> None:
    photo = make_photo(tmp_path / "red.png", "red")
    with pytest.raises(QueryError, match=reason):
        sightline.similarity(photo, texts, model=tiny_model)


def test_a_picture_that_is_none_is_a_wrong_question(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "no.jpg").write_bytes(b"no picture")
    with pytest.raises(QueryError, match=r"no\.jpg"):
        sightline.similarity(tmp_path / "no.jpg", "red", model=tiny_model)
