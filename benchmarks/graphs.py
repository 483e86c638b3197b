"""Our image graphs in the form that rclip's structure wants: float32 weights, float32 planes in."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from sightline.training.dequantise import rebuilt

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
    return rebuilt(model, kept, list(graph.initializer), given)


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
