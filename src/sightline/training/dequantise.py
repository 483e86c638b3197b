"""Graphs with weights of 8 bits → float graphs that give nearly the same."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sightline.errors import ModelError


def in_float32(path: Path) -> onnx.ModelProto:
    """A statically quantised graph (QDQ) as the float32 graph that the same weights make.

    Quantised constants become the numbers they stand for, and the quantising of what flows between
    the layers falls away, but for the activations that it had taken in: where only numbers from 0
    to some limit can be written, that is a ReLU6. A graph without any of it stays as it is.

    Raises:
        ModelError: no ONNX file, or one that an export of ours wouldn't have written.
    """
    try:
        return _in_float32(onnx.load(path))
    except (OSError, DecodeError, LookupError, ValueError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().splitlines() or ["it gives no reason."]
        raise ModelError(
            f"{path} is no image graph that `sightline export` wrote: {reason[0]}"
        ) from error


def _in_float32(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = model.graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    alias: dict[str, str] = {}
    kept: list[onnx.NodeProto] = []
    folded: dict[str, NDArray[Any]] = {}
    clipped: set[str] = set()
    for node in graph.node:
        node.input[:] = [alias.get(name, name) for name in node.input]
        if _widens_a_constant(node, values):
            name = node.output[0]
            folded[name] = values[name] = values[node.input[0]].astype(np.float32)
        elif node.op_type == "DequantizeLinear" and node.input[0] in values:
            axis = next((item.i for item in node.attribute if item.name == "axis"), 1)
            folded[node.output[0]] = _dequantised([values[name] for name in node.input], axis)
        elif _bounds_from_zero(node, values) and node.input[0] not in clipped:
            limit = np.asarray(255 * values[node.input[1]], dtype=np.float32)
            lowest, highest = f"{node.output[0]}_lowest", f"{node.output[0]}_highest"
            folded |= {lowest: np.zeros_like(limit), highest: limit}
            bounds = [node.input[0], lowest, highest]
            kept.append(helper.make_node("Clip", bounds, [node.output[0]]))
        elif node.op_type in {"QuantizeLinear", "DequantizeLinear"}:
            alias[node.output[0]] = node.input[0]
        else:
            kept.append(node)
        if node.op_type == "Clip":
            clipped.add(node.output[0])
    constants = [
        *graph.initializer,
        *(numpy_helper.from_array(value, name) for name, value in folded.items()),
    ]
    return rebuilt(model, kept, constants, graph.input[0])


def _widens_a_constant(node: onnx.NodeProto, values: dict[str, NDArray[Any]]) -> bool:
    """Whether it is one of the weights that are kept in float16."""
    if node.op_type != "Cast" or node.input[0] not in values:
        return False
    to = next(item.i for item in node.attribute if item.name == "to")
    return to == TensorProto.FLOAT and values[node.input[0]].dtype == np.float16


def _bounds_from_zero(node: onnx.NodeProto, values: dict[str, NDArray[Any]]) -> bool:
    """Whether it can write no number below zero: a signed zero point would be another matter."""
    if node.op_type != "QuantizeLinear":
        return False
    zero = values[node.input[2]]
    return zero.dtype == np.uint8 and not zero.any()


def _dequantised(constants: list[NDArray[Any]], axis: int) -> NDArray[np.float32]:
    """(levels - zero) × scale, per tensor or along `axis` (ONNX operator DequantizeLinear)."""
    levels, scale, zero = constants
    shape = [1] * levels.ndim
    if scale.ndim:
        shape[axis] = -1
    offset = levels.astype(np.float32) - zero.reshape(shape).astype(np.float32)
    return np.asarray(offset * scale.reshape(shape), dtype=np.float32)


def rebuilt(
    model: onnx.ModelProto,
    nodes: list[onnx.NodeProto],
    constants: list[onnx.TensorProto],
    given: onnx.ValueInfoProto,
) -> onnx.ModelProto:
    """A model of these nodes with the same outputs; constants that none of them reads fall away."""
    used = {name for node in nodes for name in node.input}
    needed = [tensor for tensor in constants if tensor.name in used]
    graph = helper.make_graph(nodes, "float32", [given], list(model.graph.output), needed)
    rebuilt = helper.make_model(
        graph, opset_imports=list(model.opset_import), ir_version=model.ir_version
    )
    onnx.checker.check_model(rebuilt)
    return rebuilt
