"""What a transformer's last layer works out that nobody reads.

CLIP's image towers and many others end with the vector of one token, the first (Dosovitskiy et al.
2020, arXiv:2010.11929, section 3.1). In the last layer only attention looks at the others; all that
comes after treats each token by itself. So the choice of the first can be moved up to there, and
the products after it have one row a photo instead of 65 or 197: a twelfth of the work of B/32.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import onnx
from onnx import helper, numpy_helper

_BY_THEMSELVES = {"Erf", "Gelu", "Identity", "Sigmoid", "Sqrt", "Tanh"}
_IN_PAIRS = {"Add", "Div", "Mul", "Pow", "Sub"}

Constants = dict[str, onnx.TensorProto]


def choose_first_token_early(graph: onnx.GraphProto) -> None:
    """Move the choice of the first token up, where the graph ends with one.

    Graphs that end otherwise stay as they are. Needs the ranks of what flows between the nodes, as
    ONNX's shape inference leaves them.
    """
    constants = {weight.name: weight for weight in graph.initializer}
    last = next((node for node in reversed(graph.node) if _is_choice(node, constants)), None)
    if last is None:
        return
    alone = _for_it_alone(graph, last, constants)
    made = {node.output[0] for node in alone}
    cut: dict[str, str] = {}
    for node in alone:
        for at, name in enumerate(node.input):
            if name and name not in constants and name not in made:
                node.input[at] = cut.setdefault(name, f"{name}_first")
    _cut(graph, cut)


def drop_unread(graph: onnx.GraphProto, outputs: Iterable[str]) -> None:
    """Leave only what these outputs need."""
    needed, kept = set(outputs), []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(_read_by(node))
    del graph.node[:]
    graph.node.extend(reversed(kept))
    for parts in (graph.initializer, graph.output):
        unread = [part for part in parts if part.name not in needed]
        for part in unread:
            parts.remove(part)


def _is_choice(node: onnx.NodeProto, constants: Constants) -> bool:
    """Whether it takes index 0 of the second axis."""
    if node.op_type != "Gather" or _option(node, "axis", 0) != 1 or node.input[1] not in constants:
        return False
    return not numpy_helper.to_array(constants[node.input[1]]).any()


def _for_it_alone(
    graph: onnx.GraphProto, last: onnx.NodeProto, constants: Constants
) -> list[onnx.NodeProto]:
    """The nodes that only `last` needs and that treat every token by itself, the last one first."""
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in graph.value_info}
    readers: dict[str, set[str]] = {}
    for node in graph.node:
        for name in _read_by(node):
            readers.setdefault(name, set()).add(node.output[0])
    outputs = {output.name for output in graph.output}
    found: list[onnx.NodeProto] = []
    names = {last.output[0]}
    for node in reversed(graph.node):  # who reads comes after who is read
        flowing = [name for name in (*node.input, *node.output) if name and name not in constants]
        if (
            node.output[0] in readers
            and readers[node.output[0]] <= names
            and node.output[0] not in outputs
            and all(ranks.get(name) == 3 for name in flowing)
            and _treats_tokens_alone(node, constants)
        ):
            found.append(node)
            names.add(node.output[0])
    return found


def _treats_tokens_alone(node: onnx.NodeProto, constants: Constants) -> bool:
    """Whether row i of what (n, tokens, width) becomes depends on row i alone."""
    shapes = [constants[name].dims for name in node.input if name in constants]
    if node.op_type == "MatMul":
        return node.input[1] in constants and len(shapes[0]) == 2
    if not all(len(shape) < 2 or shape[-2] == 1 for shape in shapes):
        return False  # a constant that differs by token would have to be cut, too
    if node.op_type == "LayerNormalization":
        return len(node.output) == 1 and _option(node, "axis", -1) in (-1, 2)
    return node.op_type in _IN_PAIRS | _BY_THEMSELVES


def _cut(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """After each of these, its first token: (n, tokens, width) → (n, 1, width)."""
    bounds = {"class_token_start": 0, "class_token_end": 1, "class_token_axis": 1}
    if names:
        graph.initializer.extend(
            numpy_helper.from_array(np.array([value]), bound) for bound, value in bounds.items()
        )
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        nodes.append(node)
        nodes += [
            helper.make_node("Slice", [name, *bounds], [names[name]], name=names[name])
            for name in node.output
            if name in names
        ]
    del graph.node[:]
    graph.node.extend(nodes)


def _read_by(node: onnx.NodeProto) -> Iterator[str]:
    """What it takes, and what the branches and loops inside it take from around them."""
    yield from node.input
    for option in node.attribute:
        for inner in (option.g, *option.graphs):
            for inner_node in inner.node:
                yield from _read_by(inner_node)


def _option(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((option.i for option in node.attribute if option.name == name), default)
