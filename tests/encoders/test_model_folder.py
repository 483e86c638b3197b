"""A model folder is input like any other: it can be damaged, incomplete or hostile."""

import json
import shutil
from pathlib import Path
from typing import Any

import onnx
import pytest

from sightline.encoders import list_models, load_encoder, read_spec
from sightline.errors import ModelError, UnknownModel
from tests.making import make_model


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that a test may spoil."""
    return Path(shutil.copytree(tiny_model, tmp_path / "tiny"))


def edit(model: Path, **changes: Any) -> None:
    spec = json.loads((model / "model.json").read_text())
    for name, value in changes.items():
        part, _, field = name.rpartition("__")
        (spec[part] if part else spec)[field] = value
    (model / "model.json").write_text(json.dumps(spec))


def test_a_sound_folder_loads_by_path(model: Path) -> None:
    assert load_encoder(model).embed_texts(["red"]).shape == (1, 64)


def test_a_model_in_the_users_folder_loads_by_name_and_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_MODELS", str(tmp_path))
    make_model(tmp_path / "mine", name="mine")
    assert load_encoder("mine").spec.name == "mine"
    assert [entry.spec.name for entry in list_models() if entry.where == "installed"] == ["mine"]


def test_an_unknown_name_lists_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_MODELS", str(tmp_path))
    make_model(tmp_path / "mine", name="mine")
    with pytest.raises(UnknownModel, match="mine"):
        load_encoder("yours")


@pytest.mark.parametrize("file", ["image.onnx", "text.onnx", "tokenizer.json"])
def test_one_flipped_byte_is_noticed_before_the_file_is_used(model: Path, file: str) -> None:
    data = bytearray((model / file).read_bytes())
    data[len(data) // 2] ^= 1
    (model / file).write_bytes(data)
    encoder = load_encoder(model)
    use = encoder.embed_pixels if file == "image.onnx" else encoder.embed_texts
    with pytest.raises(ModelError, match=f"{file} is damaged"):
        use(_grey() if file == "image.onnx" else ["red"])


@pytest.mark.parametrize("file", ["image.onnx", "text.onnx", "tokenizer.json"])
def test_a_missing_file_is_named(model: Path, file: str) -> None:
    (model / file).unlink()
    with pytest.raises(ModelError, match=f"{file} is missing"):
        load_encoder(model)


@pytest.mark.parametrize(
    "changes",
    [
        {"image__file": "../image.onnx"},
        {"image__file": "/etc/passwd"},
        {"text__tokenizer": "sub/../tokenizer.json"},
        {"text__tokenizer": "sub//tokenizer.json"},
        {"image__file": "visual/.hidden.onnx"},
        {"image__std": [0.5, 0.0, 0.5]},
        {"text__tokenizer": ".."},
        {"image__size": 100_000},
        {"image__size": "224"},
        {"image__fit": "stretch"},
        {"dimensions": -1},
        {"dimensions": 10**9},
        {"name": "../evil"},
        {"name": ""},
        {"format": 2},
        {"surprise": True},
        {"files": None},
    ],
)
def test_a_description_out_of_bounds_is_refused(model: Path, changes: dict[str, Any]) -> None:
    edit(model, **changes)
    with pytest.raises(ModelError, match=r"model\.json"):
        load_encoder(model)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 1}', "\xff\xfe", "[" * 100_000]
)
def test_a_description_that_is_none_is_refused(model: Path, text: str) -> None:
    (model / "model.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError):
        read_spec(model)


def test_a_graph_that_is_none_is_refused_even_with_the_right_checksum(model: Path) -> None:
    _replace(model, "text.onnx", b"not a graph at all")
    with pytest.raises(ModelError, match="no graph"):
        load_encoder(model).embed_texts(["red"])


def test_a_tokenizer_that_is_none_is_refused_even_with_the_right_checksum(model: Path) -> None:
    _replace(model, "tokenizer.json", b'{"version": "1.0"}')
    with pytest.raises(ModelError, match="no tokenizer"):
        load_encoder(model).embed_texts(["red"])


def test_a_graph_with_other_inputs_than_described_is_refused(model: Path) -> None:
    edit(model, image__input="picture")
    with pytest.raises(ModelError, match="picture"):
        load_encoder(model).embed_pixels(_grey())


def test_vectors_of_another_length_than_described_are_refused(model: Path) -> None:
    edit(model, dimensions=32)
    with pytest.raises(ModelError, match="32 numbers"):
        load_encoder(model).embed_texts(["red"])


def test_vectors_that_are_no_numbers_are_refused(model: Path) -> None:
    graph = onnx.load(model / "image.onnx")
    for tensor in graph.graph.initializer:
        if tensor.name == "projection":
            tensor.CopyFrom(
                onnx.numpy_helper.from_array(
                    onnx.numpy_helper.to_array(tensor) * float("nan"), "projection"
                )
            )
    _replace(model, "image.onnx", graph.SerializeToString())
    with pytest.raises(ModelError, match="not finite"):
        load_encoder(model).embed_pixels(_grey())


def test_the_id_changes_with_weights_and_with_preprocessing_but_not_with_words_about_it(
    model: Path, tmp_path: Path
) -> None:
    original = read_spec(model).id
    edit(model, title="another title", licence="MIT")
    assert read_spec(model).id == original
    edit(model, image__fit="crop")
    assert read_spec(model).id != original
    assert read_spec(make_model(tmp_path / "other", seed=1)).id != original


def _grey() -> Any:
    import numpy as np

    return np.full((1, 32, 32, 3), 200, dtype=np.uint8)


def _replace(model: Path, file: str, data: bytes) -> None:
    import hashlib

    (model / file).write_bytes(data)
    spec = json.loads((model / "model.json").read_text())
    spec["files"][file] = hashlib.sha256(data).hexdigest()
    (model / "model.json").write_text(json.dumps(spec))
