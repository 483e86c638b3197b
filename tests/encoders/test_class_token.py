"""Choosing the first token earlier: what comes out must be what came out before."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from sightline.encoders import load_encoder
from sightline.training.class_token import choose_first_token_early, drop_unread
from sightline.training.int8_transformer import _fold_constants

if TYPE_CHECKING:
    from tests.encoders.reference import Reference

TOKENS, WIDTH = 5, 8


def _run(model: onnx.ModelProto, name: str, x: np.ndarray) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers)
    return list(session.run(None, {name: x}))


@pytest.mark.parametrize("family", ["clip", "siglip2", "xlm-roberta", "openai-uint8", "pe-core"])
def test_a_published_tower_gives_the_same_vectors(
    published: "Callable[[str], Reference]", tmp_path: Path, family: str
) -> None:
    encoder = load_encoder(published(family).folder)
    image = encoder.spec.image
    _fold_constants(encoder.folder / image.file, tmp_path / "folded.onnx")
    onnx.shape_inference.infer_shapes_path(tmp_path / "folded.onnx", tmp_path / "folded.onnx")
    before, after = (onnx.load(tmp_path / "folded.onnx") for _ in range(2))
    choose_first_token_early(after.graph)
    rng = np.random.default_rng(0)
    rows, side = image.batch or 2, image.size
    if image.tensor == "uint8_nhwc":
        x = rng.integers(0, 256, (rows, side, side, 3), dtype=np.uint8)
    else:
        x = rng.standard_normal((rows, 3, side, side), dtype=np.float32)
    for was, now in zip(_run(before, image.input, x), _run(after, image.input, x), strict=True):
        np.testing.assert_allclose(was, now, rtol=1e-4, atol=1e-5)


def test_the_last_layer_of_clip_has_one_row_after_its_attention(
    published: "Callable[[str], Reference]", tmp_path: Path
) -> None:
    graph = published("clip").folder / "onnx" / "vision_model.onnx"
    _fold_constants(graph, tmp_path / "folded.onnx")
    onnx.shape_inference.infer_shapes_path(tmp_path / "folded.onnx", tmp_path / "folded.onnx")
    model = onnx.load(tmp_path / "folded.onnx")
    choose_first_token_early(model.graph)
    products = [
        node.output[0]
        for node in model.graph.node
        if node.op_type == "MatMul" and "/mlp/" in node.output[0]
    ]
    model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in products
    )
    x = np.zeros((2, 3, 64, 64), np.float32)
    shapes = [made.shape for made in _run(model, "pixel_values", x)[1:]]
    assert [shape[1] for shape in shapes] == [17, 17, 1, 1]  # two products in each of two layers


def _tower(end: list[onnx.NodeProto], outputs: dict[str, list[int | str]]) -> onnx.ModelProto:
    """x → MatMul → Add a bias → Gelu's Erf → `end`."""
    rng = np.random.default_rng(0)
    weights = {
        "matrix": rng.standard_normal((WIDTH, WIDTH)),
        "bias": rng.standard_normal(WIDTH),
        "places": rng.standard_normal((TOKENS, WIDTH)),
    }
    tensors = [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()]
    tensors.append(numpy_helper.from_array(np.array(0), "zero"))
    tensors.append(numpy_helper.from_array(np.array(1), "one"))
    nodes = [
        helper.make_node("MatMul", ["x", "matrix"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["sum"]),
        helper.make_node("Erf", ["sum"], ["bent"]),
        *end,
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", TOKENS, WIDTH])
    given = [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in outputs.items()]
    graph = helper.make_graph(nodes, "tower", [x], given, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model)


def _gather(taken: str, index: str = "zero", axis: int = 1) -> onnx.NodeProto:
    return helper.make_node("Gather", [taken, index], ["y"], axis=axis)


ONE = {"y": ["n", WIDTH]}
PLACES = helper.make_node("Add", ["bent", "places"], ["placed"])
NORM = helper.make_node("LayerNormalization", ["bent", "places"], ["normal"], axis=-1)
ACROSS = helper.make_node("Softmax", ["bent"], ["mixed"], axis=1)


@pytest.mark.parametrize(
    ("end", "outputs", "cuts"),
    [
        ([_gather("bent")], ONE, ["product"]),
        ([PLACES, _gather("placed")], ONE, []),  # a constant for each token
        ([NORM, _gather("normal")], ONE, []),  # likewise
        ([ACROSS, _gather("mixed")], ONE, []),  # tokens look at each other
        ([_gather("bent", index="one")], ONE, []),  # not the first
        ([_gather("bent", axis=2)], {"y": ["n", TOKENS]}, []),  # no token
        ([_gather("bent")], ONE | {"bent": ["n", TOKENS, WIDTH]}, []),  # the others are read
    ],
)
def test_it_is_cut_where_tokens_still_stand_by_themselves_and_nobody_else_reads(
    end: list[onnx.NodeProto], outputs: dict[str, list[int | str]], cuts: list[str]
) -> None:
    before, after = _tower(end, outputs), _tower(end, outputs)
    choose_first_token_early(after.graph)
    assert [node.input[0] for node in after.graph.node if node.op_type == "Slice"] == cuts
    x = np.random.default_rng(1).standard_normal((3, TOKENS, WIDTH)).astype(np.float32)
    for was, now in zip(_run(before, "x", x), _run(after, "x", x), strict=True):
        np.testing.assert_allclose(was, now, rtol=1e-5, atol=1e-6)


def test_what_no_wanted_output_needs_is_left_out() -> None:
    model = _tower([_gather("bent"), ACROSS], ONE | {"mixed": ["n", TOKENS, WIDTH]})
    drop_unread(model.graph, ["y"])
    assert [output.name for output in model.graph.output] == ["y"]
    assert [node.op_type for node in model.graph.node] == ["MatMul", "Add", "Erf", "Gather"]
    assert {weight.name for weight in model.graph.initializer} == {"matrix", "bias", "zero"}


def test_what_a_branch_reads_from_around_it_is_kept() -> None:
    inner = helper.make_graph(
        [helper.make_node("Identity", ["sum"], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)],
    )
    sure = helper.make_node("Constant", [], ["sure"], value=numpy_helper.from_array(np.array(True)))
    either = helper.make_node("If", ["sure"], ["y"], then_branch=inner, else_branch=inner)
    model = _tower([sure, either], {"y": ["n", TOKENS, WIDTH]})
    drop_unread(model.graph, ["y"])
    kept = [node.op_type for node in model.graph.node]
    assert kept == ["MatMul", "Add", "Constant", "If"]
