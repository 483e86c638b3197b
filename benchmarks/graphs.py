"""Our image graphs in the form that rclip's structure wants: float32 weights, float32 planes in."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

Levels = npt.NDArray[np.float32]


def after_normalisation(model: onnx.ModelProto, size: int) -> onnx.ModelProto:
    """The graph without its first steps: it begins where the first convolution takes its input."""
    graph = model.graph
    planes = _first_planes(graph)
    before = _makers(graph, planes)
    kept = [node for at, node in enumerate(graph.node) if at not in before]
    # Made from the pixels' shape, which that of the planes says as well.
    for node in kept:
        node.input[:] = [planes if name == graph.input[0].name else name for name in node.input]
    given = helper.make_tensor_value_info(planes, TensorProto.FLOAT, ["n", 3, size, size])
    return _rebuilt(model, kept, list(graph.initializer), given)


def normalisation(model: onnx.ModelProto, size: int) -> tuple[Levels, Levels]:
    """Mean and deviation, of levels from 0 to 1, that the graph's first steps normalise by.

    Found by putting black and white through those steps: float32 (3,) each.
    """
    graph = model.graph
    planes = _first_planes(graph)
    steps = [graph.node[at] for at in sorted(_makers(graph, planes))]
    result = helper.make_tensor_value_info(planes, TensorProto.FLOAT, ["n", 3, size, size])
    front = helper.make_graph(steps, "front", list(graph.input), [result], list(graph.initializer))
    evaluator = ReferenceEvaluator(
        helper.make_model(front, opset_imports=model.opset_import, ir_version=model.ir_version)
    )
    levels = np.zeros((2, size, size, 3), dtype=np.uint8)
    levels[1] = 255
    planes_of: Any = evaluator.run(None, {graph.input[0].name: levels})
    black, white = planes_of[0][:, :, 0, 0]
    return black / (black - white), 1 / (white - black)


def in_float32(path: Path) -> onnx.ModelProto:
    """A statically quantised graph (QDQ) as the float32 graph that the same weights make.

    Quantised constants become the numbers they stand for, and the quantising of what flows between
    the layers falls away, but for the activations that it had taken in: where only numbers from 0
    to some limit can be written, that is a ReLU6. A graph without any of it stays as it is.
    """
    model = onnx.load(path)
    graph = model.graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    alias: dict[str, str] = {}
    kept: list[onnx.NodeProto] = []
    folded: dict[str, np.ndarray] = {}
    for node in graph.node:
        node.input[:] = [alias.get(name, name) for name in node.input]
        if node.op_type == "Cast" and node.input[0] in values:  # kept in float16
            name = node.output[0]
            folded[name] = values[name] = values[node.input[0]].astype(np.float32)
        elif node.op_type == "DequantizeLinear" and node.input[0] in values:
            axis = next((item.i for item in node.attribute if item.name == "axis"), 1)
            folded[node.output[0]] = _dequantised([values[name] for name in node.input], axis)
        elif node.op_type == "QuantizeLinear" and not values[node.input[2]].any():
            limit = np.asarray(255 * values[node.input[1]], dtype=np.float32)
            folded |= {"zero": np.zeros_like(limit), f"{node.output[0]}_limit": limit}
            bounds = [node.input[0], "zero", f"{node.output[0]}_limit"]
            kept.append(helper.make_node("Clip", bounds, [node.output[0]]))
        elif node.op_type in {"QuantizeLinear", "DequantizeLinear"}:
            alias[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    constants = [
        *graph.initializer,
        *(numpy_helper.from_array(value, name) for name, value in folded.items()),
    ]
    return _rebuilt(model, kept, constants, graph.input[0])


def _dequantised(constants: list[np.ndarray], axis: int) -> Levels:
    """(levels - zero) × scale, per tensor or along `axis` (ONNX operator DequantizeLinear)."""
    levels, scale, zero = constants
    shape = [1] * levels.ndim
    if scale.ndim:
        shape[axis] = -1
    offset = levels.astype(np.float32) - zero.reshape(shape).astype(np.float32)
    return (offset * scale.reshape(shape)).astype(np.float32)


def _first_planes(graph: onnx.GraphProto) -> str:
    return str(next(node for node in graph.node if node.op_type == "Conv").input[0])


def _makers(graph: onnx.GraphProto, tensor: str) -> set[int]:
    """Positions of the nodes that `tensor` is made by, all the way up."""
    found: set[int] = set()
    wanted = {tensor}
    for at in reversed(range(len(graph.node))):
        if wanted & set(graph.node[at].output):
            found.add(at)
            wanted |= set(graph.node[at].input)
    return found


def _rebuilt(
    model: onnx.ModelProto,
    nodes: list[onnx.NodeProto],
    constants: list[onnx.TensorProto],
    given: onnx.ValueInfoProto,
) -> onnx.ModelProto:
    used = {name for node in nodes for name in node.input}
    needed = [tensor for tensor in constants if tensor.name in used]
    graph = helper.make_graph(nodes, "float32", [given], list(model.graph.output), needed)
    rebuilt = helper.make_model(
        graph, opset_imports=list(model.opset_import), ir_version=model.ir_version
    )
    onnx.checker.check_model(rebuilt)
    return rebuilt
