"""Photos into labels, by words alone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sightline
from sightline import Label, load_encoder
from sightline.errors import QueryError, UsageError
from sightline.retrieval.classify import Classifier, label_vectors
from tests.making import COLOURS, make_photo

COLOUR_NAMES = ("red", "green", "blue")


def best(*images: object, **options: object) -> list[str]:
    """The best label of each picture."""
    found = sightline.classify(images, COLOUR_NAMES, **options)  # type: ignore[arg-type]
    return [one.labels[0].label for one in found]


def test_every_photo_of_a_folder_gets_the_label_that_fits(tmp_path: Path, tiny_model: Path) -> None:
    for at, colour in enumerate(COLOUR_NAMES):
        make_photo(tmp_path / f"{at}.png", colour)
        make_photo(tmp_path / "deeper" / f"{at}.png", colour, seed=1)
    assert best(tmp_path, model=tiny_model) == [*COLOUR_NAMES, *COLOUR_NAMES]


def test_shares_sum_to_one_and_k_cuts_the_list(tmp_path: Path, tiny_model: Path) -> None:
    photo = make_photo(tmp_path / "red.png")
    (whole,) = sightline.classify(photo, COLOUR_NAMES, model=tiny_model)
    assert sum(one.share for one in whole.labels) == pytest.approx(1)
    (first,) = sightline.classify(photo, COLOUR_NAMES, k=1, model=tiny_model)
    assert first.labels == whole.labels[:1]


def test_shares_are_the_softmax_of_cosines_over_temperature(
    tmp_path: Path, tiny_model: Path
) -> None:
    photo = make_photo(tmp_path / "red.png")
    (found,) = sightline.classify(photo, COLOUR_NAMES, temperature=0.5, model=tiny_model)
    powers = np.exp(np.array([one.cosine for one in found.labels]) / 0.5)
    np.testing.assert_allclose(
        [one.share for one in found.labels], powers / powers.sum(), rtol=1e-4
    )


def test_a_label_is_the_mean_direction_of_its_sentences(tiny_model: Path) -> None:
    encoder = load_encoder(tiny_model)
    sentences = ("red", "a dark red", "red red blue")
    (vector, _) = label_vectors(encoder, [Label("x", sentences), Label("green")], ("{}",))
    mean = encoder.embed_texts(sentences).mean(axis=0)
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


def test_own_sentences_and_templates_reach_the_model(tmp_path: Path, tiny_model: Path) -> None:
    photo = make_photo(tmp_path / "red.png")
    labels = [Label("blue", ("red",)), Label("red", ("blue",))]
    (found,) = sightline.classify(photo, labels, model=tiny_model)
    assert found.labels[0].label == "blue"
    (found,) = sightline.classify(
        photo, COLOUR_NAMES, templates=["{} blue blue blue"], model=tiny_model
    )
    assert found.labels[0].cosine < 0.5


def test_a_bad_photo_is_one_row_with_its_reason_in_its_place(
    tmp_path: Path, tiny_model: Path
) -> None:
    photos = [make_photo(tmp_path / f"{at}.png", seed=at) for at in range(20)]
    photos[3].write_bytes(b"no picture")
    missing = tmp_path / "gone.png"
    found = list(sightline.classify([*photos, missing], COLOUR_NAMES, model=tiny_model))
    assert [one.path for one in found] == [*photos, missing]
    assert [at for at, one in enumerate(found) if one.error] == [3, 20]
    assert found[3].labels == ()
    assert found[20].error == "It isn't there."


def test_pictures_in_memory_are_as_good_as_files(tiny_model: Path) -> None:
    array = np.full((20, 30, 3), COLOURS["blue"], dtype=np.uint8)
    picture = Image.new("RGB", (9, 9), COLOURS["green"])
    assert best(array, picture, model=tiny_model) == ["blue", "green"]
    (alone,) = sightline.classify(array, COLOUR_NAMES, model=tiny_model)
    assert (alone.path, alone.labels[0].label) == (None, "blue")


def test_one_path_as_a_string_is_one_photo(tmp_path: Path, tiny_model: Path) -> None:
    photo = make_photo(tmp_path / "red.png")
    assert len(list(sightline.classify(str(photo), COLOUR_NAMES, model=tiny_model))) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": ["red"]},
        {"labels": ["red", "red"]},
        {"labels": None},
        {"k": 0},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"templates": ["no place"]},
        {"images": []},
        {"images": [""]},
    ],
)
def test_what_makes_no_sense_is_refused_before_the_first_photo(
    tmp_path: Path, tiny_model: Path, wrong: dict[str, object]
) -> None:
    asked: dict[str, object] = {"images": [tmp_path], "labels": ["red", "blue"]} | wrong
    with pytest.raises(UsageError):
        sightline.classify(model=tiny_model, **asked)  # type: ignore[arg-type]


def test_a_label_of_unknown_words_is_refused(tiny_model: Path) -> None:
    with pytest.raises(QueryError, match="knows no word"):
        Classifier(load_encoder(tiny_model), [Label("red"), Label("Ω")])
