"""A ViT-B/32 at 256 pixels with random weights: the size of encoder that the peers run.

The image tower of CLIP (Radford et al. 2021, arXiv:2103.00020, table 20): 32 × 32 patches, 12
layers of width 768 with 12 heads, a projection to 512. What the weights are changes no speed.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from common import make_tiny_model
from sightline.training.int8_transformer import write_int8

SIDE, PATCH, WIDTH, LAYERS, HEADS, OUTPUT = 256, 32, 768, 12, 12, 512
_TOKENS = (SIDE // PATCH) ** 2 + 1
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_DEVIATION = (0.26862954, 0.26130258, 0.27577711)


class _Graph:
    """Collects nodes and random weights; every call adds a node and names its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._rng = np.random.default_rng(0)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, value: npt.ArrayLike, dtype: type = np.float32) -> str:
        name = f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def random(self, *shape: int) -> str:
        return self.constant(self._rng.standard_normal(shape) * 0.02)

    def linear(self, x: str, inputs: int, outputs: int) -> str:
        return self.add(
            "Add", self.add("MatMul", x, self.random(inputs, outputs)), self.random(outputs)
        )

    def norm(self, x: str) -> str:
        scale, shift = self.constant(np.ones(WIDTH)), self.constant(np.zeros(WIDTH))
        return self.add("LayerNormalization", x, scale, shift, axis=-1)

    def reshape(self, x: str, *shape: int) -> str:
        return self.add("Reshape", x, self.constant(shape, np.int64))

    def attention(self, x: str) -> str:
        heads = [
            self.add(
                "Transpose",
                self.reshape(self.linear(x, WIDTH, WIDTH), 0, _TOKENS, HEADS, WIDTH // HEADS),
                perm=perm,
            )
            for perm in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        ]
        scores = self.add("MatMul", heads[0], heads[1])
        scaled = self.add("Mul", scores, self.constant((WIDTH / HEADS) ** -0.5))
        mixed = self.add("MatMul", self.add("Softmax", scaled, axis=-1), heads[2])
        joined = self.reshape(self.add("Transpose", mixed, perm=[0, 2, 1, 3]), 0, _TOKENS, WIDTH)
        return self.linear(joined, WIDTH, WIDTH)

    def block(self, x: str) -> str:
        x = self.add("Add", x, self.attention(self.norm(x)))
        wide = self.add("Gelu", self.linear(self.norm(x), WIDTH, 4 * WIDTH))
        return self.add("Add", x, self.linear(wide, 4 * WIDTH, WIDTH))


def _image_graph() -> onnx.ModelProto:
    graph = _Graph()
    planes = graph.add(
        "Transpose", graph.add("Cast", "pixels", to=TensorProto.FLOAT), perm=[0, 3, 1, 2]
    )
    mean = graph.constant(np.reshape(_MEAN, (1, 3, 1, 1)) * np.float32(255))
    deviation = graph.constant(np.reshape(_DEVIATION, (1, 3, 1, 1)) * np.float32(255))
    x = graph.add("Div", graph.add("Sub", planes, mean), deviation)
    x = graph.add("Conv", x, graph.random(WIDTH, 3, PATCH, PATCH), strides=[PATCH, PATCH])
    x = graph.add("Transpose", graph.reshape(x, 0, WIDTH, _TOKENS - 1), perm=[0, 2, 1])
    padding = graph.constant([0, 1, 0, 0, 0, 0], np.int64)
    x = graph.add("Add", graph.add("Pad", x, padding), graph.random(_TOKENS, WIDTH))  # class token
    x = graph.norm(x)
    for _ in range(LAYERS):
        x = graph.block(x)
    first = graph.add("Gather", x, graph.constant(0, np.int64), axis=1)
    x = graph.add("MatMul", graph.norm(first), graph.random(WIDTH, OUTPUT))
    graph.nodes.append(helper.make_node("LpNormalization", [x], ["embedding"], axis=1, p=2))
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SIDE, SIDE, 3])
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", OUTPUT])
    built = helper.make_graph(graph.nodes, "vit_b32_256", [pixels], [output], graph.weights)
    return helper.make_model(built, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def make_vit(folder: Path) -> Path:
    """Write a model folder with this image tower. Its words are a test encoder's, never used."""
    make_tiny_model(folder)
    onnx.save(_image_graph(), folder / "image.onnx")
    _describe(folder)
    return folder


def make_int8(source: Path, folder: Path) -> Path:
    """The same model as `sightline models quantise` leaves its image tower."""
    make_tiny_model(folder)
    write_int8(source / "image.onnx", folder / "image.onnx", SIDE, "embedding")
    _describe(folder)
    return folder


def _describe(folder: Path) -> None:
    path = folder / "model.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    spec["dimensions"] = OUTPUT
    spec["image"] = {"size": SIDE, "fit": "crop", "resample": "bicubic"}
    for file in folder.glob("image.onnx*"):
        spec["files"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    path.write_text(json.dumps(spec), encoding="utf-8")
