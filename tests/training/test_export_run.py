"""From a checkpoint of `sightline train` to a model folder, by the command."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.encoders import load_encoder
from sightline.errors import ModelError, UsageError
from sightline.photos.read import PixelRecipe, read_photo
from sightline.training.checkpoint import Checkpoint, write_checkpoint
from sightline.training.export_run import export_run
from sightline.training.own_tokenizer import train_tokenizer
from sightline.training.shapes import scenes, write_set
from tests.shell import sightline
from tests.training.small import small_config, small_model


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with a checkpoint of random weights and pictures to check it on."""
    file = write_set(tmp_path, "dev", scenes()[:24], np.random.default_rng(0))
    captions = [json.loads(line)["captions"][0] for line in file.read_text().splitlines()]
    write_checkpoint(
        Checkpoint(
            name="small",
            meaning="{}",
            data="",
            model=small_config(),
            tokenizer=train_tokenizer(captions, 120),
            weights=small_model(4).state_dict(),
            average=None,
            optimiser={},
            step=3,
            unreadable={},
            best=None,
        ),
        tmp_path / "best.pt",
    )
    return tmp_path


def test_an_exported_run_embeds_as_its_checkpoint_did(run: Path) -> None:
    report = export_run(run / "best.pt", [run / "dev.jsonl"], run / "m", int8=False, name="mine")
    assert report.lowest_cosine > 0.9999
    encoder = load_encoder(run / "m")
    assert encoder.spec.name == "mine"
    assert encoder.spec.calibration is not None
    pictures = sorted((run).rglob("*.png"))[:4]
    pixels = np.stack(
        [read_photo(path, PixelRecipe(32, "squash", "bicubic")).pixels for path in pictures]
    )
    with torch.inference_mode():
        expected = small_model(4).image(torch.from_numpy(pixels)).numpy()
    assert (encoder.embed_images(pictures) * expected).sum(axis=1).min() > 0.9999
    assert "step 3" in (run / "m" / "CARD.md").read_text(encoding="utf-8")


def test_the_command_names_what_is_missing(run: Path) -> None:
    done = sightline("export", run / "nothing.pt", "--dev", run / "dev.jsonl")
    assert done.returncode == 3
    assert b"There is no checkpoint at" in done.stderr


def test_what_can_not_be_exported_is_said_before_anything_is_written(run: Path) -> None:
    with pytest.raises(ModelError, match="no checkpoint"):
        export_run(run / "nothing.pt", [run / "dev.jsonl"], run / "m")
    with pytest.raises(UsageError, match="can't be a model's name"):
        export_run(run / "best.pt", [run / "dev.jsonl"], run / "m", name="No Name")
    with pytest.raises(UsageError, match="checked on photos"):
        export_run(run / "best.pt", [], run / "m")
    with pytest.raises(UsageError, match="Can't read the captions"):
        export_run(run / "best.pt", [run / "none.jsonl"], run / "m")
    assert not (run / "m").exists()
