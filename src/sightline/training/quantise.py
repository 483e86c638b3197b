"""Float graphs → graphs with weights of 8 bits.

ONNX Runtime's quantiser does the matrices and convolutions; the table of words is ours, because a
table that is read row by row must be looked up first and widened after, never the other way round.

Weights that are multiplied in pairs get 7 of the 8 bits. On x86 without VNNI two products of 8-bit
weights and activations are added in 16 bits, which full weights overflow: the same file would
search well on a new CPU and badly on an old one.
https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from torch import Tensor, nn

from sightline.training.dual_encoder import TextEncoder

CALIBRATION_BATCH = 8

FIRST_IN_FLOAT = 3
"""Convolutions that stay in float, since all that follows rests on them. The fourth of our towers
makes their largest map (96 numbers at 112 × 112 places): in 8 bits it is written once, in a quarter
of the memory; in float it is written, rearranged and rounded. docs/bundled-model.md has the times
and what each number of them costs."""


class Int8Embedding(nn.Module):
    """A lookup table of bytes with one scale a row; a quarter of the size of a float one."""

    def __init__(self, table: Tensor):
        super().__init__()
        scales = table.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127  # (rows, 1)
        self.register_buffer("scales", scales)
        self.register_buffer("rows", (table / scales).round().to(torch.int8))

    def forward(self, ids: Tensor) -> Tensor:
        """int64 (…) → float32 (…, width)."""
        return self.rows[ids].float() * self.scales[ids]  # type: ignore[index]


def with_int8_words(encoder: TextEncoder, context: int) -> TextEncoder:
    """A copy of the encoder with its word table in int8 and positions up to `context` only."""
    small = deepcopy(encoder)
    small.tower.words = Int8Embedding(encoder.tower.words.weight.detach())  # type: ignore[assignment]
    small.tower.positions = nn.Parameter(encoder.tower.positions.detach()[:context].clone())
    return small


def quantise_text_graph(source: Path, target: Path) -> None:
    """Matrices to int8, activations as they come (dynamic): right for transformers."""
    with TemporaryDirectory() as folder:
        cleaned = Path(folder) / "cleaned.onnx"
        clean_graph(source, cleaned)
        quantize_dynamic(
            cleaned,
            target,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )


def quantise_image_graph(
    source: Path,
    target: Path,
    pixels: NDArray[np.uint8],
    first_in_float: int = FIRST_IN_FLOAT,
) -> None:
    """Convolutions to int8 with ranges measured on photos (static): right for ReLU6 networks.

    Depthwise convolutions keep all 8 bits, since they add no pair of products in 16 bits; with 7,
    they alone would lose more than everything else together.

    Args:
        pixels: photos to calibrate on, uint8 (n, size, size, 3).
        first_in_float: how many convolutions stay as they are.
    """
    with TemporaryDirectory() as folder:
        cleaned = Path(folder) / "cleaned.onnx"
        clean_graph(source, cleaned)
        found = [node for node in onnx.load(cleaned).graph.node if node.op_type == "Conv"]
        in_float, convolutions = found[:first_in_float], found[first_in_float:]
        all_bits = [{"axis": 0, "quant_type": QuantType.QInt8, "reduce_range": False}]
        quantize_static(
            cleaned,
            target,
            _Photos(pixels),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Add", "Clip"],
            nodes_to_exclude=[node.name for node in in_float],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={
                "TensorQuantOverrides": {
                    node.input[1]: all_bits for node in convolutions if _is_depthwise(node)
                }
            },
        )


def _is_depthwise(convolution: onnx.NodeProto) -> bool:
    return any(option.name == "group" and option.i > 1 for option in convolution.attribute)


def clean_graph(source: Path, target: Path) -> None:
    """Fold batch norms and padding into their convolutions, and constants into each other.

    Shapes that are worked out at run time become constants too: ONNX Runtime then loads the text
    graph in half the time, and loading is most of what a single search costs.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    model = onnx.load(target)
    del model.graph.value_info[:]  # shapes of before the folding, which the quantiser would believe
    _fix_reshapes(model.graph)
    onnx.save(model, target)


def _fix_reshapes(graph: onnx.GraphProto) -> None:
    """Of a new shape (n, length, a, b) say "as it was" in place of working out n and length.

    Right wherever the computed lengths stand in front, where the input has them: every reshape of
    our towers. A tower that moved them about would fail the checks on the exported graph.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    computed = []
    for number, node in enumerate(graph.node):
        shape = makers.get(node.input[1]) if node.op_type == "Reshape" else None
        if shape is None or shape.op_type != "Concat":
            continue
        computed.append(shape)
        lengths = [int(constants[name].item()) if name in constants else 0 for name in shape.input]
        node.input[1] = f"shape_{number}"
        del node.attribute[:]  # allowzero: here 0 stands for the length that the input has
        graph.initializer.append(numpy_helper.from_array(np.array(lengths), node.input[1]))
    used = {name for node in graph.node for name in node.input}
    for node in {id(node): node for node in computed}.values():
        if used.isdisjoint(node.output):
            graph.node.remove(node)


class _Photos(CalibrationDataReader):  # type: ignore[misc]
    """Photos in batches, as ONNX Runtime's calibration asks for them."""

    def __init__(self, pixels: NDArray[np.uint8]):
        self._batches: Iterator[NDArray[np.uint8]] = iter(
            [
                pixels[start : start + CALIBRATION_BATCH]
                for start in range(0, len(pixels), CALIBRATION_BATCH)
            ]
        )

    def get_next(self) -> dict[str, Any] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"pixels": batch}
