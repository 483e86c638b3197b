"""The recipe of the first model from end to end, on a handful of generated pictures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.encoders import load_encoder
from sightline.training import first
from sightline.training.text_tower import MiniLM, TextConfig
from tests.making import COLOURS, make_photo

SMALL = replace(first.RECIPE, batch=8, epochs=3)


def make_data(folder: Path) -> Path:
    """The four training sets, three dev sets and a folder of classes, eight pictures each."""
    for number, name in enumerate((*first.TRAINING_SETS, *first.DEV_SETS)):
        file = folder / name
        rows = []
        for colour in COLOURS:
            picture = f"{file.stem}/{colour}.png"
            make_photo(file.parent / picture, colour, seed=number)
            rows.append({"file": picture, "captions": [f"{colour} paper", f"a {colour} sheet"]})
        file.write_text("\n".join(map(json.dumps, rows)))
    for colour in COLOURS:
        make_photo(folder / first.CLASSES / colour / "1.png", colour, seed=99)
    return folder


def small_towers() -> first.Towers:
    """Real towers take minutes to write as graphs: the same structure, smaller."""
    torch.manual_seed(0)
    towers = first.load_towers()
    towers.image.size = 64
    return towers._replace(text=MiniLM(TextConfig(width=24, layers=1, heads=3, hidden=48)).eval())


def test_the_recipe_leads_from_captioned_photos_to_a_folder_that_can_be_searched_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    towers = small_towers()
    monkeypatch.setattr(first, "load_towers", lambda: towers)
    data, out, cache = make_data(tmp_path / "data"), tmp_path / "out", tmp_path / "cache"
    figures = first.main(
        ["--data", str(data), "--out", str(out), "--cache", str(cache)], recipe=SMALL
    )

    encoder = load_encoder(out)
    assert encoder.id == figures.model
    assert encoder.embed_texts(["red paper"]).shape == (1, encoder.dimensions)
    assert [of.photos for of in figures.sets] == [8, 8, 8]
    assert [of.captions for of in figures.sets] == [16, 16, 16]
    assert figures.classes.classes == 8

    card = (out / "CARD.md").read_text(encoding="utf-8")
    assert figures.model in card
    assert str(figures.sets[0].text_to_image) in card
    assert "flickr8k/dev: in float" in capsys.readouterr().out

    kept = {path.name.split("-")[0]: np.load(path) for path in cache.iterdir()}
    assert {name: features.shape for name, features in kept.items()} == {
        "images": (32, 1280),
        "mirrored": (32, 1280),
        "texts": (64, 24),
    }
