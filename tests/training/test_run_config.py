"""A run's TOML file: what is wrong with it is said by name."""

import re
from pathlib import Path

import msgspec
import pytest

from sightline.errors import UsageError
from sightline.training.run_config import RunConfig, differences, read_config
from tests.training.small import as_toml, small_run

LEAST = """
name = "x"
[[train]]
kind = "captions"
path = "t.jsonl"
[[dev]]
kind = "shards"
path = "d-*.tar"
"""
SCRATCH = '[model]\nimage = "conv"\nimage_published = false\n'


def read(tmp_path: Path, text: str) -> RunConfig:
    path = tmp_path / "run.toml"
    path.write_text(text)
    return read_config(path)


def test_a_config_needs_a_name_and_data_and_nothing_else(tmp_path: Path) -> None:
    config = read(tmp_path, LEAST)
    assert config.name == "x"
    assert config.model.image == "lite0"
    assert config.loss.kind == "info-nce"


def test_a_config_reads_back_as_it_was_written(tmp_path: Path) -> None:
    config = small_run(chunk=4, augment={"crop": 0.5}, schedule={"kind": "one-cycle"})
    assert read(tmp_path, as_toml(config)) == config


def test_the_examples_are_configs() -> None:
    for path in (Path(__file__).parents[2] / "examples").glob("*.toml"):
        read_config(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "run.toml"),
        (LEAST.replace("name", "nmae"), "nmae"),
        (LEAST.replace('"captions"', '"caption"'), "caption"),
        (LEAST + 'cache = "yes"', r"cache.*at dev\[0\]"),
        ("bacth = 3\n" + LEAST, "unknown field `bacth`"),
        (LEAST + "[optimiser]\nrats = 1", r"unknown field `rats` \(at optimiser\)"),
        (LEAST + "[optimiser]\nrate = -1", r"\(at optimiser.rate\)"),
        ('batch = "64"\n' + LEAST, r"Expected `int`, got `str` \(at batch\)"),
        ("batch = 1\n" + LEAST, r">= 2 \(at batch\)"),
        (LEAST.replace('"shards"', '"classes"'), "classes"),
        (LEAST + '[loss]\nkind = "sigmoid"', "set model.bias"),
        (LEAST + "[model]\nbias = -10.0", "belongs to the sigmoid loss"),
        (LEAST + '[loss]\nkind = "sigmoid"\nsmoothing = 0.1', "smoothing belongs to info-nce"),
        (LEAST + '[model]\nimage = "conv"', "image_published = false"),
        (LEAST + "[model.text]\nlayers = 2", "leave text out"),
        (LEAST + "[model]\ntext_published = false\n[model.text]\nheads = 7", "7 heads"),
        (LEAST + "[model]\nimage_published = false", "freeze_norms = false"),
        ("chunk = 8\n" + LEAST + "[optimiser]\nfreeze_norms = false", "leave chunk out"),
        (LEAST + SCRATCH + "[optimiser]\nimage_tower = 0.0", "frozen image tower"),
        (LEAST + SCRATCH + "context = 600", "text.positions"),
    ],
)
def test_what_is_wrong_is_said_by_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        read(tmp_path, text)
    assert "$" not in str(error.value)
    assert re.match(r".*run\.toml: ", str(error.value))


def test_a_missing_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml"):
        read_config(tmp_path / "none.toml")


def test_the_machine_is_no_part_of_what_a_run_means() -> None:
    plain = small_run()
    moved = small_run(machine={"threads": 3, "workers": 9}, save_every=5)
    assert moved.meaning == plain.meaning
    other = small_run(batch=4, optimiser={"rate": 0.02})
    assert differences(other.meaning, plain.meaning) == [
        "batch: 4, was 8",
        "optimiser.rate: 0.02, was 0.01",
    ]
    assert msgspec.json.decode(plain.meaning)["seed"] == 1
