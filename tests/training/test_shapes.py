"""From random weights, with nothing but generated pictures: it learns to see and to read."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from sightline.training.loop import train
from sightline.training.run_config import Machine, read_config
from sightline.training.run_log import StepLine, read_log
from sightline.training.samples import CaptionFile
from sightline.training.shapes import COLOURS, Scene, main, picture, scenes, split, write_shapes

EXAMPLE = Path(__file__).parents[2] / "examples" / "shapes.toml"


def test_a_caption_says_all_that_tells_pictures_apart() -> None:
    assert Scene(1, "red", "ring", "on the left").caption == "one red ring on the left"
    assert Scene(3, "blue", "cross", "in the middle").caption == "three blue crosses in the middle"
    captions = [scene.caption for scene in scenes()]
    assert len(set(captions)) == len(captions) == 288


def test_no_dev_caption_is_learned_from_and_each_names_one_picture(tmp_path: Path) -> None:
    write_shapes(tmp_path, train=300, dev=40)
    captions = {
        name: [
            json.loads(line)["captions"][0]
            for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()
        ]
        for name in ("train", "dev")
    }
    assert len(captions["train"]) == 300
    assert len(set(captions["dev"])) == 40
    assert not set(captions["train"]) & set(captions["dev"])


def test_the_same_seed_gives_the_same_pictures(tmp_path: Path) -> None:
    for name in ("a", "b"):
        main([str(tmp_path / name), "--train", "5", "--dev", "3", "--seed", "4"])
    main([str(tmp_path / "c"), "--train", "5", "--dev", "3", "--seed", "5"])
    a, b, c = (
        {path.name: path.read_bytes() for path in sorted((tmp_path / name).rglob("*.png"))}
        for name in "abc"
    )
    assert a == b != c


@pytest.mark.parametrize("scene", split(1)[1][:12], ids=lambda scene: scene.caption)
def test_a_picture_shows_what_its_caption_says(scene: Scene) -> None:
    with_shapes = np.asarray(picture(scene, np.random.default_rng(2))).astype(int)
    background = with_shapes[0, 0]
    shown = np.abs(with_shapes - background).sum(axis=2) > 60
    rows, columns = np.nonzero(shown)
    thirds = {"on the left": 0, "in the middle": 1, "on the right": 2}
    assert set(columns * 3 // with_shapes.shape[1]) == {thirds[scene.place]}
    in_rows = shown.any(axis=1).astype(int)
    assert (np.diff(in_rows, prepend=0) == 1).sum() == scene.count  # runs of rows with a shape
    most = np.median(with_shapes[shown], axis=0)
    nearest = min(COLOURS, key=lambda name: np.abs(np.array(COLOURS[name]) - most).sum())
    assert nearest == scene.colour
    assert len(rows) > 15 * scene.count


def test_pictures_are_smooth_and_small(tmp_path: Path) -> None:
    write_shapes(tmp_path, train=1, dev=1)
    with Image.open(tmp_path / "train" / "00000.png") as image:
        assert (image.size, image.mode) == ((48, 48), "RGB")
        assert len(image.getcolors(10_000) or []) > 8


def test_a_model_from_random_weights_finds_unseen_pictures_by_unseen_captions(
    tmp_path: Path,
) -> None:
    """Unseen both: 80 captions that training never had, one picture each. Chance is 1 in 80."""
    write_shapes(tmp_path)
    config = msgspec.structs.replace(
        read_config(EXAMPLE),
        machine=Machine(threads=1),
        train=(CaptionFile("train.jsonl"),),
        dev=(CaptionFile("dev.jsonl"),),
    )
    outcome = train(config, tmp_path, tmp_path / "run")
    assert outcome.best is not None
    (figures,) = outcome.best.figures
    assert (figures.photos, figures.captions) == (80, 80)
    assert figures.text_to_image.at_1 >= 0.9
    assert figures.image_to_text.at_1 >= 0.9
    steps = [
        line for line in read_log(tmp_path / "run" / "log.jsonl") if isinstance(line, StepLine)
    ]
    assert steps[-1].loss < steps[0].loss / 4
    assert steps[-1].scale > 10.0  # surer than it began
