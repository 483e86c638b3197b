"""What both layouts need to tell a tower's inputs and outputs apart."""

from typing import Any

from sightline.encoders.graph_io import GraphPorts, Port
from sightline.errors import ModelError

IMAGE_OUTPUTS = ("image_embeds", "image_embedding", "image_features")
TEXT_OUTPUTS = ("text_embeds", "text_embedding", "text_features")
_IDS = ("input_ids", "text")
_MASK = "attention_mask"


def outside_weights(ports: GraphPorts, graph: str) -> tuple[str, ...]:
    """The files that hold a graph's weights, as names in the model folder."""
    folder, _, _ = graph.rpartition("/")
    return tuple(f"{folder}/{name}" if folder else name for name in ports.weights)


def pixel_port(ports: GraphPorts, graph: str) -> dict[str, Any]:
    """Name, type, side and batch of the input that takes photos, as `ImageSpec` fields."""
    port = next((port for port in ports.inputs if len(port.shape) == 4), None)
    if port is None:
        raise ModelError(f"{graph} takes no photos: it has no input with four dimensions.")
    batch, *sides = port.shape
    if port.dtype == "uint8" and sides[2] == 3:
        return {"input": port.name, "tensor": "uint8_nhwc", "batch": batch, "size": sides[0]}
    if port.dtype == "float32" and sides[0] in (3, None):
        return {"input": port.name, "tensor": "float32_nchw", "batch": batch, "size": sides[1]}
    raise ModelError(f"{graph} takes {port.dtype} pixels of shape {port.shape}: not understood.")


def token_ports(ports: GraphPorts, graph: str) -> dict[str, Any]:
    """Names, width, length and batch of the inputs that take tokens, as `TextSpec` fields."""
    named = {port.name: port for port in ports.inputs}
    whole = {name: port for name, port in named.items() if len(port.shape) == 2}
    ids = next((whole[name] for name in _IDS if name in whole), None)
    others = set(whole) - {_MASK, ids.name if ids else ""}
    if ids is None and len(others) == 1:
        ids = whole[others.pop()]
    if ids is None or others or ids.dtype not in ("int32", "int64"):
        raise ModelError(f"{graph} takes {sorted(named)}: which are the tokens is not understood.")
    return {
        "ids_input": ids.name,
        "mask_input": _MASK if _MASK in whole else None,
        "ids": ids.dtype,
        "batch": ids.shape[0],
        "length": ids.shape[1],
    }


def embedding_port(ports: GraphPorts, wanted: tuple[str, ...], graph: str) -> Port:
    """The output that holds one vector a row: one of the wanted names, or the only one there is.

    A pooled state is not taken for an embedding unless it is asked for by name: CLIP's still lacks
    its projection, and would give vectors of the right length in the wrong space.
    """
    rows = {port.name: port for port in ports.outputs if len(port.shape) == 2}
    for name in wanted:
        if name in rows:
            return rows[name]
    nameless = [port for name, port in rows.items() if name != "pooler_output"]
    if len(nameless) == 1 and len(ports.outputs) == 1:
        return nameless[0]
    raise ModelError(
        f"{graph} gives {sorted(port.name for port in ports.outputs)}; none of them is known as an "
        f"embedding ({', '.join(wanted)}). Export the model with its projection."
    )
