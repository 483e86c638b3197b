"""torch module → ONNX file → ONNX Runtime session. The only place that knows either exporter."""

import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor, nn

OPSET = 20

LARGE = 1024
"""Numbers in a weight that is worth keeping small."""


def write_graph(
    module: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    dynamic: Sequence[Sequence[str]],
) -> None:
    """Write `module` in evaluation mode as one ONNX file, weights inside.

    Args:
        example: arguments to trace with; a dynamic axis must be longer than 1 there.
        dynamic: for each input, the names of its leading axes that may have any length.
    """
    shapes = tuple(
        {axis: torch.export.Dim(name) for axis, name in enumerate(names)} for names in dynamic
    )
    with warnings.catch_warnings(), redirect_stdout(StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        torch.onnx.export(
            module.eval(),
            example,
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=shapes,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def put_weights_outside(path: Path) -> None:
    """Move a graph's weights to `<name>.data` beside it, the place that ONNX has for them.

    ONNX Runtime maps such a file where it would copy weights that stand inside a graph. For the
    text tower, whose table of words is hardly touched by one query, that halves both the time to
    load it and the memory it takes.
    """
    outside = path.with_name(f"{path.name}.data")
    onnx.save_model(
        onnx.load(path),
        path,
        save_as_external_data=True,
        location=outside.name,
        size_threshold=4096,
    )
    outside.chmod(0o644)


def halve_float_weights(path: Path) -> None:
    """Keep a graph's large float32 weights as float16, widened again when it is loaded.

    Half the file for a relative error of 2⁻¹¹ a weight: a cosine of 1 to six digits. The runtime
    folds the widening away, so nothing is slower but the loading, by a few milliseconds.
    """
    model = onnx.load(path)
    graph = model.graph
    widen = []
    for weight in [w for w in graph.initializer if w.data_type == onnx.TensorProto.FLOAT]:
        values = numpy_helper.to_array(weight)
        if values.size < LARGE or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        half = f"{weight.name}_half"
        widen.append(onnx.helper.make_node("Cast", [half], [weight.name], to=weight.data_type))
        graph.initializer.remove(weight)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), half))
    nodes = [*widen, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)


def open_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """A CPU session on `threads` threads, one operator after another."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
