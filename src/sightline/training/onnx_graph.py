"""torch module → ONNX file → ONNX Runtime session. The only place that knows either exporter."""

import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import onnx
import onnxruntime
import torch
from torch import Tensor, nn

OPSET = 20


def write_graph(
    module: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    *,
    inputs: Sequence[str],
    output: str,
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
            output_names=[output],
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


def open_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """A CPU session on `threads` threads, one operator after another."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
