"""Putting another maker's image tower into 8 bits: what must stay, and when it is refused."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from onnx.external_data_helper import set_external_data
from PIL import Image

from sightline.encoders import load_encoder, read_spec
from sightline.errors import ModelError, UsageError
from sightline.training import int8_model
from sightline.training.closeness import drift, kept_matches
from sightline.training.int8_model import MOST_DRIFT, quantise_model
from sightline.training.int8_transformer import _cut_patches_by_product, write_int8

if TYPE_CHECKING:
    from tests.encoders.reference import Reference

Published = Callable[[str], "Reference"]
TRANSFORMERS = ("clip", "siglip2", "xlm-roberta", "openai-uint8", "pe-core")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty photos, no two alike."""
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(20):
        patches = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(patches).resize((96, 96)).save(folder / f"{seed}.png")
    return folder


def quantised(folder: Path, photos: Path, target: Path) -> int8_model.Int8Report:
    return quantise_model(load_encoder(folder), [photos], target, "small-int8")


@pytest.mark.parametrize("family", TRANSFORMERS)
def test_the_new_folder_loads_and_sees_nearly_the_same(
    published: Published, photos: Path, tmp_path: Path, family: str
) -> None:
    folder = published(family).folder
    report = quantised(folder, photos, tmp_path / "new")
    before, after = load_encoder(folder), load_encoder(tmp_path / "new")
    paths = sorted(photos.iterdir())
    was, now = before.embed_images(paths), after.embed_images(paths)
    assert (was * now).sum(axis=1).min() > 0.99
    assert drift(was, now) < MOST_DRIFT
    assert report.drift < MOST_DRIFT
    assert report.photos == 20
    assert 0.5 < report.kept <= 1
    words = ["a red car", "two dogs"]
    np.testing.assert_array_equal(before.embed_texts(words), after.embed_texts(words))


@pytest.mark.parametrize("family", TRANSFORMERS)
def test_all_matrices_of_the_image_tower_are_in_8_bits(
    published: Published, photos: Path, tmp_path: Path, family: str
) -> None:
    quantised(published(family).folder, photos, tmp_path / "new")
    graph = onnx.load(tmp_path / "new" / read_spec(tmp_path / "new").image.file).graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    in_float = [n for n in graph.node if n.op_type in ("MatMul", "Gemm") and n.input[1] in weights]
    assert not in_float
    matrices = [weights[n.input[1]] for n in graph.node if n.op_type == "MatMulInteger"]
    assert len(matrices) >= 10
    for matrix in matrices:
        values = numpy_helper.to_array(matrix)
        assert values.dtype == np.int8
        assert np.abs(values.astype(int)).max() <= 64  # 7 bits: safe without VNNI


def test_it_is_another_model_with_a_name_a_history_and_a_hash_of_each_file(
    published: Published, photos: Path, tmp_path: Path
) -> None:
    before = load_encoder(published("clip").folder)
    quantised(before.folder, photos, tmp_path / "new")
    spec = read_spec(tmp_path / "new")
    assert spec.name == "small-int8"
    assert spec.id != before.id
    assert before.id in spec.source
    there = {p.relative_to(tmp_path / "new").as_posix() for p in (tmp_path / "new").rglob("*.*")}
    assert {name for name in there if not name.endswith("model.json")} == set(spec.files)
    graph = tmp_path / "new" / f"{spec.image.file}.data"
    graph.write_bytes(graph.read_bytes()[:-1] + b"\x00\x01")
    with pytest.raises(ModelError, match="damaged"):
        load_encoder(tmp_path / "new").embed_pixels(np.zeros((1, 64, 64, 3), np.uint8))


def test_the_original_stays_as_it_is(published: Published, photos: Path, tmp_path: Path) -> None:
    folder = published("clip").folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    quantised(folder, photos, tmp_path / "new")
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("height", "reason"), [(200, "suffers too much"), (5000, "does not survive")]
)
def test_a_model_that_8_bits_would_spoil_is_not_written(
    published: Published, photos: Path, tmp_path: Path, height: float, reason: str
) -> None:
    """A number many times as large as all others takes the whole range; little else is left."""
    flat, high = (copytree(published("clip").folder, tmp_path / name) for name in ("flat", "high"))
    _plant_numbers(flat / "onnx" / "vision_model.onnx", 0)
    _plant_numbers(high / "onnx" / "vision_model.onnx", height)
    paths = sorted(photos.iterdir())
    vectors = [load_encoder(folder).embed_images(paths) for folder in (flat, high)]
    np.testing.assert_allclose(*vectors, atol=1e-5)  # in float they are the same
    quantised(flat, photos, tmp_path / "new")
    with pytest.raises(ModelError, match=rf"{reason}.*Nothing was written"):
        quantised(high, photos, tmp_path / "spoilt")
    assert not (tmp_path / "spoilt").exists()


def _plant_numbers(path: Path, height: float) -> None:
    """In each normalised layer one number of this height that the weights after it ignore."""
    model = onnx.load(path)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    renamed = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "Identity"}
    for norm in [node for node in model.graph.node if node.op_type == "LayerNormalization"]:
        products = [n for n in model.graph.node if norm.output[0] in n.input]
        if not products or any(node.op_type != "MatMul" for node in products):
            continue
        bias = renamed.get(norm.input[2], norm.input[2])
        norm.input[2] = f"{norm.output[0]}_planted"
        values = numpy_helper.to_array(weights[bias]).copy()
        values[0] = height
        model.graph.initializer.append(numpy_helper.from_array(values, norm.input[2]))
        for product in products:
            matrix = numpy_helper.to_array(weights[product.input[1]]).copy()
            matrix[0] = 0
            product.input[1] = f"{product.output[0]}_deaf"
            model.graph.initializer.append(numpy_helper.from_array(matrix, product.input[1]))
    onnx.save(model, path)


def test_what_can_not_be_put_into_8_bits_is_said(
    published: Published, photos: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    with pytest.raises(ModelError, match="8 bits already"):
        quantise_model(load_encoder(), [photos], target, "x-int8")
    with pytest.raises(ModelError, match="both towers in one graph"):
        quantised(published("tinyclip-joint").folder, photos, target)
    with pytest.raises(UsageError, match="at least 16"):
        quantised(published("clip").folder, photos / "0.png", target)
    assert not target.exists()
    target.mkdir()
    with pytest.raises(UsageError, match="there already"):
        quantised(published("clip").folder, photos, target)


def test_photos_that_can_not_be_read_are_passed_over(
    published: Published, photos: Path, tmp_path: Path
) -> None:
    mixed = copytree(photos, tmp_path / "mixed")
    for number in range(100):  # more than are looked at, where all can be read
        (mixed / f"{number}-broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    (mixed / "empty.png").touch()
    assert quantised(published("clip").folder, mixed, tmp_path / "new").photos == 20


def test_photos_that_are_all_the_same_show_nothing(published: Published, tmp_path: Path) -> None:
    for number in range(20):
        Image.new("RGB", (64, 64), "teal").save(tmp_path / f"{number}.png")
    with pytest.raises(UsageError, match="all the same"):
        quantised(published("clip").folder, tmp_path, tmp_path / "new")


def test_weights_that_both_towers_share_come_along(
    published: Published, photos: Path, tmp_path: Path
) -> None:
    folder = copytree(published("clip").folder, tmp_path / "shared")
    together, offset = [], 0
    for name in ("text_model.onnx", "vision_model.onnx"):
        model = onnx.load(folder / "onnx" / name)
        for tensor in model.graph.initializer:
            if len(tensor.raw_data) > 64:
                together.append(tensor.raw_data)
                set_external_data(tensor, "weights.bin", offset, len(tensor.raw_data))
                offset += len(tensor.raw_data)
                tensor.ClearField("raw_data")
        (folder / "onnx" / name).write_bytes(model.SerializeToString())
    (folder / "onnx" / "weights.bin").write_bytes(b"".join(together))
    quantised(folder, photos, tmp_path / "new")
    words = ["a red car"]
    np.testing.assert_array_equal(
        load_encoder(folder).embed_texts(words), load_encoder(tmp_path / "new").embed_texts(words)
    )


def test_terms_of_use_come_along(published: Published, photos: Path, tmp_path: Path) -> None:
    folder = copytree(published("clip").folder, tmp_path / "with-terms")
    (folder / "LICENSE.txt").write_text("for research only")
    quantised(folder, photos, tmp_path / "new")
    assert (tmp_path / "new" / "LICENSE.txt").read_text() == "for research only"


def test_a_damaged_model_is_told_in_one_line(
    published: Published, photos: Path, tmp_path: Path
) -> None:
    folder = copytree(published("clip").folder, tmp_path / "damaged")
    graph = folder / "onnx" / "vision_model.onnx"
    graph.write_bytes(graph.read_bytes()[:-5000])
    command = [sys.executable, "-m", "sightline", "models", "quantise", str(folder)]
    done = subprocess.run(
        [*command, "--photos", str(photos), "--to", str(tmp_path / "new")],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not (tmp_path / "new").exists()


def test_weights_of_16_bits_are_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    half = numpy_helper.from_array(rng.standard_normal((3, 3)).astype(np.float16), "half")
    nodes = [
        helper.make_node("Cast", ["x"], ["x16"], to=onnx.TensorProto.FLOAT16),
        helper.make_node("MatMul", ["x16", "half"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 3])
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT16, ["n", 3])
    graph = helper.make_graph(nodes, "half", [x], [y], [half])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "half.onnx")
    with pytest.raises(ModelError, match="16 bits"):
        write_int8(tmp_path / "half.onnx", tmp_path / "new.onnx", 32, "y")


def test_what_a_killed_run_left_is_no_model_and_in_nobodys_way(
    published: Published, photos: Path, tmp_path: Path
) -> None:
    left = tmp_path / ".new.making" / "model"
    left.mkdir(parents=True)
    (left / "model.json").write_text("{}")
    quantised(published("clip").folder, photos, tmp_path / "new")
    assert not left.parent.exists()


def test_two_runs_at_once_do_not_mix(published: Published, photos: Path, tmp_path: Path) -> None:
    folder, refused = published("clip").folder, []

    def meanwhile(doing: str, done: int, total: int) -> None:
        if doing == "Comparing" and not refused:
            refused.append(doing)
            with pytest.raises(ModelError, match="Another process"):
                quantised(folder, photos, tmp_path / "new")

    quantise_model(load_encoder(folder), [photos], tmp_path / "new", "small-int8", meanwhile)
    assert refused
    load_encoder(tmp_path / "new").require_images()


@pytest.mark.parametrize("kilobytes", [4, 40, 90])
def test_a_file_that_can_not_be_written_whole_leaves_nothing(
    published: Published, photos: Path, tmp_path: Path, kilobytes: int
) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, kilobytes * 1024))

    command = [sys.executable, "-m", "sightline", "models", "quantise"]
    command += [str(published("clip").folder), "--photos", str(photos)]
    done = subprocess.run(
        [*command, "--to", str(tmp_path / "new")],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=little_room,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new.making"))


def _convolution(kernel: int, size: int, bias: bool, **options: object) -> onnx.ModelProto:
    rng = np.random.default_rng(0)
    filters = rng.standard_normal((6, 3, kernel, kernel)).astype(np.float32)
    tensors = [numpy_helper.from_array(filters, "filters")]
    if bias:
        tensors.append(numpy_helper.from_array(rng.standard_normal(6).astype(np.float32), "bias"))
    node = helper.make_node("Conv", ["x", *(t.name for t in tensors)], ["y"], **options)
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 3, size, size])
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 6, None, None])
    graph = helper.make_graph([node], "one", [x], [y], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=providers)
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("patch", "size"), [(8, 32), (16, 16), (14, 28)])
def test_cutting_patches_by_a_product_gives_what_the_convolution_gave(
    patch: int, size: int, bias: bool
) -> None:
    model = _convolution(patch, size, bias, strides=[patch, patch])
    x = np.random.default_rng(1).standard_normal((3, 3, size, size)).astype(np.float32)
    before = _run(model, x)
    _cut_patches_by_product(model.graph, size)
    assert "Conv" not in {node.op_type for node in model.graph.node}
    np.testing.assert_allclose(_run(model, x), before, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "options"),
    [
        (32, {"strides": [4, 4]}),
        (32, {"strides": [8, 8], "pads": [1, 1, 1, 1]}),
        (36, {"strides": [8, 8]}),
        (36, {"strides": [8, 8], "auto_pad": "SAME_UPPER"}),
        (32, {}),
        (64, {"strides": [8, 8]}),  # of a photo that was made smaller before
    ],
)
def test_a_convolution_that_does_not_tile_the_photo_stays(
    size: int, options: dict[str, object]
) -> None:
    model = _convolution(8, min(size, 36), True, **options)
    before = model.SerializeToString()
    _cut_patches_by_product(model.graph, size)
    assert model.SerializeToString() == before


def test_a_graph_without_matrices_is_refused(tmp_path: Path) -> None:
    onnx.save(_convolution(3, 32, True), tmp_path / "conv.onnx")
    with pytest.raises(ModelError, match="no matrix products"):
        write_int8(tmp_path / "conv.onnx", tmp_path / "new.onnx", 32, "y")


@given(st.integers(2, 20), st.integers(2, 8), st.floats(0, 0.5))
def test_drift_is_the_share_of_the_variance_that_is_error(n: int, d: int, error: float) -> None:
    rng = np.random.default_rng(n * d)
    before = rng.standard_normal((n, d)).astype(np.float32)
    after = before + np.float32(error) * (before - before.mean(axis=0))
    assert drift(before, after) == pytest.approx(error**2, rel=1e-3, abs=1e-6)
    assert drift(np.ones_like(before), after) == float("inf")


def test_kept_matches_counts_what_stays_among_the_first() -> None:
    texts = np.eye(4, dtype=np.float32)[:1]
    before = np.array([[0.9], [0.8], [0.7], [0.1]], np.float32) * texts
    after = np.array([[0.7], [0.9], [0.1], [0.8]], np.float32) * texts
    assert kept_matches(texts, before, before, first=2) == 1
    assert kept_matches(texts, before, after, first=2) == 0.5
    assert kept_matches(texts, before, after, first=4) == 1


def test_the_command_says_what_it_cost_and_the_model_indexes_by_its_name(
    published: Published, photos: Path, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from sightline.cli.main import app

    command = ["models", "quantise", str(published("clip").folder), "--photos", str(photos)]
    done = CliRunner().invoke(app, [*command, "--format", "json"])
    assert done.exit_code == 0, done.output
    row = json.loads(done.stdout)
    assert row["name"] == "clip-int8"
    assert Path(row["folder"]).name == "clip-int8"
    assert row["drift"] < MOST_DRIFT
    indexed = CliRunner().invoke(app, ["index", str(photos), "--model", "clip-int8"])
    assert indexed.exit_code == 0, indexed.output


def test_without_onnx_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, photos: Path
) -> None:
    from sightline.cli import quantise

    monkeypatch.setattr(quantise, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"sightline\[int8\]"):
        quantise.quantise("second", [photos])
