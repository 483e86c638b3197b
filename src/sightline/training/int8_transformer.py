"""An image transformer's graph in float → the same with its matrix products in 8 bits.

Weights are rounded once, a scale for each output; what flows between the layers is rounded as it
comes, with one range a batch ("dynamic"). So no photos are needed to measure ranges on, but a
photo's vector depends a little on the seven that it is embedded with.
https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html

Nothing here needs torch.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from sightline.errors import ModelError
from sightline.training.class_token import choose_first_token_early, drop_unread

_INTEGER = frozenset(
    {
        "ConvInteger", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "MatMulNBits",
        "QLinearConv", "QLinearMatMul", "QuantizeLinear",
    }
)  # fmt: skip

_HALVES = (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)
_LEAST_PATCH = 4  # pixels; what is smaller mixes colours, or shrinks the photo, before it is cut
_SLICE_BY_INPUTS = 10  # the version of ONNX's operators since which it is told so where to cut


def write_int8(source: Path, target: Path, size: int, output: str) -> None:
    """Write an image graph with weights of 8 bits, most of them in `<target>.data` beside it.

    Weights get 7 of the 8 bits, for the reason that `quantise.py` gives: on x86 without VNNI, full
    ones would overflow.

    Args:
        size: side of the photos that the graph takes, in pixels.
        output: the one of the graph's outputs that is used; others are left out.

    Raises:
        ModelError: the graph has no matrix products with fixed weights, or is in 8 bits already.
    """
    # Beside the target: several times the size of the graph, more than some have for /tmp.
    with TemporaryDirectory(dir=target.parent) as folder, _silent():
        _require_float32(source)
        folded, ready = Path(folder) / "folded.onnx", Path(folder) / "ready.onnx"
        _fold_constants(source, folded)
        onnx.shape_inference.infer_shapes_path(folded, folded)
        model = onnx.load(folded)
        drop_unread(model.graph, [output])
        _require_products(model.graph, source)
        if _opset(model) >= _SLICE_BY_INPUTS:
            choose_first_token_early(model.graph)
        _cut_patches_by_product(model.graph, size)
        _save(model, ready)
        quantize_dynamic(
            ready,
            target,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            use_external_data_format=True,
            # What shape inference can't tell: of a float graph, all that is multiplied is float.
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
        outside = target.with_name(f"{target.name}.data")
        if outside.exists():  # not of a graph without a weight that is worth it
            shutil.copymode(target, outside)  # made for its owner only


def _fold_constants(source: Path, target: Path) -> None:
    """Work out what depends on no photo, so that all weights are seen as such."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors come as exceptions, which say the same
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    # Outside the graph, which may not have more than 2 GiB.
    outside = "session.optimized_model_external_initializers_file_name"
    options.add_session_config_entry(outside, f"{target.name}.data")
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def _require_float32(source: Path) -> None:
    """Asked before it is loaded: weights of 16 bits are widened then and nowhere seen any more."""
    graph = onnx.load(source, load_external_data=False).graph
    if any(node.op_type in _INTEGER for node in graph.node):
        raise ModelError(f"{source} is in 8 bits already.")
    if any(weight.data_type in _HALVES for weight in graph.initializer):
        raise ModelError(f"{source} has weights of 16 bits. Take the model's float32 files.")


def _require_products(graph: onnx.GraphProto, source: Path) -> None:
    fixed = {weight.name for weight in graph.initializer}
    products = [node for node in graph.node if node.op_type in ("MatMul", "Gemm")]
    if not any(node.input[1] in fixed for node in products):
        raise ModelError(f"{source} has no matrix products with fixed weights to put into 8 bits.")


def _opset(model: onnx.ModelProto) -> int:
    return next((opset.version for opset in model.opset_import if opset.domain == ""), 1)


def _cut_patches_by_product(graph: onnx.GraphProto, size: int) -> None:
    """Write a transformer's first layer, a convolution, as the matrix product that it is.

    Filters that lie edge to edge see each pixel once: cut the photo into patches, and each filter
    is a column of a matrix (Dosovitskiy et al. 2020, arXiv:2010.11929, section 3.1). As a product
    it can be put into 8 bits like all others. Graphs that begin otherwise stay as they are.
    """
    weights = {weight.name: weight for weight in graph.initializer}
    sides = {
        value.name: [side.dim_value or size for side in value.type.tensor_type.shape.dim[2:]]
        for value in (*graph.input, *graph.value_info)
    }  # a side that is left open is the photo's
    for at, node in enumerate(graph.node):
        if node.op_type != "Conv" or node.input[1] not in weights:
            continue
        filters = numpy_helper.to_array(weights[node.input[1]])
        patch = filters.shape[-1]
        if (
            patch >= _LEAST_PATCH
            and filters.shape[1:] == (3, patch, patch)
            and sides.get(node.input[0]) == [size, size]
            and size % patch == 0
            and _tiles(node, patch)
        ):
            nodes, constants = _patch_product(node, filters, size // patch)
            graph.initializer.extend(constants)
            graph.node.remove(node)
            for offset, added in enumerate(nodes):
                graph.node.insert(at + offset, added)
            return


def _tiles(convolution: onnx.NodeProto, patch: int) -> bool:
    """Whether its filters of this side lie edge to edge, over every pixel."""
    options = {option.name: helper.get_attribute_value(option) for option in convolution.attribute}
    return (
        list(options.get("strides", [1, 1])) == [patch, patch]
        and not any(options.get("pads", [0]))
        and options.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
        and options.get("group", 1) == 1
        and set(options.get("dilations", [1])) == {1}
    )


def _patch_product(
    convolution: onnx.NodeProto, filters: np.ndarray, rows: int
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """(n, 3, size, size) → (n, filters, rows, rows), as the convolution gave."""
    pixels, _, *bias = convolution.input
    count, _, patch, _ = filters.shape
    name = f"{convolution.output[0]}_patches"
    constants = {
        "cut": np.array([0, 3, rows, patch, rows, patch]),  # 0: as many photos as there are
        "flat": np.array([0, rows * rows, 3 * patch * patch]),
        "matrix": filters.reshape(count, -1).T.copy(),
        "grid": np.array([0, count, rows, rows]),
    }
    steps: list[tuple[str, list[str], list[int] | None]] = [
        ("Reshape", [f"{name}_cut"], None),
        ("Transpose", [], [0, 2, 4, 1, 3, 5]),
        ("Reshape", [f"{name}_flat"], None),
        ("MatMul", [f"{name}_matrix"], None),
        *([("Add", list(bias), None)] if bias else []),
        ("Transpose", [], [0, 2, 1]),
        ("Reshape", [f"{name}_grid"], None),
    ]
    names = [pixels, *(f"{name}_{step}" for step in range(len(steps) - 1)), convolution.output[0]]
    nodes = [
        helper.make_node(kind, [taken, *others], [given], name=given, perm=perm)
        for (kind, others, perm), (taken, given) in zip(steps, pairwise(names), strict=True)
    ]  # an option that is None is left out
    tensors = [numpy_helper.from_array(value, f"{name}_{key}") for key, value in constants.items()]
    return nodes, tensors


def _save(model: onnx.ModelProto, path: Path) -> None:
    del model.graph.value_info[:]  # shapes of before, which the quantiser would believe
    onnx.save_model(model, path, save_as_external_data=True, location=f"{path.name}.data")


@contextmanager
def _silent() -> Iterator[None]:
    """Without the quantiser's advice to prepare the graph, which has been done by then."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
