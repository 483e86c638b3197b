"""A folder of another maker is read as its makers meant it, or refused: never guessed at."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from sightline.encoders import load_encoder, read_spec
from sightline.encoders.graph_io import read_ports
from sightline.encoders.layouts import derive_spec
from sightline.encoders.spec import ModelSpec
from sightline.errors import ModelError, SightlineError
from sightline.photos.read import PixelRecipe, pixels_of
from tests.encoders.reference import Reference
from tests.making import make_model

Published = Callable[[str], Reference]


@pytest.fixture
def clip(published: Published, tmp_path: Path) -> Path:
    """A copy of the tiny CLIP in transformers' layout that a test may spoil."""
    return Path(shutil.copytree(published("clip").folder, tmp_path / "clip"))


@pytest.fixture
def openai(published: Published, tmp_path: Path) -> Path:
    """The same for open_clip's layout."""
    return Path(shutil.copytree(published("openai-uint8").folder, tmp_path / "openai"))


def edit(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text())
    for name, value in changes.items():
        part = content
        *way, last = name.split("__")
        for step in way:
            part = part[step]
        if value is None:
            part.pop(last, None)
        else:
            part[last] = value
    path.write_text(json.dumps(content))


def test_a_models_id_stays_what_libraries_hold() -> None:
    first = (Path(__file__).parent / "first_generation.json").read_bytes()
    assert msgspec.json.decode(first, type=ModelSpec).id == "first-f1334cede3c1"


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("image", {"tensor": "float32_nchw"}),
        ("image", {"mean": [0.5, 0.5, 0.5]}),
        ("image", {"std": [0.5, 0.5, 0.5]}),
        ("image", {"fit": "pad"}),
        ("text", {"clean": "lower"}),
        ("text", {"ids": "int32"}),
    ],
)
def test_what_changes_vectors_changes_the_id(
    tmp_path: Path, part: str, change: dict[str, Any]
) -> None:
    folder = make_model(tmp_path / "m")
    before = read_spec(folder).id
    edit(folder / "model.json", **{f"{part}__{name}": value for name, value in change.items()})
    assert read_spec(folder).id != before


def test_what_changes_no_vector_changes_no_id(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "m")
    before = read_spec(folder).id
    edit(
        folder / "model.json",
        image__batch=4,
        image__patches="patches",
        text__clean="none",
        text__ids="int64",
        image__tensor="uint8_nhwc",
    )
    assert read_spec(folder).id == before


def test_the_settings_of_each_family_are_found(published: Published) -> None:
    clip = derive_spec(published("clip").folder)
    assert (clip.image.fit, clip.image.resample, clip.text.context) == ("crop_floor", "bicubic", 77)
    assert (clip.text.padding, clip.text.mask_input) == ("longest", "attention_mask")
    siglip = derive_spec(published("siglip2").folder)
    assert (siglip.image.fit, siglip.image.resample, siglip.image.mean) == (
        "squash",
        "bilinear",
        (0.5, 0.5, 0.5),
    )
    assert (siglip.text.context, siglip.text.padding, siglip.text.clean, siglip.text.pad_id) == (
        64,
        "context",
        "lower",
        0,
    )
    assert siglip.text.mask_input is None
    multilingual = derive_spec(published("xlm-roberta").folder)
    assert (multilingual.text.ids, multilingual.text.pad_id) == ("int32", 1)
    assert (multilingual.text.clean, multilingual.image.batch) == ("web", 1)
    new = derive_spec(published("openai-uint8").folder)
    assert (new.image.tensor, new.text.clean, new.text.pad_id) == ("uint8_nhwc", "web_lower", 0)
    pe = derive_spec(published("pe-core").folder)
    assert (pe.image.fit, pe.image.batch, pe.text.context) == ("squash", 2, 32)
    assert derive_spec(published("tinyclip-joint").folder).joint


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("config.json", {"model_type": "blip"}),
        ("config.json", {"model_type": None}),
        ("preprocessor_config.json", {"crop_size": {"height": 32, "width": 32}}),
        ("preprocessor_config.json", {"size": {"shortest_edge": 70}}),
        ("preprocessor_config.json", {"size": {"longest_edge": 64}}),
        ("preprocessor_config.json", {"resample": 0}),
        ("preprocessor_config.json", {"do_resize": False}),
        ("preprocessor_config.json", {"do_pad": True}),
        ("tokenizer_config.json", {"pad_token": "<nothing>"}),
        ("tokenizer_config.json", {"padding_side": "left"}),
    ],
)
def test_a_setting_of_transformers_that_is_not_understood_is_refused(
    clip: Path, file: str, changes: dict[str, Any]
) -> None:
    edit(clip / file, **changes)
    with pytest.raises(ModelError, match=r"config\.json|tokenizer\.json"):
        load_encoder(clip)


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("visual/preprocess_cfg.json", {"resize_mode": "smart"}),
        ("visual/preprocess_cfg.json", {"interpolation": "random"}),
        ("visual/preprocess_cfg.json", {"mode": "L"}),
        ("config.json", {"text_cfg__tokenizer_kwargs": {"clean": "scrub"}}),
        ("config.json", {"text_cfg__tokenizer_kwargs": {"strip_sep_token": True}}),
        ("config.json", {"text_cfg__hf_tokenizer_name": "some/other"}),
    ],
)
def test_a_setting_of_open_clip_that_is_not_understood_is_refused(
    openai: Path, file: str, changes: dict[str, Any]
) -> None:
    if "text_cfg__hf_tokenizer_name" in changes:
        edit(openai / "textual" / "tokenizer_config.json", pad_token="<nothing>")
    edit(openai / file, **changes)
    with pytest.raises(ModelError, match="json"):
        load_encoder(openai)


@pytest.mark.parametrize("factor", [1.0, 1 / 127.5])
def test_a_rescale_factor_of_ones_own_is_folded_into_mean_and_deviation(
    clip: Path, factor: float
) -> None:
    edit(clip / "preprocessor_config.json", rescale_factor=factor)
    image = derive_spec(clip).image
    value = 200
    ours = (value / 255 - image.mean[0]) / image.std[0]
    assert ours == pytest.approx((value * factor - 0.48145466) / 0.26862954, rel=1e-6)


@pytest.mark.parametrize("setting", ["do_rescale", "do_normalize"])
def test_a_step_that_is_switched_off_is_left_out(clip: Path, setting: str) -> None:
    edit(clip / "preprocessor_config.json", **{setting: False})
    image = derive_spec(clip).image
    ours = (200 / 255 - image.mean[0]) / image.std[0]
    wanted = {"do_rescale": (200 - 0.48145466) / 0.26862954, "do_normalize": 200 / 255}
    assert ours == pytest.approx(wanted[setting], rel=1e-6)


def leave_open(path: Path, *names: str) -> None:
    """Take the sizes of some inputs and outputs out of a graph, as some exporters do."""
    model = onnx.load(path)
    for port in (*model.graph.input, *model.graph.output):
        if port.name in names:
            for at, size in enumerate(port.type.tensor_type.shape.dim):
                size.dim_param = f"{port.name}_{at}"
    onnx.save(model, path)


def test_sizes_that_a_graph_leaves_open_come_from_the_configuration(clip: Path) -> None:
    before = derive_spec(clip)
    leave_open(clip / "onnx" / "vision_model.onnx", "pixel_values", "image_embeds")
    leave_open(clip / "onnx" / "text_model.onnx", "text_embeds")
    after = derive_spec(clip)
    assert (after.image, after.text, after.dimensions) == (before.image, before.text, 24)
    assert load_encoder(clip).embed_texts(["a dog"]).shape == (1, 24)
    edit(clip / "config.json", projection_dim=None)
    with pytest.raises(ModelError, match="how long its vectors are"):
        load_encoder(clip)


@pytest.mark.parametrize(
    "file", ["config.json", "preprocessor_config.json", "tokenizer.json", "onnx/text_model.onnx"]
)
def test_a_missing_file_is_named(clip: Path, file: str) -> None:
    (clip / file).unlink()
    with pytest.raises(SightlineError, match=r"missing|no model folder|neither|can't read"):
        load_encoder(clip)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"model_type": 7}', "\xff"])
@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json"])
def test_a_configuration_that_is_none_is_refused(clip: Path, file: str, text: str) -> None:
    (clip / file).write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError):
        load_encoder(clip)


def test_a_link_out_of_the_folder_is_not_followed(clip: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.onnx"
    shutil.move(clip / "onnx" / "text_model.onnx", outside)
    os.symlink(outside, clip / "onnx" / "text_model.onnx")
    with pytest.raises(ModelError, match="leads out of the model folder"):
        load_encoder(clip)


def test_a_pooled_state_without_its_projection_is_not_taken_for_an_embedding(clip: Path) -> None:
    path = clip / "onnx" / "text_model.onnx"
    model = onnx.load(path)
    for node in model.graph.node:
        for at, name in enumerate(node.output):
            if name == "text_embeds":
                node.output[at] = "pooler_output"
    model.graph.output[0].name = "pooler_output"
    onnx.save(model, path)
    with pytest.raises(ModelError, match="with its projection"):
        load_encoder(clip)


def test_a_hand_made_copy_has_the_id_of_its_files_and_settings(clip: Path, tmp_path: Path) -> None:
    again = Path(shutil.copytree(clip, tmp_path / "again" / "clip"))
    assert load_encoder(again).id == load_encoder(clip).id
    edit(again / "preprocessor_config.json", resample=2)
    assert load_encoder(again).id != load_encoder(clip).id


@pytest.mark.parametrize("data", [b"", b"\x08", b"no graph at all", b"\xff" * 40, b":\x7f"])
def test_a_file_that_is_no_graph_is_refused(clip: Path, data: bytes) -> None:
    (clip / "onnx" / "vision_model.onnx").write_bytes(data)
    with pytest.raises(ModelError):
        load_encoder(clip)


def test_the_header_of_a_graph_says_what_onnx_says(tmp_path: Path) -> None:
    ports = [
        helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 64, 64, 3]),
        helper.make_tensor_value_info("ids", TensorProto.INT32, [2, None]),
    ]
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 8])
    weight = onnx.numpy_helper.from_array(np.zeros((300, 300), np.float32), "weight")
    node = helper.make_node("Identity", ["weight"], ["out"])
    inputs = [*ports, helper.make_tensor_value_info("weight", TensorProto.FLOAT, [300, 300])]
    graph = helper.make_graph([node], "g", inputs, [output], [weight])
    onnx.save(helper.make_model(graph), tmp_path / "g.onnx")
    found = read_ports(tmp_path / "g.onnx")
    assert [(p.name, p.dtype, p.shape) for p in found.inputs] == [
        ("pixels", "uint8", (None, 64, 64, 3)),
        ("ids", "int32", (2, None)),
    ]
    assert [(p.name, p.dtype, p.shape) for p in found.outputs] == [("out", "float32", (None, 8))]


def test_a_letterboxed_photo_is_whole_and_in_the_middle() -> None:
    recipe = PixelRecipe(size=64, fit="pad", resample="bilinear")
    pixels = pixels_of(Image.new("RGB", (400, 100), (200, 100, 50)), recipe)
    assert pixels.shape == (64, 64, 3)
    assert (pixels[24:40] == (200, 100, 50)).all()
    assert not pixels[:24].any()
    assert not pixels[40:].any()
