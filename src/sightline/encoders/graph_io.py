"""What an ONNX file takes and gives, read from its header without loading its weights.

A folder of another maker says how its towers are called only inside the graphs. Loading one to ask
costs seconds and gigabytes; an ONNX file is a protocol-buffers message, and in such a message
everything that is not wanted, the weights above all, is skipped by its length. Field numbers are
those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (`ModelProto` and below).
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sightline.errors import ModelError

_DTYPES = {1: "float32", 2: "uint8", 6: "int32", 7: "int64", 10: "float16"}
_MODEL_GRAPH = 7
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_TENSOR_NAME, _TENSOR_EXTERNAL = 8, 13
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR = 1
_TENSOR_TYPE_ELEMENT, _TENSOR_TYPE_SHAPE = 1, 2
_SHAPE_DIMENSION = 1
_DIMENSION_VALUE = 1


@dataclass(frozen=True)
class Port:
    """One input or output: its name, element type, and shape, None where a size may vary."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class GraphPorts:
    """All that a graph takes and gives, and the files beside it that hold its weights."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    weights: tuple[str, ...] = ()


def read_ports(path: Path) -> GraphPorts:
    """Read the inputs and outputs of an ONNX file.

    Raises:
        ModelError: the file can't be read or is no ONNX file.
    """
    try:
        with path.open("rb") as file:
            return _ports(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
    except OSError as error:
        raise ModelError(f"Can't read the model file {path}: {error.strerror}.") from None
    except (ValueError, IndexError, UnicodeDecodeError):
        raise ModelError(f"{path} is no ONNX graph.") from None


def _ports(model: memoryview) -> GraphPorts:
    inputs, outputs, weights, files = [], [], set(), set()
    for number, graph in _fields(model):
        if number != _MODEL_GRAPH or not isinstance(graph, memoryview):
            continue
        for part, value in _fields(graph):
            if not isinstance(value, memoryview):
                continue
            if part == _GRAPH_INPUT:
                inputs.append(_port(value))
            elif part == _GRAPH_OUTPUT:
                outputs.append(_port(value))
            elif part == _GRAPH_INITIALIZER:
                weights.add(_text(value, _TENSOR_NAME))
                files |= set(_locations(value))
    if not inputs or not outputs:
        raise ValueError("no inputs or outputs")
    # Before version 4 of the format, weights were named among the inputs.
    takes = tuple(port for port in inputs if port.name not in weights)
    return GraphPorts(takes, tuple(outputs), tuple(sorted(files)))


def _locations(tensor: memoryview) -> Iterator[str]:
    """Where the values of a tensor are, if not in the graph."""
    for entry in _parts(tensor, _TENSOR_EXTERNAL):
        if _text(entry, _ENTRY_KEY) == "location":
            yield _text(entry, _ENTRY_VALUE)


def _port(value: memoryview) -> Port:
    dtype, shape = "", []
    for tensor in _parts(value, _VALUE_TYPE, _TYPE_TENSOR):
        for number, part in _fields(tensor):
            if number == _TENSOR_TYPE_ELEMENT and isinstance(part, int):
                dtype = _DTYPES.get(part, f"type {part}")
            if number == _TENSOR_TYPE_SHAPE and isinstance(part, memoryview):
                shape = [
                    next((v for n, v in _fields(size) if n == _DIMENSION_VALUE), None)
                    for size in _parts(part, _SHAPE_DIMENSION)
                ]
    return Port(
        _text(value, _VALUE_NAME),
        dtype,
        tuple(size if isinstance(size, int) and size > 0 else None for size in shape),
    )


def _parts(message: memoryview, *path: int) -> Iterator[memoryview]:
    """The submessages at a path of field numbers."""
    for number, value in _fields(message):
        if number == path[0] and isinstance(value, memoryview):
            if len(path) == 1:
                yield value
            else:
                yield from _parts(value, *path[1:])


def _text(message: memoryview, wanted: int) -> str:
    found = next((v for n, v in _fields(message) if n == wanted), b"")
    return bytes(found).decode() if isinstance(found, memoryview) else ""


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers and values of a message; a value that has a length comes as its bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"no such kind of field: {kind}")
        if at + length > len(message):
            raise ValueError("a field ends behind the end")
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A base-128 number, low digits first."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number without an end")
